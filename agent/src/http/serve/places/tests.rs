use std::net::Ipv4Addr;

use super::*;

#[test]
fn places_are_limited_in_all_and_by_address() {
    let places = Places::new(3, 2);
    let take = |last| places.take(Ipv4Addr::new(10, 0, 0, last).into());
    let first = take(1);
    let second = take(1);
    assert!(first.is_some() && second.is_some());
    assert!(take(1).is_none());
    let third = take(2);
    assert!(third.is_some());
    assert!(take(3).is_none());
    drop(first);
    assert!(take(1).is_some());
    drop((second, third));
    assert!(places.taken.lock().by_address.is_empty());
    assert_eq!(places.taken.lock().all, 0);
}
