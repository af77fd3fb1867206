//! Fetches that wait for records, by partition, so that an append wakes those it concerns and no others.

use std::collections::BTreeMap;
use std::sync::Arc;

use metadata::PartitionId;
use parking_lot::Mutex;
use tokio::sync::Notify;

/// Who waits for which partition.
#[derive(Debug, Default)]
pub(crate) struct Waiters {
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    next: u64,
    /// Ordered by partition, then by who came first.
    by_partition: BTreeMap<(PartitionId, u64), Arc<Notify>>,
}

/// One who waits; leaves when dropped.
#[derive(Debug)]
pub(crate) struct Waiter<'a> {
    waiters: &'a Waiters,
    number: u64,
    partitions: Vec<PartitionId>,
    notify: Arc<Notify>,
}

impl Waiters {
    /// Begins to wait: what is folded from now on wakes [`Waiter::woken`], also when that is awaited later.
    pub(crate) fn enter(&self, partitions: Vec<PartitionId>) -> Waiter<'_> {
        let notify = Arc::new(Notify::new());
        let mut waiting = self.waiting.lock();
        waiting.next += 1;
        let number = waiting.next;
        for id in &partitions {
            waiting.by_partition.insert((*id, number), Arc::clone(&notify));
        }
        Waiter {
            waiters: self,
            number,
            partitions,
            notify,
        }
    }

    /// Wakes all who wait for these partitions.
    pub(crate) fn wake(&self, partitions: impl Iterator<Item = PartitionId>) {
        let waiting = self.waiting.lock();
        if waiting.by_partition.is_empty() {
            return;
        }
        for id in partitions {
            waiting
                .by_partition
                .range((id, 0)..=(id, u64::MAX))
                .for_each(|(_, notify)| notify.notify_one());
        }
    }

    /// Wakes everybody.
    pub(crate) fn wake_all(&self) {
        self.waiting
            .lock()
            .by_partition
            .values()
            .for_each(|notify| notify.notify_one());
    }
}

impl Waiter<'_> {
    /// Returns when one of the partitions has changed since the last call, or since the waiter entered.
    pub(crate) async fn woken(&self) {
        self.notify.notified().await;
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        let mut waiting = self.waiters.waiting.lock();
        for id in &self.partitions {
            waiting.by_partition.remove(&(*id, self.number));
        }
    }
}

#[cfg(test)]
mod tests;
