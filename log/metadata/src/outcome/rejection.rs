//! Every reason for which the fold rejects a part of a proposal.

use crate::ids::Change;

/// Why a part of a proposal was rejected. It certainly had no effect.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// The ledger has lost its end, and no operator has accepted the loss yet.
    #[error("the ledger is halted")]
    Halted,
    /// The fold's memory has reached its limit.
    #[error("the fold has reached its limit of {limit_bytes} bytes")]
    FoldFull {
        /// `fold.bytes.max`.
        limit_bytes: u64,
    },
    /// The flush number fell below the lane's last, or is missing where own objects are named.
    #[error("flush number {got:?} is missing or lower than {last:?}")]
    FlushFell {
        /// The last that the lane took.
        last: Option<u64>,
        /// The one that was proposed.
        got: Option<u64>,
    },
    /// This kind of proposal does not belong in that lane.
    #[error("this kind of proposal does not belong in this lane")]
    WrongLane,
    /// This kind of proposal is not made by a life of that role.
    #[error("this kind of proposal is not made in this role")]
    WrongRole,
    /// The proposal contradicts itself.
    #[error("malformed: {0}")]
    Malformed(&'static str),

    /// The life to retire is not live.
    #[error("not live")]
    NotLive,
    /// The life to retire has been heard since.
    #[error("heard since")]
    HeardSince,
    /// No more lives fit.
    #[error("more than {limit} lives")]
    TooManyLives {
        /// Most lives at once.
        limit: u32,
    },
    /// A live process, or the one that registers, does not work at this feature level.
    #[error("feature level {level} is outside the range of a process")]
    FeatureOutOfRange {
        /// The level in question.
        level: u32,
    },

    /// No such topic.
    #[error("unknown topic")]
    UnknownTopic,
    /// The topic has no such partition.
    #[error("unknown partition")]
    UnknownPartition,
    /// A topic has that name.
    #[error("the topic exists")]
    TopicExists,
    /// A topic has, or had, that id.
    #[error("the topic id is taken")]
    TopicIdTaken,
    /// The topic's name breaks a rule.
    #[error("invalid topic name: {0}")]
    InvalidName(&'static str),
    /// A topic has at least one partition, and never fewer than before.
    #[error("invalid number of partitions")]
    InvalidPartitions,
    /// No more partitions fit.
    #[error("more than {limit} partitions")]
    TooManyPartitions {
        /// `partitions.max`.
        limit: u64,
    },
    /// A config's name is not known, or its value is not allowed.
    #[error("invalid config {name}: {reason}")]
    InvalidConfig {
        /// The config.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The offset is beyond what Kafka can express.
    #[error("invalid offset")]
    InvalidOffset,

    /// The partition's next offset is another than the one expected.
    #[error("the next offset is {actual}")]
    OffsetMismatch {
        /// The partition's next offset, with what stood before in the group.
        actual: u64,
    },
    /// The partition has no offsets left.
    #[error("the partition has no offsets left")]
    OffsetsExhausted,
    /// More runs than a group may have.
    #[error("more than {limit} runs in a group")]
    TooManyRuns {
        /// Most runs of a group.
        limit: u32,
    },
    /// A producer the partition does not know may only start at sequence 0.
    #[error("unknown producer")]
    UnknownProducer {
        /// The partition's log start offset.
        log_start: u64,
    },
    /// The producer's batch leaves a gap, or repeats one that is no longer remembered.
    #[error("sequence {got} where {expected} was expected")]
    SequenceOutOfOrder {
        /// The next base sequence.
        expected: u32,
        /// The one proposed.
        got: u32,
    },
    /// The producer's epoch is over.
    #[error("the producer's epoch is {current}")]
    StaleProducerEpoch {
        /// Its epoch now.
        current: u32,
    },
    /// The HTTP producer's request leaves a gap.
    #[error("request {expected} was expected")]
    RequestGap {
        /// The next sequence.
        expected: u64,
    },
    /// The HTTP producer's epoch is over.
    #[error("the request producer's epoch is {current}")]
    StaleRequestEpoch {
        /// Its epoch now.
        current: u64,
    },
    /// Producer ids come by one at least, and not too many at once.
    #[error("producer ids are taken by 1 to {limit}")]
    InvalidCount {
        /// Most at once.
        limit: u32,
    },

    /// The group changed since it was seen.
    #[error("the group changed")]
    GroupChanged {
        /// Its last change; absent when there is no such group.
        actual: Option<Change>,
    },
    /// No such group.
    #[error("unknown group")]
    UnknownGroup,
    /// A group's name has 1 to 255 bytes.
    #[error("invalid group name")]
    InvalidGroup,
    /// No more groups fit.
    #[error("more than {limit} groups")]
    TooManyGroups {
        /// `groups.max`.
        limit: u64,
    },
    /// The metadata of a committed offset is too long.
    #[error("offset metadata longer than {limit_bytes} bytes")]
    MetadataTooLarge {
        /// Most bytes.
        limit_bytes: u32,
    },

    /// The offset lies beyond the partition's end.
    #[error("the offset is beyond the end {high_watermark}")]
    OffsetBeyondEnd {
        /// The partition's end.
        high_watermark: u64,
    },
    /// What the proposer saw has changed.
    #[error("what was seen has changed to {actual:?}")]
    SeenChanged {
        /// What it is now; absent when it is gone.
        actual: Option<u64>,
    },
    /// The extents to replace are no longer there as they were seen.
    #[error("the inputs changed")]
    InputsChanged,
    /// Records may be left out for their keys only of a topic that is compacted by key.
    #[error("the topic is not compacted by key")]
    NotCompacted,
    /// The outputs cannot stand in the inputs' place.
    #[error("wrong outputs: {0}")]
    OutputsWrong(&'static str),

    /// A snapshot of that position or a newer one is known.
    #[error("a snapshot at {newest} is known")]
    SnapshotOld {
        /// Position of the newest.
        newest: u64,
    },
    /// Nobody can have folded that far.
    #[error("position {position} has not been folded")]
    NotFolded {
        /// The position named.
        position: u64,
    },
    /// The mark's date lies before that of the newest mark.
    #[error("the newest mark's date is {newest_ms}")]
    DateFell {
        /// Date of the newest mark, milliseconds since 1970.
        newest_ms: i64,
    },
    /// A feature level only rises.
    #[error("the feature level only rises")]
    InvalidFeatureLevel,
}
