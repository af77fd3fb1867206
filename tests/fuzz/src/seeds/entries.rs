//! Entries in which every kind of proposal takes effect, and the states they lead to.

use metadata::State;
use metadata::entry::proposal::Kind;
use metadata::entry::{
    self, AddPartitions, AlterCluster, AlterTopic, Append, Beat, Body, Change, CommitOffsets, Config, CreateTopic,
    DeleteGroup, DeleteTopic, Expire, Extent, FeatureLevel, Group, GroupSeen, Incarnation, Mark, ObjectName,
    ObjectNumber, OffsetCommit, PartitionSwap, PartitionTrim, ProducerBatch, ProducerIds, ProducerSeen, Proposal,
    RequestProducerSeen, RequestSequence, Retire, Run, SegmentPlace, SnapshotTaken, Swap, Trim, extent,
};
use metadata::{EntryRef, Event};

use super::{Seed, seed};
use crate::{adapt, entries};

/// The agent and the compactor of the small state.
const AGENT: u64 = 0;
const COMPACTOR: u64 = 1;

/// The change that asks for a group's last.
const LAST: Option<Change> = Some(Change { position: 0, index: 0 });

fn run(partition: u32, records: u32, inline: &'static [u8]) -> Run {
    Run {
        topic: 1,
        partition,
        records,
        bytes: inline.len() as u32,
        max_timestamp: 1_700_000_000_000,
        inline: inline.into(),
        ..Default::default()
    }
}

fn stored(partition: u32, records: u32, start: u64, bytes: u32) -> Run {
    Run {
        topic: 1,
        partition,
        records,
        bytes,
        start,
        ..Default::default()
    }
}

fn inline(runs: Vec<Run>, request: Option<RequestSequence>) -> Proposal {
    let group = Group { runs, request };
    let append = Append {
        segment: None,
        groups: vec![group],
    };
    adapt::of_life(AGENT, 1, Kind::Append(append))
}

fn object(flush: u64, groups: Vec<Vec<Run>>) -> Proposal {
    let groups = groups.into_iter().map(|runs| Group { runs, request: None }).collect();
    let append = Append {
        segment: Some(ObjectNumber { flush, attempt: 1 }),
        groups,
    };
    Proposal {
        flush: Some(flush),
        ..adapt::of_life(AGENT, 2, Kind::Append(append))
    }
}

fn control(life: u64, kind: Kind) -> Proposal {
    adapt::of_life(life, 0, kind)
}

/// Replaces the first `inputs` extents of a partition by one of `records` records.
fn swap(partition: u32, inputs: u64, last_delta: u32, flush: u64) -> Proposal {
    let asked = |number| Extent {
        first: number,
        ..Default::default()
    };
    let name = ObjectName {
        incarnation: Some(Incarnation::default()),
        flush,
        attempt: 0,
    };
    let output = Extent {
        first: 0,
        last_delta,
        records: last_delta + 1,
        bytes: 99,
        max_timestamp: 5,
        place: Some(extent::Place::Segment(SegmentPlace {
            name: Some(name),
            start: 8,
        })),
    };
    let part = PartitionSwap {
        topic: 1,
        partition,
        inputs: (0..inputs).map(asked).collect(),
        outputs: vec![output],
        cleaning: None,
    };
    let swap = Swap { partitions: vec![part] };
    Proposal {
        flush: Some(flush),
        ..control(COMPACTOR, Kind::Swap(swap))
    }
}

fn config(name: &str, value: &str) -> Vec<Config> {
    vec![Config {
        name: name.to_owned(),
        value: value.to_owned(),
    }]
}

fn commit(seen: Option<Change>, forget: bool) -> Kind {
    let offset = OffsetCommit {
        topic: 1,
        partition: 1,
        offset: if forget { 0 } else { 4 },
        leader_epoch: if forget { 0 } else { -1 },
        metadata: if forget { String::new() } else { "m".to_owned() },
        forget,
    };
    Kind::CommitOffsets(CommitOffsets {
        group: "g".to_owned(),
        seen,
        timestamp: 8,
        offsets: vec![offset],
    })
}

fn records() -> Vec<Body> {
    let producer = |base_sequence| {
        Some(ProducerBatch {
            id: 5,
            epoch: 1,
            base_sequence,
        })
    };
    let numbered = |sequence| {
        Some(RequestSequence {
            producer: b"p"[..].into(),
            epoch: 2,
            sequence,
        })
    };
    let of_producer = |base| Run {
        producer: producer(base),
        expected_offset: Some(2 + u64::from(base)),
        ..run(0, 1, b"e")
    };
    vec![
        entry::body(vec![inline(vec![run(0, 2, b"ab"), run(1, 1, b"c")], None)]),
        entry::body(vec![
            inline(vec![run(1, 3, b"d")], numbered(0)),
            inline(vec![of_producer(0)], None),
        ]),
        entry::body(vec![
            inline(vec![run(1, 3, b"d")], numbered(0)),
            inline(vec![of_producer(0)], None),
        ]),
        entry::body(vec![object(
            0,
            vec![
                vec![stored(0, 2, 8, 50)],
                vec![stored(0, 3, 58, 7)],
                vec![stored(1, 1, 65, 9)],
            ],
        )]),
        entry::body(vec![
            inline(vec![run(1, 1, b"d")], numbered(1)),
            object(1, vec![vec![stored(1, 9, 8, 90)]]),
        ]),
    ]
}

fn upkeep() -> Vec<Body> {
    let trim = |before| {
        Kind::Trim(Trim {
            partitions: vec![PartitionTrim {
                topic: 1,
                partition: 0,
                before,
                seen_start: None,
                lake_before: None,
            }],
        })
    };
    let taken = Kind::SnapshotTaken(SnapshotTaken {
        era: 1,
        position: 3,
        entry_hash: vec![1; 32].into(),
        attempt: 2,
        state_hash: vec![2; 32].into(),
        bytes: 9,
        lowest_inline: Some(3),
    });
    let mark = |folded, date| {
        Kind::Mark(Mark {
            folded,
            date,
            lowest_inline: Some(2),
        })
    };
    vec![
        entry::body(vec![swap(0, 3, 7, 0)]),
        entry::body(vec![
            control(AGENT, trim(1)),
            swap(1, 2, 3, 0),
            control(COMPACTOR, taken),
        ]),
        entry::body(vec![
            control(COMPACTOR, mark(5, 1_700_000_000_000)),
            control(AGENT, trim(8)),
        ]),
        entry::body(vec![control(COMPACTOR, mark(8, 1_700_000_100_000)), swap(1, 1, 3, 2)]),
        entry::body(vec![control(COMPACTOR, mark(9, 1_700_900_000_000))]),
    ]
}

fn admin() -> Vec<Body> {
    let create = Kind::CreateTopic(CreateTopic {
        name: "u".to_owned(),
        id: vec![8; 16].into(),
        partitions: 3,
        configs: config("retention.ms", "5"),
        first_offset: 4,
    });
    let alter = Kind::AlterTopic(AlterTopic {
        topic: 2,
        set: config("max.message.bytes", "77"),
        unset: vec!["retention.ms".to_owned()],
    });
    let add = Kind::AddPartitions(AddPartitions {
        topic: 2,
        seen: 3,
        total: 5,
    });
    let limits = Kind::AlterCluster(AlterCluster {
        set: config("agent.timeout.ms", "5000"),
        unset: vec!["groups.max".to_owned()],
    });
    vec![
        entry::body(vec![control(AGENT, create), control(AGENT, alter), control(AGENT, add)]),
        entry::body(vec![
            control(AGENT, commit(None, false)),
            control(AGENT, limits),
            control(COMPACTOR, Kind::Beat(Beat {})),
        ]),
        entry::body(vec![
            control(AGENT, commit(LAST, true)),
            control(AGENT, Kind::ProducerIds(ProducerIds { count: 10 })),
        ]),
    ]
}

fn ends() -> Vec<Body> {
    let expire = Kind::Expire(Expire {
        producers: vec![ProducerSeen {
            topic: 1,
            partition: 0,
            id: 5,
            seen: 0,
        }],
        request_producers: vec![RequestProducerSeen {
            topic: 1,
            producer: b"p"[..].into(),
            seen: 0,
        }],
        groups: vec![GroupSeen {
            group: "g".to_owned(),
            seen: LAST,
        }],
    });
    let delete_group = Kind::DeleteGroup(DeleteGroup {
        group: "g".to_owned(),
        seen: LAST,
    });
    let retire = Kind::Retire(Retire {
        target: Some(Incarnation {
            nonce: COMPACTOR,
            ..Default::default()
        }),
        seen: Vec::new(),
    });
    let raise = Kind::FeatureLevel(FeatureLevel { seen: 1, level: 2 });
    vec![
        entry::body(vec![control(AGENT, expire)]),
        entry::body(vec![control(AGENT, commit(None, false))]),
        entry::body(vec![control(AGENT, delete_group), control(AGENT, raise)]),
        entry::body(vec![control(AGENT, Kind::DeleteTopic(DeleteTopic { topic: 1 }))]),
        entry::body(vec![control(AGENT, retire)]),
    ]
}

fn framed(flags: u8, bodies: &[Body], marks: &[(usize, u8)]) -> Vec<u8> {
    let mut bytes = vec![flags];
    for (at, body) in bodies.iter().enumerate() {
        for (_, kind) in marks.iter().filter(|(place, _)| *place == at) {
            bytes.push(*kind);
        }
        let encoded = entry::encode_body(body);
        bytes.push(0);
        bytes.extend((encoded.len() as u16).to_be_bytes());
        bytes.extend(encoded);
    }
    bytes
}

fn histories() -> Vec<(&'static str, Vec<Body>)> {
    vec![
        ("records", records()),
        ("admin", [admin(), ends()].concat()),
        ("upkeep", [records(), upkeep()].concat()),
        ("all", [records(), admin(), upkeep(), ends()].concat()),
    ]
}

pub(super) fn seeds() -> Vec<Seed> {
    let golden = include_bytes!("../../../../log/metadata/tests/golden/body-v1.bin");
    let length = (golden.len() as u16).to_be_bytes();
    let mut seeds = vec![seed("golden", [&[0, 0][..], &length, golden].concat())];
    for (name, bodies) in histories() {
        seeds.push(seed(name, framed(0, &bodies, &[])));
        seeds.push(seed(&format!("{name}-compared"), framed(4, &bodies, &[])));
    }
    let (void, halt, era, restart) = (entries::VOID, entries::VOID + 1, entries::VOID + 2, entries::VOID + 3);
    let all = [records(), upkeep()].concat();
    seeds.push(seed(
        "halted",
        framed(0, &all, &[(2, halt), (4, era), (6, void), (7, restart)]),
    ));
    seeds.push(seed("full", framed(3, &all, &[])));
    seeds
}

/// The states after them.
pub(super) fn states() -> Vec<(String, State)> {
    let all = histories().into_iter().map(|(name, bodies)| {
        let mut state = entries::small(0);
        for body in bodies {
            let body = adapt::body(body, &state);
            let entry = EntryRef {
                position: state.position() + 1,
                era: 1,
                hash: [3; 32],
                event: Event::Proposals(&body),
            };
            state.apply(entry).expect("entries of ours");
        }
        (name.to_owned(), state)
    });
    all.collect()
}
