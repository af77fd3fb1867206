use futures::FutureExt as _;

use super::*;

#[tokio::test]
async fn bytes_are_held_until_the_permit_goes() {
    let memory = Memory::new(10);
    let mut permit = memory.try_reserve(4).unwrap();
    assert_eq!(memory.try_reserve(7).unwrap_err(), AppendError::Overloaded);
    permit.merge(memory.try_reserve(6).unwrap());
    assert_eq!((permit.bytes(), memory.used()), (10, 10));
    let mut none = Permit { held: None };
    assert_eq!(none.bytes(), 0);
    none.merge(permit);
    assert_eq!((none.bytes(), memory.used()), (10, 10));
    drop(none);
    assert_eq!(memory.used(), 0);
}

#[tokio::test]
async fn those_who_wait_are_served_in_the_order_of_their_calls() {
    let memory = Memory::new(10);
    let held = memory.try_reserve(8).unwrap();
    let mut large = Box::pin(memory.reserve(9));
    assert!(large.as_mut().now_or_never().is_none());
    let mut small = Box::pin(memory.reserve(1));
    assert!(small.as_mut().now_or_never().is_none(), "it does not overtake");
    drop(held);
    let large = large.await.unwrap();
    assert_eq!((large.bytes(), small.await.unwrap().bytes()), (9, 1));
}

#[tokio::test]
async fn what_never_fits_is_refused_at_once() {
    let memory = Memory::new(10);
    assert!(matches!(memory.try_reserve(11), Err(AppendError::TooLarge(_))));
    assert!(matches!(memory.reserve(11).await, Err(AppendError::TooLarge(_))));
    assert_eq!(memory.try_reserve(0).unwrap().bytes(), 0);
}
