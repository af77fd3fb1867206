//! Histories for tests of plans: a fold that entries are applied to, one proposal each.

use std::collections::BTreeMap;

use metadata::entry::proposal::Kind;
use metadata::entry::{self, Append, CreateTopic, Group, Mark, ObjectNumber, Proposal, Register, Run, Swap};
use metadata::{
    Applied, EntryRef, Event, Fate, Incarnation, LakeEnd, Lane, ObjectName, Outcome, PartitionId, Place, Role, State,
    Verdict,
};

use super::{Limits, Window};

/// Limits that a few extents come up to.
pub(crate) const LIMITS: Limits = Limits {
    window_bytes_max: 1_000,
    window_extents_max: 100,
    proposal_bytes_max: 100_000,
};

/// The end of a small lake file.
pub(crate) const END: LakeEnd = LakeEnd {
    object_bytes: 300,
    tail_bytes: 20,
    tail_checksum: 5,
};

/// A run: topic, partition, records, bytes, greatest timestamp.
pub(crate) type TestRun = (u32, u32, u32, u32, i64);

/// A fold with an agent and a compactor.
#[derive(Debug)]
pub(crate) struct History {
    pub(crate) state: State,
    agent: Incarnation,
    compactor: Incarnation,
    sequences: BTreeMap<(Incarnation, u32), u64>,
    flush: u64,
}

impl History {
    pub(crate) fn new() -> History {
        let nobody = Incarnation {
            position: 0,
            index: 0,
            nonce: 0,
        };
        let mut history = History {
            state: State::genesis([1; 16], 1, [0; 32]),
            agent: nobody,
            compactor: nobody,
            sequences: BTreeMap::new(),
            flush: 0,
        };
        history.agent = history.register(Role::Agent, 1);
        history.compactor = history.register(Role::Compactor, 2);
        history
    }

    fn register(&mut self, role: Role, nonce: u64) -> Incarnation {
        let register = Register {
            nonce,
            role: role.into(),
            feature_min: 1,
            feature_max: 1,
            seen: self.state.position(),
            ..Register::default()
        };
        let proposal = Proposal {
            kind: Some(Kind::Register(register)),
            ..Proposal::default()
        };
        match self.apply(vec![proposal]).as_slice() {
            [Fate::Taken(verdicts)] => match verdicts.as_slice() {
                [Verdict::Applied(Applied::Registered(incarnation, _))] => *incarnation,
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    }

    fn apply(&mut self, proposals: Vec<Proposal>) -> Vec<Fate> {
        let body = entry::body(proposals);
        let position = self.state.position() + 1;
        let mut hash = [0; 32];
        hash[..8].copy_from_slice(&position.to_be_bytes());
        let entry = EntryRef {
            position,
            era: 1,
            hash,
            event: Event::Proposals(&body),
        };
        let outcomes: Vec<Outcome> = self.state.apply(entry).unwrap();
        outcomes.into_iter().map(|outcome| outcome.fate).collect()
    }

    fn propose(&mut self, incarnation: Incarnation, lane: Lane, flush: Option<u64>, kind: Kind) -> Vec<Verdict> {
        let next = self.sequences.entry((incarnation, lane.number())).or_default();
        let sequence = *next;
        *next += 1;
        let proposal = Proposal {
            incarnation: Some(incarnation.into()),
            lane: lane.number(),
            sequence,
            flush,
            kind: Some(kind),
            ..Proposal::default()
        };
        match self.apply(vec![proposal]).pop() {
            Some(Fate::Taken(verdicts)) => verdicts,
            other => panic!("{other:?}"),
        }
    }

    /// Any change by the agent, which must be applied.
    pub(crate) fn change(&mut self, kind: Kind) {
        let verdicts = self.propose(self.agent, Lane::Control, None, kind);
        assert!(verdicts.iter().all(is_applied), "{verdicts:?}");
    }

    pub(crate) fn topic(&mut self, name: &str, partitions: u32, configs: &[(&str, &str)]) -> u32 {
        let mut id = [7; 16];
        id[0] = u8::try_from(self.state.position()).unwrap();
        self.change(Kind::CreateTopic(CreateTopic {
            name: name.to_owned(),
            id: id.to_vec().into(),
            partitions,
            configs: configs.iter().map(|(name, value)| config(name, value)).collect(),
            first_offset: 0,
        }));
        self.state.topic_by_name(name).unwrap().number()
    }

    /// One entry with inline runs; its position.
    pub(crate) fn inline(&mut self, runs: &[TestRun]) -> u64 {
        let bytes = |run: &TestRun| vec![0; run.3 as usize].into();
        self.append(
            Lane::Inline,
            None,
            runs.iter().map(|test| run(test, 0, bytes(test))).collect(),
        );
        self.state.position()
    }

    /// One segment; its name.
    pub(crate) fn object(&mut self, runs: &[TestRun]) -> ObjectName {
        self.flush += 1;
        let flush = self.flush;
        let mut start = segment::HEADER_BYTES;
        let mut placed = Vec::new();
        for test in runs {
            placed.push(run(test, start, bytes::Bytes::new()));
            start += u64::from(test.3);
        }
        self.append(Lane::Object, Some(flush), placed);
        ObjectName {
            incarnation: self.agent,
            flush,
            attempt: 0,
        }
    }

    /// Appends a run with a producer, or one with an HTTP producer's request.
    pub(crate) fn produce(&mut self, topic: u32, producer: Option<u64>, request: Option<&str>) {
        let mut run = run(&(topic, 0, 1, 1, 0), 0, vec![0].into());
        run.producer = producer.map(|id| entry::ProducerBatch {
            id,
            epoch: 0,
            base_sequence: 0,
        });
        let request = request.map(|producer| entry::RequestSequence {
            producer: producer.as_bytes().to_vec().into(),
            epoch: 0,
            sequence: 0,
        });
        let groups = vec![Group {
            runs: vec![run],
            request,
        }];
        let kind = Kind::Append(Append { segment: None, groups });
        let verdicts = self.propose(self.agent, Lane::Inline, None, kind);
        assert!(verdicts.iter().all(is_applied), "{verdicts:?}");
    }

    fn append(&mut self, lane: Lane, flush: Option<u64>, runs: Vec<Run>) {
        let groups = runs.into_iter().map(|run| Group {
            runs: vec![run],
            request: None,
        });
        let kind = Kind::Append(Append {
            segment: flush.map(|flush| ObjectNumber { flush, attempt: 0 }),
            groups: groups.collect(),
        });
        let verdicts = self.propose(self.agent, lane, flush, kind);
        assert!(verdicts.iter().all(is_applied), "{verdicts:?}");
    }

    /// What a window's rewriting proposes, applied; the object that came of it.
    pub(crate) fn rewrite(&mut self, window: &Window) -> ObjectName {
        self.rewrite_as(window, |name, start| Place::Segment { name, start })
    }

    /// The same where the records become rows.
    pub(crate) fn rewrite_to_lake(&mut self, window: &Window, end: LakeEnd) -> ObjectName {
        self.rewrite_as(window, |name, _| Place::Lake { name, end })
    }

    fn rewrite_as(&mut self, window: &Window, place: impl Fn(ObjectName, u64) -> Place) -> ObjectName {
        self.flush += 1;
        let name = ObjectName {
            incarnation: self.compactor,
            flush: self.flush,
            attempt: 0,
        };
        let mut start = segment::HEADER_BYTES;
        let mut swaps = Vec::new();
        for item in &window.items {
            let output = super::swap::output(&item.inputs, place(name, start)).unwrap();
            start += u64::from(output.bytes);
            swaps.push(super::swap::partition_swap(item, output));
        }
        let kind = Kind::Swap(Swap { partitions: swaps });
        self.compactor_does(Some(self.flush), kind);
        name
    }

    /// A window's compaction by key, which leaves so many records out of each item, applied.
    pub(crate) fn clean(&mut self, window: &Window, end: LakeEnd, cleaned: metadata::Cleaned, dropped: u64) {
        self.flush += 1;
        let name = ObjectName {
            incarnation: self.compactor,
            flush: self.flush,
            attempt: 0,
        };
        let swaps = window.items.iter().map(|item| {
            let output = super::swap::output(&item.inputs, Place::Lake { name, end }).unwrap();
            entry::PartitionSwap {
                cleaning: Some(cleaned.into()),
                ..super::swap::partition_swap(item, super::swap::without(output, dropped, 0))
            }
        });
        let kind = Kind::Swap(Swap {
            partitions: swaps.collect(),
        });
        self.compactor_does(Some(self.flush), kind);
    }

    /// Publishes a topic's lake files as they are, and snapshots from so many positions before on.
    pub(crate) fn publish(&mut self, topic: u32, before: u64) -> ObjectName {
        self.flush += 1;
        let name = ObjectName {
            incarnation: self.compactor,
            flush: self.flush,
            attempt: 0,
        };
        let replaces = self.state.published(topic).and_then(|published| published.metadata());
        let seen = self.state.position();
        let kind = Kind::Publish(entry::Publish {
            topic,
            replaces: replaces.map(Into::into),
            seen,
            oldest: seen.saturating_sub(before),
            objects: vec![entry::DescribingObject {
                name: Some(name.into()),
                checksum: 1,
            }],
        });
        self.compactor_does(Some(self.flush), kind);
        name
    }

    fn compactor_does(&mut self, flush: Option<u64>, kind: Kind) {
        let verdicts = self.propose(self.compactor, Lane::Control, flush, kind);
        assert!(verdicts.iter().all(is_applied), "{verdicts:?}");
    }

    pub(crate) fn mark(&mut self, folded: u64, date: i64) {
        let mark = Mark {
            folded,
            date,
            lowest_inline: None,
        };
        self.compactor_does(None, Kind::Mark(mark));
    }

    /// Nothing but an entry.
    pub(crate) fn beat(&mut self) {
        self.change(Kind::Beat(entry::Beat {}));
    }

    pub(crate) fn alter_cluster(&mut self, name: &str, value: &str) {
        let set = vec![config(name, value)];
        self.change(Kind::AlterCluster(entry::AlterCluster { set, unset: vec![] }));
    }

    pub(crate) fn alter_topic(&mut self, topic: u32, name: &str, value: &str) {
        let (set, unset) = (vec![config(name, value)], vec![]);
        self.change(Kind::AlterTopic(entry::AlterTopic { topic, set, unset }));
    }

    pub(crate) fn trim(&mut self, topic: u32, partition: u32, before: u64) {
        let trim = entry::PartitionTrim {
            topic,
            partition,
            before,
            ..entry::PartitionTrim::default()
        };
        self.change(Kind::Trim(entry::Trim { partitions: vec![trim] }));
    }

    /// The bytes of a partition's extents, in order.
    pub(crate) fn sizes(&self, topic: u32, partition: u32) -> Vec<u32> {
        let partition = self.state.partition(PartitionId { topic, partition });
        partition.unwrap().extents().map(|extent| extent.bytes).collect()
    }

    pub(crate) fn agent(&self) -> Incarnation {
        self.agent
    }

    pub(crate) fn compactor(&self) -> Incarnation {
        self.compactor
    }

    /// Takes a later flush of the compactor, so that its earlier ones are over.
    pub(crate) fn mark_with_flush(&mut self, date: i64) {
        self.flush += 1;
        let mark = Mark {
            folded: self.state.position(),
            date,
            lowest_inline: None,
        };
        self.compactor_does(Some(self.flush), Kind::Mark(mark));
    }

    /// Retires the agent.
    pub(crate) fn retire_agent(&mut self) {
        let lanes = self.state.incarnation(&self.agent).unwrap().lanes_seen();
        let seen = lanes.into_iter().map(|(lane, next)| entry::LaneSeen {
            lane: lane.number(),
            next,
        });
        let retire = entry::Retire {
            target: Some(self.agent.into()),
            seen: seen.collect(),
        };
        self.compactor_does(None, Kind::Retire(retire));
    }

    /// A snapshot of the entry before the next one.
    pub(crate) fn snapshot(&mut self) {
        let taken = entry::SnapshotTaken {
            era: 1,
            position: self.state.position(),
            entry_hash: vec![0; 32].into(),
            attempt: 0,
            state_hash: vec![0; 32].into(),
            bytes: 1,
            lowest_inline: None,
        };
        self.compactor_does(None, Kind::SnapshotTaken(taken));
    }
}

fn config(name: &str, value: &str) -> entry::Config {
    entry::Config {
        name: name.to_owned(),
        value: value.to_owned(),
    }
}

fn is_applied(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Applied(_))
}

fn run(&(topic, partition, records, bytes, max_timestamp): &TestRun, start: u64, inline: bytes::Bytes) -> Run {
    Run {
        topic,
        partition,
        records,
        bytes,
        max_timestamp,
        start,
        inline,
        ..Run::default()
    }
}

/// An item by partition and the first offsets of its inputs.
pub(crate) fn shape(window: &Window) -> Vec<(u32, Vec<u64>)> {
    let items = window.items.iter();
    items
        .map(|item| {
            (
                item.partition.partition,
                item.inputs.iter().map(|input| input.first).collect(),
            )
        })
        .collect()
}
