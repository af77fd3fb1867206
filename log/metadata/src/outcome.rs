//! What the fold decided about a proposal. Knows nothing of how it decided.

use crate::ids::{Change, Incarnation, PartitionId, TopicId, TopicNumber};

mod rejection;

pub use rejection::Rejection;

/// What became of one proposal of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Who proposed; absent for a register.
    pub incarnation: Option<Incarnation>,
    /// The lane's number as it was proposed.
    pub lane: u32,
    /// The sequence as it was proposed.
    pub sequence: u64,
    /// Index of the proposal in the entry.
    pub index: u32,
    /// What became of it.
    pub fate: Fate,
}

/// Whether the fold took a proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// The sequence is used up. One verdict for each part that is judged alone: each group of an append, each
    /// partition of a trim or a swap, each item of an expire (producers, then request producers, then groups), and one
    /// for any other kind.
    Taken(Vec<Verdict>),
    /// Taken before, here or at an earlier position: no effect, and the earlier outcome stands.
    Dropped,
    /// Out of sequence, or of a life that is not live: as if never written. Nobody is answered.
    Void,
}

/// What was decided about one part of a proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It took effect.
    Applied(Applied),
    /// It certainly had no effect, and never will.
    Rejected(Rejection),
}

/// Where the records of one run are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RunAck {
    /// The partition.
    pub partition: PartitionId,
    /// Offset of the run's first record.
    pub base_offset: u64,
    /// Records of the run, as many as the offsets from the first on.
    pub records: u32,
    /// The producer's batch had been taken before, and this is where it was put then.
    pub duplicate: bool,
}

/// What took effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Applied {
    /// A group's runs, in their order.
    Append(Vec<RunAck>),
    /// A repeat of one of the HTTP producer's last five requests: nothing was added.
    RequestDuplicate {
        /// What the first one was answered, every run marked as a duplicate.
        acks: Vec<RunAck>,
    },
    /// A repeat of a request older than the last five: nothing was added, and its acks are forgotten.
    RequestTooOld,
    /// A life began; it has this Kafka node id.
    Registered(Incarnation, u32),
    /// A topic was created.
    Topic {
        /// Its number.
        number: TopicNumber,
        /// Its id.
        id: TopicId,
    },
    /// Producer ids `first` to `first + count - 1` belong to the proposer.
    ProducerIds {
        /// The first of them.
        first: u64,
        /// How many they are.
        count: u32,
    },
    /// Offsets were committed; this is now the group's last change.
    Committed(Change),
    /// Where the partition's log starts now.
    Trimmed {
        /// The log start offset.
        log_start: u64,
    },
    /// A partition's extents were replaced.
    Swapped,
    /// Any other change.
    Done,
}
