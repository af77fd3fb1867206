//! What clients asked for and what they were told: the material of every check. It judges what can be judged at once,
//! a batch that somebody reads; the rest is judged at the end.

mod loss;

use std::collections::{BTreeMap, BTreeSet};

use metadata::{Change, PartitionId, TopicId, TopicNumber};
use records::Batch;
use world::Instant;

use crate::journal::Journal;
use crate::value;

pub(crate) use loss::LostEnd;

/// What became of a send, as far as its client knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It may be in the log, now or later.
    Unknown,
    /// It is, from this offset on. `at` is when that was told.
    Acked { base: u64, at: u64 },
    /// It was, and the ledger lost the entry that said so. It may be there once more, or not.
    Lost { base: u64, at: u64 },
    /// It is not, and never will be; told at `at`.
    Failed { at: u64 },
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
    /// The topic that has the partition; numbers may be given twice when a ledger loses its end, ids are not.
    pub(crate) topic: TopicId,
    pub(crate) records: u32,
    /// The topic is compacted by key.
    pub(crate) keyed: bool,
    /// Bytes of its batch, and their checksum, as the client made them.
    pub(crate) bytes: usize,
    pub(crate) checksum: u32,
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
    pub(crate) id: TopicId,
    pub(crate) partitions: u32,
}

/// What somebody saw in one partition: by first offset which send, and how many records of it.
type Seen = BTreeMap<u64, (u64, u32)>;

/// A batch that somebody read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReadBatch<'a> {
    pub(crate) partition: PartitionId,
    pub(crate) base_offset: u64,
    pub(crate) batch: &'a Batch,
}

/// Everything.
#[derive(Debug, Default)]
pub(crate) struct History {
    pub(crate) sends: Vec<Send>,
    /// Topics to send to and read from.
    pub(crate) topics: Vec<Known>,
    /// The one that is compacted by key, which clients of its own use.
    pub(crate) keyed: Option<Known>,
    /// Topics that are, or are about to be, deleted, or that went with the ledger's end.
    pub(crate) gone: BTreeSet<TopicId>,
    /// Topics whose log start moves by itself.
    pub(crate) retained: BTreeSet<TopicNumber>,
    /// Up to where clients asked records to be deleted.
    pub(crate) trims: BTreeMap<PartitionId, u64>,
    pub(crate) commits: BTreeMap<(String, PartitionId), Commits>,
    /// Operations of clients, and those that succeeded.
    pub(crate) operations: u64,
    pub(crate) acknowledged: u64,
    /// What clients did but send, for the history checker.
    pub(crate) told: Vec<history::Operation>,
    seen: BTreeMap<PartitionId, Seen>,
    /// Where each send was seen.
    places: BTreeMap<u64, (PartitionId, u64)>,
    groups: u64,
    losses: loss::Losses,
}

impl History {
    /// Numbers a send.
    pub(crate) fn begin(&mut self, send: impl FnOnce(u64) -> Send) -> u64 {
        let number = u64::try_from(self.sends.len()).expect("fewer than 2^64 sends");
        let send = send(number);
        self.sends.push(send);
        number
    }

    /// Numbers a group of sends.
    pub(crate) fn next_group(&mut self) -> u64 {
        self.groups += 1;
        self.groups
    }

    pub(crate) fn send(&self, number: u64) -> Option<&Send> {
        self.sends.get(usize::try_from(number).ok()?)
    }

    pub(crate) fn send_mut(&mut self, number: u64) -> Option<&mut Send> {
        self.sends.get_mut(usize::try_from(number).ok()?)
    }

    /// Tells what became of a send.
    pub(crate) fn end(&mut self, number: u64, fate: Fate) {
        if let Some(send) = self.send_mut(number) {
            send.fate = fate;
        }
    }

    /// Whether nothing is promised any more of the topic that has this number, or of one that had it.
    pub(crate) fn may_be_gone(&self, number: TopicNumber) -> bool {
        let mut known = self.topics.iter().filter(|topic| topic.number == number);
        known.any(|topic| self.gone.contains(&topic.id))
    }

    /// Topics that are not about to go.
    pub(crate) fn standing(&self) -> Vec<Known> {
        let standing = self.topics.iter().filter(|topic| !self.gone.contains(&topic.id));
        standing.copied().collect()
    }

    /// Judges a batch that somebody read: it was sent to this partition, it is whole, nothing else was ever seen here,
    /// and it was never seen elsewhere. `now` is when the answer came.
    pub(crate) fn read(&mut self, journal: &Journal, who: &str, read: &ReadBatch<'_>, now: Instant) {
        let ReadBatch {
            partition,
            base_offset,
            batch,
        } = *read;
        let number = value::send_of(batch.header().max_timestamp);
        let sent = self.send(number).filter(|send| {
            let whole = (send.records, send.bytes) == (batch.records(), batch.bytes().len());
            whole && send.checksum == batch.header().checksum && send.partition == partition
        });
        journal.check("what is read was sent", sent.is_some(), || {
            format!("{who} read {:?} at {partition:?} {base_offset}", batch.header())
        });
        let Some(send) = sent else { return };
        let (fate, records) = (send.fate, send.records);
        if self.losses.is_ghost(number, (partition, base_offset), now) {
            journal.count("ghosts read");
            return;
        }
        journal.check("what failed is not read", !matches!(fate, Fate::Failed { .. }), || {
            format!("{who} read send {number} at {partition:?} {base_offset}, which failed definitely")
        });
        self.note(journal, who, (partition, base_offset), (number, records));
    }

    /// One value an offset, one offset a value.
    fn note(&mut self, journal: &Journal, who: &str, place: (PartitionId, u64), (send, records): (u64, u32)) {
        let (partition, base) = place;
        let seen = self.seen.entry(partition).or_default();
        let end = base + u64::from(records);
        let mut overlapping = seen.range(..end).rev();
        let clash = overlapping
            .next()
            .filter(|(first, known)| (**first, **known) != (base, (send, records)))
            .filter(|(first, (_, records))| **first + u64::from(*records) > base);
        journal.check("one value an offset", clash.is_none(), || {
            format!("{who} read send {send} at {partition:?} {base}, where {clash:?} was read before")
        });
        seen.insert(base, (send, records));
        let known = *self.places.entry(send).or_insert(place);
        journal.check("one offset a value", known == place, || {
            format!("{who} read send {send} at {place:?}, which was read at {known:?} before")
        });
    }

    /// Whether records of this partition may be gone though nobody trimmed that far.
    pub(crate) fn may_lose(&self, partition: PartitionId) -> bool {
        self.retained.contains(&partition.topic) || self.may_be_gone(partition.topic)
    }

    /// The commits of a group for a partition.
    pub(crate) fn commits_of(&mut self, group: &str, partition: PartitionId) -> &mut Commits {
        self.commits.entry((group.to_owned(), partition)).or_default()
    }

    /// A commit was acknowledged: none that was sent earlier can be taken any more, for each names the change before.
    pub(crate) fn committed(&mut self, group: &str, partition: PartitionId, offset: u64, change: Change) {
        let lost = self.losses.took_commit(group, change, offset);
        let commits = self.commits_of(group, partition);
        if lost {
            // It is gone, unless a copy of its entry comes back.
            commits.unknown.insert(offset);
            return;
        }
        commits.acked = Some(offset);
        commits.unknown.clear();
    }
}
