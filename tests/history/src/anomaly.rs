//! What can be wrong with a history, and the list of what is. Knows no check.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

/// So many of one kind are kept, the first ones; all are counted.
pub const KEPT_MAX: usize = 20;

macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $kind:ident $name:literal)+) => {
        /// A kind of anomaly.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Kind {
            $($(#[doc = $doc])+ $kind,)+
        }

        impl Kind {
            /// All there are.
            pub const ALL: &[Kind] = &[$(Kind::$kind,)+];

            /// Its name.
            pub fn name(self) -> &'static str {
                match self { $(Kind::$kind => $name,)+ }
            }

            /// What it is, in a sentence.
            pub fn means(self) -> &'static str {
                match self { $(Kind::$kind => concat!($($doc),+).trim_ascii(),)+ }
            }
        }
    };
}

kinds! {
    /// One offset of a partition has two values.
    InconsistentOffsets "inconsistent-offsets"
    /// One value has two places.
    Duplicate "duplicate"
    /// A record was acknowledged, or read, and is not where readers have been.
    LostWrite "lost-write"
    /// A record was acknowledged and nobody had read it when everything was read.
    Unseen "unseen"
    /// A record was read whose send certainly had no effect.
    AbortedRead "G1a"
    /// A record was read that nobody sent, or not to this partition.
    Phantom "phantom"
    /// A record had been read before its send began.
    FutureRead "future-read"
    /// A poll left out a record between two that it gave.
    IntPollSkip "int-poll-skip"
    /// A poll gave a record that does not lie behind the one it gave before.
    IntNonmonotonicPoll "int-nonmonotonic-poll"
    /// Between two polls of an assignment a record was left out.
    PollSkip "poll-skip"
    /// A poll began before the place where the one before had stopped.
    NonmonotonicPoll "nonmonotonic-poll"
    /// Records of one numbered send do not lie in its order.
    IntNonmonotonicSend "int-nonmonotonic-send"
    /// A producer's later send lies before an earlier one.
    NonmonotonicSend "nonmonotonic-send"
    /// Another's record lies between those of one operation. This may be.
    IntSendSkip "int-send-skip"
    /// A send got an offset below one that was acknowledged before it began.
    RealtimeSendOrder "realtime-send-order"
    /// A watermark fell for a client that carries its position.
    WatermarkFell "watermark-fell"
    /// The log start, the last stable offset, the high watermark and the records read are not in this order.
    WatermarkOrder "watermark-order"
    /// An answer about the end was older than its question.
    StaleEnd "stale-end"
    /// A log start lies beyond what anybody asked to be deleted.
    UnaskedTrim "unasked-trim"
    /// A group's offset is neither the one committed last nor one whose commit may have succeeded.
    CommittedOffset "committed-offset"
    /// The chain of hashes over a prefix is not that of its records.
    PrefixHash "prefix-hash"
    /// A request is in the log in part only, or its records do not lie one behind the other.
    TornRequest "torn-request"
    /// An offset has no record.
    Hole "hole"
}

impl Kind {
    /// The kind of this name.
    pub fn of(name: &str) -> Option<Kind> {
        Kind::ALL.iter().find(|kind| kind.name() == name).copied()
    }

    /// Whether a sound log may show it: then it is told, and counts as nothing wrong.
    pub fn may_be(self) -> bool {
        self == Kind::IntSendSkip
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

impl Serialize for Kind {
    fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(self.name())
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Anomaly {
    /// What kind of thing.
    pub kind: Kind,
    /// Which records, in words.
    pub what: String,
    /// The lines of the operations concerned, from 1 (which is the head).
    pub lines: Vec<u32>,
}

impl fmt::Display for Anomaly {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.kind, self.what)
    }
}

/// What is wrong so far. Keeps the first of each kind and counts all.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    kept: BTreeMap<Kind, Vec<Found>>,
    counts: BTreeMap<Kind, u64>,
}

/// A finding whose writers are not looked up yet.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) what: String,
    pub(crate) lines: Vec<u32>,
    /// Values whose sends belong to it.
    pub(crate) values: Vec<u32>,
}

impl Findings {
    pub(crate) fn add(&mut self, kind: Kind, lines: &[u32], values: &[u32], what: impl FnOnce() -> String) {
        *self.counts.entry(kind).or_default() += 1;
        let kept = self.kept.entry(kind).or_default();
        if kept.len() < KEPT_MAX {
            kept.push(Found {
                what: what(),
                lines: lines.to_vec(),
                values: values.to_vec(),
            });
        }
    }

    pub(crate) fn counts(&self) -> BTreeMap<Kind, u64> {
        self.counts.clone()
    }

    /// What was kept, with the lines of the sends that `line_of` knows.
    pub(crate) fn into_anomalies(self, line_of: impl Fn(u32) -> Option<u32>) -> Vec<Anomaly> {
        let all = self
            .kept
            .into_iter()
            .flat_map(|(kind, kept)| kept.into_iter().map(move |found| (kind, found)));
        all.map(|(kind, found)| {
            let mut lines = found.lines;
            lines.extend(found.values.iter().filter_map(|value| line_of(*value)));
            lines.sort_unstable();
            lines.dedup();
            Anomaly {
                kind,
                what: found.what,
                lines,
            }
        })
        .collect()
    }
}
