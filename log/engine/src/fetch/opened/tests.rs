use super::Opened;

fn held(opened: &Opened<u32, &'static str>) -> Vec<u32> {
    assert_eq!(opened.by_key.len(), opened.by_use.len());
    assert_eq!(
        opened.bytes,
        opened.by_key.values().map(|kept| kept.bytes).sum::<usize>()
    );
    opened.by_key.keys().copied().collect()
}

#[test]
fn what_was_not_used_for_longest_goes_first() {
    let mut opened = Opened::new(100);
    for key in 0..4 {
        opened.keep(key, "it", 25);
    }
    assert_eq!(opened.get(&0), Some("it"));
    opened.keep(4, "it", 30);
    assert_eq!(held(&opened), [0, 3, 4], "1 and 2 were used before 0 was");
    assert_eq!((opened.get(&1), opened.get(&3)), (None, Some("it")));
    opened.keep(5, "it", 40);
    assert_eq!(held(&opened), [3, 4, 5]);
}

#[test]
fn kept_again_it_takes_the_place_of_itself() {
    let mut opened = Opened::new(100);
    opened.keep(1, "one", 60);
    opened.keep(1, "another", 80);
    assert_eq!((held(&opened), opened.get(&1)), (vec![1], Some("another")));
}

#[test]
fn one_that_is_too_large_stays_alone() {
    let mut opened = Opened::new(100);
    opened.keep(1, "small", 10);
    opened.keep(2, "large", 500);
    assert_eq!(held(&opened), [2]);
    opened.keep(3, "small", 10);
    assert_eq!(held(&opened), [3]);
}
