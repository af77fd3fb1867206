//! All that follows from the true entries: the state that the real fold makes of them, and books of its own beside it,
//! kept in another way, that the fold's outcomes are held against.

use std::collections::BTreeMap;

use ledger::Tip;
use metadata::{Change, PartitionId, State, TopicId, TopicNumber};

use super::laws::Laws;
use super::lives::Lives;
use super::shadow::Shadow;
use crate::value::Name;

/// The account up to one entry.
#[derive(Debug)]
pub(super) struct Account {
    pub(super) state: State,
    pub(super) tip: Tip,
    /// Runs that were applied, by where they begin.
    applied: BTreeMap<(PartitionId, u64), Run>,
    /// Where each send was applied.
    places: BTreeMap<u64, (PartitionId, u64)>,
    /// Where each partition ends.
    ends: BTreeMap<PartitionId, u64>,
    /// By Kafka producer, epoch and partition the sequence that is next.
    sequences: BTreeMap<(u64, u32, PartitionId), u32>,
    /// Offsets that groups committed, each by the change that did it.
    commits: BTreeMap<(String, Change), u64>,
    /// The topics there were, by number.
    topics: BTreeMap<TopicNumber, TopicId>,
    pub(super) lives: Lives,
    pub(super) laws: Laws,
    pub(super) shadow: Shadow,
}

/// An applied run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) send: u64,
    pub(super) records: u32,
    /// The entry that says so.
    pub(super) position: u64,
}

impl Account {
    pub(super) fn genesis(cluster: [u8; 16], tip: Tip) -> Account {
        let state = State::genesis(cluster, tip.era, tip.hash.0);
        Account {
            shadow: Shadow::new(state.clone()),
            state,
            tip,
            applied: BTreeMap::new(),
            places: BTreeMap::new(),
            ends: BTreeMap::new(),
            sequences: BTreeMap::new(),
            commits: BTreeMap::new(),
            topics: BTreeMap::new(),
            lives: Lives::default(),
            laws: Laws::default(),
        }
    }

    /// Where a send was applied.
    pub(super) fn place_of(&self, send: u64) -> Option<(PartitionId, u64)> {
        self.places.get(&send).copied()
    }

    /// The run that begins at an offset.
    pub(super) fn run_at(&self, partition: PartitionId, base_offset: u64) -> Option<Run> {
        self.applied.get(&(partition, base_offset)).copied()
    }

    /// The position of the entry that put a record.
    pub(super) fn position_of(&self, partition: PartitionId, offset: u64) -> Option<u64> {
        let mut before = self.applied.range((partition, 0)..=(partition, offset));
        before.next_back().map(|(_, run)| run.position)
    }

    /// The records of a partition that were applied, by offset.
    pub(super) fn names(&self, partition: PartitionId) -> BTreeMap<u64, Name> {
        let runs = self.applied.range((partition, 0)..=(partition, u64::MAX));
        let names = runs.flat_map(|(&(_, base), run)| {
            let name = move |index| (base + u64::from(index), Name { send: run.send, index });
            (0..run.records).map(name)
        });
        names.collect()
    }

    /// Where the next record of a partition goes: where it begins, when it is new.
    pub(super) fn end_of(&self, partition: PartitionId) -> u64 {
        self.ends.get(&partition).copied().unwrap_or(0)
    }

    /// Where a partition ended when the entry at `position` was the last one.
    pub(super) fn end_at(&self, partition: PartitionId, position: u64) -> u64 {
        let all = self.applied.range((partition, 0)..=(partition, u64::MAX));
        let mut newest_first = all.rev();
        let last = newest_first.find(|(_, run)| run.position <= position);
        last.map_or(0, |((_, base), run)| base + u64::from(run.records))
    }

    /// Enters a run; the one that stood there, if any.
    pub(super) fn enter(&mut self, place: (PartitionId, u64), run: Run) -> Option<Run> {
        self.places.insert(run.send, place);
        self.ends.insert(place.0, place.1 + u64::from(run.records));
        self.applied.insert(place, run)
    }

    /// The sequence that a producer's next batch has; none when the epoch is new.
    pub(super) fn next_sequence(&mut self, producer: (u64, u32, PartitionId)) -> &mut u32 {
        self.sequences.entry(producer).or_default()
    }

    pub(super) fn commit(&mut self, group: &str, change: Change, offset: u64) {
        self.commits.insert((group.to_owned(), change), offset);
    }

    pub(super) fn committed(&self, group: &str, change: Change) -> Option<u64> {
        self.commits.get(&(group.to_owned(), change)).copied()
    }

    /// Sends and commits of entries after `position`.
    pub(super) fn sends_after(&self, position: u64) -> BTreeMap<u64, (PartitionId, u64)> {
        let after = self.applied.iter().filter(|(_, run)| run.position > position);
        after.map(|(place, run)| (run.send, *place)).collect()
    }

    pub(super) fn commits_after(&self, position: u64) -> impl Iterator<Item = (String, Change, u64)> + '_ {
        let after = self
            .commits
            .iter()
            .filter(move |((_, change), _)| change.position > position);
        after.map(|((group, change), offset)| (group.clone(), *change, *offset))
    }

    pub(super) fn create(&mut self, number: TopicNumber, id: TopicId) {
        self.topics.insert(number, id);
    }

    /// The topic that has, or had, this number.
    pub(super) fn topic(&self, number: TopicNumber) -> Option<TopicId> {
        self.topics.get(&number).copied()
    }
}
