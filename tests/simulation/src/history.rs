//! What clients asked for and what they were told: the material of every check. It judges what can be judged at once,
//! a value that somebody reads; the rest is judged at the end.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use metadata::{PartitionId, TopicNumber};

use crate::journal::Journal;
use crate::value::Name;

/// What became of a send, as far as its client knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It may be in the log, now or later.
    Unknown,
    /// It is, from this offset on. `at` is when that was told.
    Acked { base: u64, at: u64 },
    /// It is not, and never will be.
    Failed,
}

/// Records that a client sent to one partition as one batch.
#[derive(Clone, Debug)]
pub(crate) struct Send {
    /// Who sent it.
    pub(crate) session: u32,
    /// Its place among what the session sent with a sequence; none for sends that may overtake one another.
    pub(crate) order: Option<u64>,
    /// What is in the log whole or not at all.
    pub(crate) group: u64,
    /// Where to.
    pub(crate) partition: PartitionId,
    pub(crate) records: u32,
    pub(crate) record_bytes: usize,
    /// When it was first asked for.
    pub(crate) invoked: u64,
    pub(crate) fate: Fate,
}

/// Commits of one group, which one client makes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Commits {
    /// The offset that was acknowledged last.
    pub(crate) acked: Option<u64>,
    /// Offsets whose commits have an unknown outcome, made after that.
    pub(crate) unknown: BTreeSet<u64>,
}

impl Commits {
    /// Whether the group may have this offset.
    pub(crate) fn allow(&self, offset: Option<u64>) -> bool {
        offset == self.acked || offset.is_some_and(|offset| self.unknown.contains(&offset))
    }
}

/// A topic, as clients know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) number: TopicNumber,
    pub(crate) partitions: u32,
}

/// Everything.
#[derive(Debug, Default)]
pub(crate) struct History {
    pub(crate) sends: Vec<Send>,
    /// Topics to send to and read from.
    pub(crate) topics: Vec<Known>,
    /// Topics that are, or are about to be, deleted.
    pub(crate) deleted: BTreeSet<TopicNumber>,
    /// Topics whose log start moves by itself.
    pub(crate) retained: BTreeSet<TopicNumber>,
    /// Up to where clients asked records to be deleted.
    pub(crate) trims: BTreeMap<PartitionId, u64>,
    pub(crate) commits: BTreeMap<(String, PartitionId), Commits>,
    /// What was seen at each offset.
    pub(crate) seen: BTreeMap<(PartitionId, u64), Name>,
    /// Where each value was seen.
    pub(crate) places: BTreeMap<Name, (PartitionId, u64)>,
    /// Operations of clients, and those that succeeded.
    pub(crate) operations: u64,
    pub(crate) acknowledged: u64,
    groups: u64,
}

impl History {
    /// Numbers a send.
    pub(crate) fn begin(&mut self, send: Send) -> u64 {
        self.sends.push(send);
        u64::try_from(self.sends.len()).expect("fewer than 2^64 sends") - 1
    }

    /// Numbers a group of sends.
    pub(crate) fn next_group(&mut self) -> u64 {
        self.groups += 1;
        self.groups
    }

    pub(crate) fn send(&self, number: u64) -> Option<&Send> {
        self.sends.get(usize::try_from(number).ok()?)
    }

    /// Tells what became of a send.
    pub(crate) fn end(&mut self, number: u64, fate: Fate) {
        let place = usize::try_from(number).ok().and_then(|at| self.sends.get_mut(at));
        if let Some(send) = place {
            send.fate = fate;
        }
    }

    /// Judges what somebody read: it was sent to this partition, it is whole, nothing else was ever seen here, and it
    /// was never seen elsewhere.
    pub(crate) fn read(&mut self, journal: &Journal, who: &str, partition: PartitionId, records: &[(u64, Bytes)]) {
        for (offset, value) in records {
            let name = Name::of(value);
            let sent = name.and_then(|name| {
                let send = self.send(name.send)?;
                let fits = send.partition == partition && name.index < send.records;
                let whole = value.len() == name.value(send.record_bytes).len();
                (fits && whole).then_some((name, send.fate))
            });
            journal.check("what is read was sent", sent.is_some(), || {
                format!("{who} read {name:?} ({} bytes) at {partition:?} {offset}", value.len())
            });
            let Some((name, fate)) = sent else { continue };
            journal.check("what failed is not read", fate != Fate::Failed, || {
                format!("{who} read {name:?} at {partition:?} {offset}, which failed definitely")
            });
            let before = *self.seen.entry((partition, *offset)).or_insert(name);
            journal.check("one value an offset", before == name, || {
                format!("{who} read {name:?} at {partition:?} {offset}, where {before:?} was read before")
            });
            let place = *self.places.entry(name).or_insert((partition, *offset));
            journal.check("one offset a value", place == (partition, *offset), || {
                format!("{who} read {name:?} at {partition:?} {offset}, which was read at {place:?} before")
            });
        }
    }

    /// Whether records of this partition may be gone though nobody trimmed that far.
    pub(crate) fn may_lose(&self, partition: PartitionId) -> bool {
        self.retained.contains(&partition.topic) || self.deleted.contains(&partition.topic)
    }
}
