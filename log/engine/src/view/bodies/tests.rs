use super::*;

fn body() -> Arc<Body> {
    Arc::new(metadata::entry::body(Vec::new()))
}

fn held(bodies: &Bodies) -> Vec<u64> {
    (0..10).filter(|position| bodies.get(*position).is_some()).collect()
}

#[test]
fn the_lowest_positions_go_first() {
    let bodies = Bodies::new(100);
    for (position, bytes, expect) in [
        (3, 40, vec![3]),
        (5, 40, vec![3, 5]),
        (3, 50, vec![3, 5]),
        (7, 20, vec![5, 7]),
        (1, 60, vec![5, 7]),
        (8, 90, vec![8]),
        (9, 101, vec![]),
        (2, 100, vec![2]),
    ] {
        bodies.keep(position, body(), bytes);
        assert_eq!(held(&bodies), expect, "after {position}");
    }
}

#[test]
fn what_was_read_in_another_history_is_not_kept() {
    let bodies = Bodies::new(100);
    let before = bodies.history();
    bodies.keep(1, body(), 10);
    bodies.clear();
    bodies.keep_of(before, 2, body(), 10);
    assert_eq!(held(&bodies), [] as [u64; 0]);
    bodies.keep_of(bodies.history(), 3, body(), 100);
    assert_eq!(held(&bodies), [3]);
}
