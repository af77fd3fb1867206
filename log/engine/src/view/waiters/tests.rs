use futures::FutureExt as _;

use super::*;

fn ids(partitions: &[u32]) -> Vec<PartitionId> {
    partitions
        .iter()
        .map(|&partition| PartitionId { topic: 1, partition })
        .collect()
}

fn woken(waiter: &Waiter<'_>) -> bool {
    waiter.woken().now_or_never().is_some()
}

#[tokio::test]
async fn only_those_whom_it_concerns_are_woken_and_once() {
    let waiters = Waiters::default();
    let (one, both) = (waiters.enter(ids(&[1])), waiters.enter(ids(&[1, 2, 2])));
    assert!(!woken(&one) && !woken(&both));
    waiters.wake(ids(&[2, 3]).into_iter());
    assert!(!woken(&one) && woken(&both) && !woken(&both));
    waiters.wake(ids(&[1, 1]).into_iter());
    assert!(woken(&one) && woken(&both) && !woken(&one) && !woken(&both));
    waiters.wake_all();
    assert!(woken(&one) && woken(&both));
}

#[tokio::test]
async fn who_leaves_leaves_nothing_behind() {
    let waiters = Waiters::default();
    let waiter = waiters.enter(ids(&[1, 2, 2]));
    let other = waiters.enter(ids(&[2]));
    drop(waiter);
    assert_eq!(waiters.waiting.lock().by_partition.len(), 1);
    drop(other);
    assert!(waiters.waiting.lock().by_partition.is_empty());
    waiters.wake(ids(&[1]).into_iter());
}
