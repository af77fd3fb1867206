//! What the auditor does when the table has lost its end: it forgets the lost entries, as if they had never been, and
//! says what stood in them.

use std::collections::BTreeMap;

use bytes::Bytes;
use ledger::Hash;
use metadata::{PartitionId, State};

use super::account::Account;
use super::{Audit, Books, now};
use crate::history::{Known, LostEnd};

impl Audit {
    /// The last entry that may be the last after a loss: behind it lies nothing that the base or its snapshot rests on,
    /// and no entry that is older than the grace allows.
    pub(crate) fn loss_floor(&self) -> u64 {
        self.books.lock().loss_floor()
    }

    /// Whether the ledger has lost its end.
    pub(crate) fn has_lost(&self) -> bool {
        self.books.lock().losses > 0
    }

    /// Position of the last true entry.
    pub(crate) fn end(&self) -> u64 {
        self.books.lock().entries.last().map_or(0, |last| last.entry.position)
    }

    /// Position of the base.
    pub(crate) fn base(&self) -> u64 {
        self.books.lock().base_position()
    }

    /// The table now ends at `position`: what stood behind it.
    pub(crate) fn lose_after(&self, position: u64) -> LostEnd {
        let books = &mut *self.books.lock();
        books.losses += 1;
        let before = books.account.as_ref();
        let lives = before.map(|account| (account.lives.clone(), account.tip.position));
        books.lost_lives.extend(lives);
        books.rewind(position)
    }

    /// Everybody was gone when the end was lost. If the witness knows of it nothing is applied before the halt.
    pub(crate) fn expect_halt(&self, witnessed: bool) {
        self.books.lock().halt_is_due = witnessed;
    }

    /// Whether an entry is a copy of one that is lost, and comes when the one before it is gone.
    ///
    /// A ledger that can only put where nothing is would take it, over a hole, and a process that stands at just this
    /// entry and has not looked meanwhile would not notice the loss. That is known (docs/guarantees.md): it takes a
    /// request that is delivered twice, the second time to another table than the one it was sent to.
    pub(crate) fn is_ghost(&self, position: u64, envelope: &Bytes) -> bool {
        let books = self.books.lock();
        if books.lost.is_empty() {
            return false;
        }
        let there = match position.checked_sub(1) {
            Some(0) => Some(books.genesis.hash),
            before => before.and_then(|before| books.hash_at(before)),
        };
        let lost = books.lost.get(&Hash::of(envelope));
        lost.is_some_and(|before| there != Some(*before))
    }

    /// The power failed before the entries behind `position` were durable. Nobody was told of them.
    pub(crate) fn undo_after(&self, position: u64) -> LostEnd {
        self.books.lock().rewind(position)
    }
}

impl Books {
    fn loss_floor(&self) -> u64 {
        let base = now(ledger::Backend::base(&self.table)).ok().flatten();
        let named = base.as_ref().and_then(|_| self.base_snapshot());
        let rests = base
            .map_or(0, |base| base.position)
            .max(named.map_or(0, |named| named.position));
        let grace_ms = self.account.as_ref().map_or(0, |account| {
            i64::try_from(account.state.cluster_config().segment_grace_ms()).unwrap_or(0)
        });
        let oldest_ms = self.world.clock.wall_ms().saturating_sub(grace_ms);
        let old = self.entries.iter().rev().find(|followed| followed.at_ms <= oldest_ms);
        rests.max(old.map_or(0, |followed| followed.entry.position))
    }

    fn rewind(&mut self, position: u64) -> LostEnd {
        let kept = usize::try_from(position).unwrap_or(usize::MAX);
        let before = self.hash_at(position);
        let lost = self.entries.split_off(kept.min(self.entries.len()));
        let mut previous = before.unwrap_or(self.genesis.hash);
        for followed in &lost {
            self.lost.insert(followed.entry.hash, previous);
            previous = followed.entry.hash;
        }
        let (Some(before), Some(ledger)) = (&self.account, &self.ledger) else {
            return LostEnd::default();
        };
        let since = lost.first().map_or(u64::MAX, |first| first.ordinal);
        let mut end = LostEnd {
            sends: before.sends_after(position),
            commits: before.commits_after(position).collect(),
            since,
            ..LostEnd::default()
        };
        self.account = Some(Account::genesis(ledger.cluster().0, self.genesis));
        let deaf = self.journal.deaf();
        for followed in &self.entries.clone() {
            self.fold(followed, &deaf);
        }
        if let Some(account) = &self.account {
            (end.ends, end.topics) = (ends(&account.state), topics(&account.state));
            end.committed = committed(&account.state);
        }
        end
    }
}

fn ends(state: &State) -> BTreeMap<PartitionId, u64> {
    let all = state.topics().flat_map(|topic| state.partitions(topic.number()));
    all.map(|(id, partition)| (id, partition.high_watermark())).collect()
}

fn topics(state: &State) -> Vec<Known> {
    let known = |topic: &metadata::Topic| Known {
        number: topic.number(),
        id: topic.id(),
        partitions: topic.partition_count(),
    };
    state.topics().map(known).collect()
}

fn committed(state: &State) -> BTreeMap<(String, PartitionId), u64> {
    let all = state.groups().flat_map(|group| {
        let offsets = group.offsets().iter();
        offsets.map(|(partition, committed)| ((group.name().to_owned(), *partition), committed.offset))
    });
    all.collect()
}
