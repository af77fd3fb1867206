use super::*;

const SECOND: Duration = Duration::from_secs(1);
const WAITS: (Duration, Duration) = (SECOND, Duration::from_secs(5));

fn share(number: u32) -> Share {
    Share { topic: 1, number }
}

#[tokio::test(start_paused = true)]
async fn waits_double_up_to_the_most() {
    let clock = world::World::simulated(1).clock;
    let mut failing = Failing::default();
    for waits in [1, 2, 4, 5, 5] {
        let now = clock.now();
        assert_eq!(failing.note(("rows", share(0)), now, WAITS), SECOND * waits);
        assert_eq!(failing.waiting("rows", now), [share(0)].into());
        assert_eq!(failing.waiting("merge", now), BTreeSet::new(), "of another duty");
        assert_eq!(failing.waiting("rows", now + SECOND * waits), BTreeSet::new());
        assert!(failing.has_failed("rows", share(0)) && !failing.has_failed("rows", share(1)));
    }
    failing.forget("rows", share(0));
    assert_eq!(failing.count(), 0);
    let now = clock.now();
    assert_eq!(failing.note(("rows", share(0)), now, WAITS), SECOND);
    failing.forget_idle(now + SECOND * 3, SECOND * 3);
    assert_eq!(failing.count(), 1);
    failing.forget_idle(now + SECOND * 4, SECOND * 3);
    assert_eq!(failing.count(), 0);
}
