use super::*;

#[tokio::test(start_paused = true)]
async fn looking_slows_down_and_hearing_spares_it() {
    let clock = Clock::simulated();
    let growth = Growth::new("log", &clock);
    let after = async |silence_ms: u64| {
        growth.told("log");
        clock.sleep(Duration::from_millis(silence_ms)).await;
        growth.poll_interval().as_millis()
    };
    for (silence_ms, expect_ms) in [(0, 5), (80, 5), (800, 50), (2400, 150), (60_000, 150)] {
        let interval = after(silence_ms).await;
        assert_eq!(interval, expect_ms, "after {silence_ms} ms");
    }
    growth.told("another log");
    assert_eq!(growth.poll_interval(), POLL_SLOW, "not ours");
    growth.hears();
    assert_eq!(growth.poll_interval(), POLL_LISTENING);
    growth.deaf();
    assert_eq!(growth.poll_interval(), POLL_SLOW);
}

#[tokio::test]
async fn whoever_finds_another_end_wakes_all() {
    let growth = Growth::new("log", &Clock::real());
    let woken = |change: &dyn Fn()| {
        let waiting = growth.pace.grown();
        change();
        futures::FutureExt::now_or_never(waiting).is_some()
    };
    assert!(woken(&|| growth.found(Some(3))));
    assert!(!woken(&|| growth.found(Some(3))));
    assert!(woken(&|| growth.found(Some(2))), "a lost end is one too");
    assert!(woken(&|| growth.appended(3)));
    assert!(!woken(&|| growth.found(Some(3))), "our own was seen");
    assert!(woken(&|| growth.deaf()));
}
