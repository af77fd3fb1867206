//! One operation of a client: what a line of a history holds. Knows nothing of what is right.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One operation of a client, with all its attempts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operation {
    /// The client. But for sends it does one thing at a time.
    pub process: u32,
    /// When the first attempt began, on the clock of the history.
    pub invoked: u64,
    /// When the client knew what it says here, on the same clock.
    pub completed: u64,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it ended so, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// What it was.
    pub did: Did,
}

/// How an operation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Done.
    Ok,
    /// Certainly not done, now or ever.
    Fail,
    /// Nobody knows. So it is with every operation of which one attempt had no definite answer, whatever the others had.
    Info,
}

/// What an operation was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Did {
    /// Created a topic, or says what it is like.
    Topic(TopicLike),
    /// Deleted a topic. From then on nothing of it is promised.
    Delete {
        /// The topic.
        topic: String,
    },
    /// Asked for the records of a partition before an offset to be deleted.
    Trim {
        /// The partition.
        key: String,
        /// The offset of the first record that is to stay.
        before: u64,
    },
    /// Sent records.
    Send(Send),
    /// Chose partitions to read; each poll goes on where the one before had stopped.
    Assign {
        /// The partitions, each with the offset to begin at when that is known.
        from: Vec<(String, Option<u64>)>,
    },
    /// Left it to its group to choose: partitions come and go.
    Subscribe {
        /// The topics.
        topics: Vec<String>,
    },
    /// Read records.
    Poll(Poll),
    /// Asked where partitions begin and end.
    Watermarks {
        /// What the answers rest on.
        basis: Basis,
        /// By partition.
        marks: Vec<(String, Marks)>,
    },
    /// Committed offsets of a group.
    Commit {
        /// The group.
        group: String,
        /// By partition.
        offsets: Vec<(String, u64)>,
        /// Whether one that succeeded keeps out those of the group whose clients had given up before it was invoked.
        #[serde(default, skip_serializing_if = "is_false")]
        settles: bool,
    },
    /// Asked for the offsets that a group has committed.
    Committed {
        /// The group.
        group: String,
        /// By partition; none where nothing is committed.
        offsets: Vec<(String, Option<u64>)>,
    },
    /// Read a partition from one offset up to another and kept its chain of hashes alone.
    Prefix {
        /// The partition.
        key: String,
        /// The first offset.
        from: u64,
        /// The offset behind the last.
        end: u64,
        /// The chain, 64 hexadecimal digits.
        hash: String,
    },
    /// Died. What goes on under its number has forgotten everything.
    Crash,
}

/// What a topic is like.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TopicLike {
    /// Its name. One that is created again under the name of another has to have a name of its own here.
    pub topic: String,
    /// Its log starts move by themselves.
    #[serde(default, skip_serializing_if = "is_false")]
    pub retained: bool,
    /// Some offsets have no record.
    #[serde(default, skip_serializing_if = "is_false")]
    pub holes: bool,
    /// Records go when later ones replace them, so there are holes as well.
    #[serde(default, skip_serializing_if = "is_false")]
    pub compacted: bool,
}

/// Records that were sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Send {
    /// By partition.
    pub parts: Vec<SendPart>,
    /// Whether it was several requests, each of which may have its own fate.
    #[serde(default, skip_serializing_if = "is_false")]
    pub apart: bool,
    /// Who sent it, when it was numbered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub producer: Option<Producer>,
}

/// An idempotent producer and the place of a send among all of its.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Producer {
    /// The producer, over all its epochs.
    pub id: String,
    /// Its epoch.
    pub epoch: u64,
    /// Rises from send to send within the epoch.
    pub sequence: u64,
}

/// Records for one partition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SendPart {
    /// The partition, or a topic when any of its partitions may take them.
    pub key: String,
    /// The records' values in their order; no two records of a history have the same.
    pub values: Vec<String>,
    /// The first record's offset, the others following, if that was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<u64>,
    /// Each record's offset, where they were told one by one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offsets: Option<Vec<u64>>,
}

/// Records that were read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Poll {
    /// By partition. One partition may have several parts.
    pub parts: Vec<PollPart>,
    /// Whether it is one of those that read everything, when no request was under way any more and none could still
    /// take effect.
    #[serde(default, skip_serializing_if = "is_false")]
    pub last: bool,
    /// What the watermarks rest on.
    #[serde(default, skip_serializing_if = "Basis::is_hint")]
    pub basis: Basis,
}

/// What was read of one partition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PollPart {
    /// The partition.
    pub key: String,
    /// The offset that was asked for, when it is not where the poll before had stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<u64>,
    /// Offsets and values, in the order in which they came.
    pub records: Vec<(u64, String)>,
    /// Whether the partition was taken or given within this poll.
    #[serde(default, skip_serializing_if = "is_false")]
    pub rebalanced: bool,
    /// Where it begins and ends, if the answer said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marks: Option<Marks>,
}

/// Where a partition begins and ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Marks {
    /// The offset of the first record that is kept.
    pub log_start: u64,
    /// The offset behind the last record.
    pub high_watermark: u64,
    /// The offset behind the last record that no open transaction holds up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_stable: Option<u64>,
}

/// What an answer about watermarks rests on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Basis {
    /// Whatever the one who answered knew.
    #[default]
    Hint,
    /// No less than the process was told before: it carries its position along.
    Carried,
    /// The end, looked at after the question arrived.
    Tip,
}

impl Basis {
    fn is_hint(&self) -> bool {
        *self == Basis::Hint
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it by reference")]
fn is_false(flag: &bool) -> bool {
    !flag
}

impl fmt::Display for Outcome {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Outcome::Ok => "ok",
            Outcome::Fail => "fail",
            Outcome::Info => "info",
        })
    }
}
