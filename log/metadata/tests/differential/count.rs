//! Counts what was reached: every kind applied, every reason of rejection, every other fate.

use std::collections::BTreeMap;

use metadata::entry::Body;
use metadata::entry::proposal::Kind;
use metadata::{Applied, Fate, Outcome, Rejection, Verdict};

use crate::model::Model;

#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) proposals: u64,
    reached: BTreeMap<&'static str, u64>,
}

/// Every label that must be reached, so that one which nobody reaches is missed.
const ALL: &[&str] = &[
    "register",
    "beat",
    "retire",
    "create topic",
    "alter topic",
    "delete topic",
    "add partitions",
    "append",
    "producer ids",
    "commit offsets",
    "delete group",
    "trim",
    "swap",
    "publish",
    "snapshot taken",
    "mark",
    "expire",
    "alter cluster",
    "feature level",
    "void",
    "dropped",
    "RequestDuplicate",
    "RequestTooOld",
    "repeated batch",
    "a table longer than its log",
    "Halted",
    "FoldFull",
    "FlushFell",
    "WrongLane",
    "WrongRole",
    "Malformed",
    "NotLive",
    "HeardSince",
    "TooManyLives",
    "FeatureOutOfRange",
    "UnknownTopic",
    "UnknownPartition",
    "TopicExists",
    "TopicIdTaken",
    "InvalidName",
    "InvalidPartitions",
    "TooManyPartitions",
    "InvalidConfig",
    "InvalidOffset",
    "OffsetMismatch",
    "OffsetsExhausted",
    "TooManyRuns",
    "UnknownProducer",
    "SequenceOutOfOrder",
    "StaleProducerEpoch",
    "RequestGap",
    "StaleRequestEpoch",
    "InvalidCount",
    "GroupChanged",
    "UnknownGroup",
    "InvalidGroup",
    "TooManyGroups",
    "MetadataTooLarge",
    "OffsetBeyondEnd",
    "SeenChanged",
    "InputsChanged",
    "NotCompacted",
    "OutputsWrong",
    "SnapshotOld",
    "NotFolded",
    "DateFell",
    "InvalidFeatureLevel",
];

fn kind(kind: Option<&Kind>) -> &'static str {
    match kind {
        None => "none",
        Some(Kind::Register(_)) => "register",
        Some(Kind::Beat(_)) => "beat",
        Some(Kind::Retire(_)) => "retire",
        Some(Kind::CreateTopic(_)) => "create topic",
        Some(Kind::AlterTopic(_)) => "alter topic",
        Some(Kind::DeleteTopic(_)) => "delete topic",
        Some(Kind::AddPartitions(_)) => "add partitions",
        Some(Kind::Append(_)) => "append",
        Some(Kind::ProducerIds(_)) => "producer ids",
        Some(Kind::CommitOffsets(_)) => "commit offsets",
        Some(Kind::DeleteGroup(_)) => "delete group",
        Some(Kind::Trim(_)) => "trim",
        Some(Kind::Swap(_)) => "swap",
        Some(Kind::Publish(_)) => "publish",
        Some(Kind::SnapshotTaken(_)) => "snapshot taken",
        Some(Kind::Mark(_)) => "mark",
        Some(Kind::Expire(_)) => "expire",
        Some(Kind::AlterCluster(_)) => "alter cluster",
        Some(Kind::FeatureLevel(_)) => "feature level",
    }
}

/// A new reason does not compile until it has a label here; put it in [`ALL`] too.
fn reason(rejection: &Rejection) -> &'static str {
    match rejection {
        Rejection::Halted => "Halted",
        Rejection::FoldFull { .. } => "FoldFull",
        Rejection::FlushFell { .. } => "FlushFell",
        Rejection::WrongLane => "WrongLane",
        Rejection::WrongRole => "WrongRole",
        Rejection::Malformed(_) => "Malformed",
        Rejection::NotLive => "NotLive",
        Rejection::HeardSince => "HeardSince",
        Rejection::TooManyLives { .. } => "TooManyLives",
        Rejection::FeatureOutOfRange { .. } => "FeatureOutOfRange",
        Rejection::UnknownTopic => "UnknownTopic",
        Rejection::UnknownPartition => "UnknownPartition",
        Rejection::TopicExists => "TopicExists",
        Rejection::TopicIdTaken => "TopicIdTaken",
        Rejection::InvalidName(_) => "InvalidName",
        Rejection::InvalidPartitions => "InvalidPartitions",
        Rejection::TooManyPartitions { .. } => "TooManyPartitions",
        Rejection::InvalidConfig { .. } => "InvalidConfig",
        Rejection::InvalidOffset => "InvalidOffset",
        Rejection::OffsetMismatch { .. } => "OffsetMismatch",
        Rejection::OffsetsExhausted => "OffsetsExhausted",
        Rejection::TooManyRuns { .. } => "TooManyRuns",
        Rejection::UnknownProducer { .. } => "UnknownProducer",
        Rejection::SequenceOutOfOrder { .. } => "SequenceOutOfOrder",
        Rejection::StaleProducerEpoch { .. } => "StaleProducerEpoch",
        Rejection::RequestGap { .. } => "RequestGap",
        Rejection::StaleRequestEpoch { .. } => "StaleRequestEpoch",
        Rejection::InvalidCount { .. } => "InvalidCount",
        Rejection::GroupChanged { .. } => "GroupChanged",
        Rejection::UnknownGroup => "UnknownGroup",
        Rejection::InvalidGroup => "InvalidGroup",
        Rejection::TooManyGroups { .. } => "TooManyGroups",
        Rejection::MetadataTooLarge { .. } => "MetadataTooLarge",
        Rejection::OffsetBeyondEnd { .. } => "OffsetBeyondEnd",
        Rejection::SeenChanged { .. } => "SeenChanged",
        Rejection::InputsChanged => "InputsChanged",
        Rejection::NotCompacted => "NotCompacted",
        Rejection::OutputsWrong(_) => "OutputsWrong",
        Rejection::SnapshotOld { .. } => "SnapshotOld",
        Rejection::NotFolded { .. } => "NotFolded",
        Rejection::DateFell { .. } => "DateFell",
        Rejection::InvalidFeatureLevel => "InvalidFeatureLevel",
    }
}

impl Counts {
    /// Partitions of which lake files stay below the log start.
    pub(crate) fn longer_tables(&mut self, model: &Model) {
        let partitions = model.topics.values().flat_map(|topic| &topic.partitions);
        let is_longer = |partition: &&crate::model::Partition| {
            let first = partition.extents.first();
            first.is_some_and(|first| first.last < partition.start)
        };
        let count = partitions.filter(is_longer).count() as u64;
        self.add("a table longer than its log", count);
    }

    pub(crate) fn count(&mut self, body: &Body, outcomes: &[Outcome]) {
        for (proposal, outcome) in body.proposals.iter().zip(outcomes) {
            self.proposals += 1;
            match &outcome.fate {
                Fate::Dropped => self.add("dropped", 1),
                Fate::Void => self.add("void", 1),
                Fate::Taken(verdicts) => {
                    verdicts
                        .iter()
                        .for_each(|verdict| self.verdict(kind(proposal.kind.as_ref()), verdict));
                }
            }
        }
    }

    fn verdict(&mut self, kind: &'static str, verdict: &Verdict) {
        self.add("repeated batch", Model::repeats(verdict) as u64);
        match verdict {
            Verdict::Rejected(rejection) => self.add(reason(rejection), 1),
            Verdict::Applied(Applied::RequestDuplicate { .. }) => self.add("RequestDuplicate", 1),
            Verdict::Applied(Applied::RequestTooOld) => self.add("RequestTooOld", 1),
            Verdict::Applied(_) => self.add(kind, 1),
        }
    }

    fn add(&mut self, label: &'static str, count: u64) {
        *self.reached.entry(label).or_default() += count;
    }

    /// Each label was reached at least so often.
    pub(crate) fn assert_reached(&self, least: u64) {
        let missed: Vec<_> = ALL
            .iter()
            .filter(|label| self.reached.get(*label).is_none_or(|&count| count < least))
            .collect();
        assert!(
            missed.is_empty(),
            "reached less than {least} times: {missed:?} of {:#?}",
            self.reached
        );
        let other: Vec<_> = self.reached.keys().filter(|label| !ALL.contains(label)).collect();
        assert!(other.is_empty(), "labels that are not listed: {other:?}");
    }
}
