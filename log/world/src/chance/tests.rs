use super::*;

#[test]
fn the_same_seed_gives_the_same_stream() {
    let draw = |seed| {
        let chance = Chance::from_seed(seed);
        (
            chance.u64(),
            chance.below(1000),
            chance.bytes::<5>(),
            chance.fork("x").u64(),
            chance.u64(),
        )
    };
    assert_eq!(draw(7), draw(7));
    assert_ne!(draw(7), draw(8));
}

#[test]
fn forks_with_other_labels_differ() {
    let fork = |label| Chance::from_seed(1).fork(label).u64();
    assert_ne!(fork("agent-1"), fork("agent-2"));
}

#[test]
fn below_reaches_every_value_and_no_other() {
    let chance = Chance::from_seed(2);
    let mut seen = [0_u32; 6];
    for _ in 0..6000 {
        seen[usize::try_from(chance.below(6)).unwrap()] += 1;
    }
    assert!(seen.iter().all(|&count| (800..1200).contains(&count)), "{seen:?}");
}

#[test]
fn durations_stay_between() {
    let chance = Chance::from_seed(3);
    let (low, high) = (Duration::from_millis(2), Duration::from_millis(3));
    for _ in 0..1000 {
        let drawn = chance.between(low, high);
        assert!(low <= drawn && drawn <= high);
    }
    assert_eq!(chance.between(low, low), low);
}

#[test]
fn entropy_differs_each_time() {
    assert_ne!(Chance::from_entropy().u64(), Chance::from_entropy().u64());
}

#[test]
fn coins_are_as_heavy_as_asked() {
    let chance = Chance::from_seed(4);
    let heads = (0..10_000).filter(|_| chance.coin(0.25)).count();
    assert!((2200..2800).contains(&heads), "{heads}");
    assert!(!chance.coin(0.0) && chance.coin(1.0));
}

#[test]
fn a_shuffle_keeps_what_it_shuffles() {
    let mut items: Vec<u32> = (0..100).collect();
    Chance::from_seed(5).shuffle(&mut items);
    assert_ne!(items, (0..100).collect::<Vec<_>>());
    items.sort_unstable();
    assert_eq!(items, (0..100).collect::<Vec<_>>());
}
