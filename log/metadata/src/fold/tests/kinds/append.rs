//! Appends: lanes, groups, producers, requests, extents.

use super::*;
use crate::entry::{Append, Group, ObjectNumber, ProducerBatch, RequestSequence, Run};
use crate::ids::Lane;
use crate::outcome::{Rejection, RunAck};

fn run(partition: u32, records: u32) -> Run {
    let inline = bytes::Bytes::from_static(b"abc");
    Run {
        topic: 1,
        partition,
        records,
        bytes: 3,
        inline,
        ..Default::default()
    }
}

fn batch(partition: u32, records: u32, epoch: u32, base_sequence: u32) -> Run {
    Run {
        producer: Some(ProducerBatch {
            id: 7,
            epoch,
            base_sequence,
        }),
        ..run(partition, records)
    }
}

fn group(runs: Vec<Run>) -> Group {
    Group { runs, request: None }
}

impl Ready {
    fn inline(&mut self, groups: Vec<Group>) -> Vec<Verdict> {
        self.fixture.verdicts(
            self.agent,
            Lane::Inline,
            None,
            Kind::Append(Append { segment: None, groups }),
        )
    }

    fn one(&mut self, group: Group) -> Verdict {
        self.inline(vec![group]).remove(0)
    }

    fn segment(&mut self, flush: u64, runs: &[(u32, u64, u32)]) -> Vec<Verdict> {
        let groups = runs.iter().map(|&(partition, start, bytes)| {
            group(vec![Run {
                topic: 1,
                partition,
                records: 1,
                bytes,
                start,
                ..Default::default()
            }])
        });
        let append = Append {
            segment: Some(ObjectNumber { flush, attempt: 1 }),
            groups: groups.collect(),
        };
        self.fixture
            .verdicts(self.agent, Lane::Object, Some(flush), Kind::Append(append))
    }
}

fn ack(partition: u32, base_offset: u64, records: u32) -> RunAck {
    RunAck {
        partition: PartitionId { topic: 1, partition },
        base_offset,
        records,
        duplicate: false,
    }
}

fn applied(acks: &[RunAck]) -> Verdict {
    Verdict::Applied(Applied::Append(acks.to_vec()))
}

fn repeated(ack: RunAck) -> RunAck {
    RunAck { duplicate: true, ..ack }
}

#[test]
fn a_group_is_applied_whole_or_not_at_all() {
    let mut ready = Ready::new();
    let verdicts = ready.inline(vec![
        group(vec![run(0, 2), run(1, 3), run(0, 1)]),
        group(vec![
            run(0, 5),
            Run {
                partition: 3,
                ..run(0, 1)
            },
        ]),
        group(vec![run(0, 5), Run { topic: 2, ..run(0, 1) }]),
        group(vec![
            Run {
                expected_offset: Some(3),
                ..run(0, 4)
            },
            Run {
                expected_offset: Some(7),
                ..run(0, 1)
            },
        ]),
        group(vec![
            run(1, 1),
            Run {
                expected_offset: Some(9),
                ..run(0, 4)
            },
        ]),
        group(vec![run(1, 1)]),
    ]);
    let expect = [
        applied(&[ack(0, 0, 2), ack(1, 0, 3), ack(0, 2, 1)]),
        rejected(Rejection::UnknownPartition),
        rejected(Rejection::UnknownTopic),
        applied(&[ack(0, 3, 4), ack(0, 7, 1)]),
        rejected(Rejection::OffsetMismatch { actual: 8 }),
        applied(&[ack(1, 3, 1)]),
    ];
    assert_eq!(verdicts, expect);
    assert_eq!((ready.edges(0), ready.edges(1)), (vec![0, 2, 3, 7, 8], vec![0, 3, 4]));
    let places: Vec<_> = ready.partition(1).extents().map(|extent| extent.place).collect();
    let position = ready.fixture.state.position();
    let place = |run| crate::Place::Inline {
        position,
        proposal: 0,
        run,
    };
    assert_eq!(
        places,
        [place(1), place(11)],
        "runs are counted over all groups, rejected ones too"
    );
    assert_eq!(
        (ready.fixture.state.inline_bytes(), ready.fixture.state.lowest_inline()),
        (18, Some(position))
    );
    ready.fixture.through_snapshot();
}

#[test]
fn what_contradicts_itself_is_malformed() {
    let mut ready = Ready::new();
    let request = |producer: &[u8]| {
        Some(RequestSequence {
            producer: producer.to_vec().into(),
            epoch: 0,
            sequence: 0,
        })
    };
    let too_long = vec![b'p'; 256];
    let cases = [
        group(vec![]),
        group(vec![run(0, 0)]),
        group(vec![Run {
            bytes: 0,
            inline: Default::default(),
            ..run(0, 1)
        }]),
        group(vec![Run { bytes: 4, ..run(0, 1) }]),
        group(vec![Run { start: 1, ..run(0, 1) }]),
        group(vec![batch(0, 1, 0x8000, 0)]),
        group(vec![batch(0, 1, 0, 1 << 31)]),
        group(vec![batch(0, u32::MAX, 0, 0)]),
        Group {
            runs: vec![run(0, 1)],
            request: request(b""),
        },
        Group {
            runs: vec![run(0, 1)],
            request: request(&too_long),
        },
        Group {
            runs: vec![run(0, 1), Run { topic: 2, ..run(0, 1) }],
            request: request(b"p"),
        },
    ];
    for case in cases {
        let verdict = ready.one(case.clone());
        assert!(
            matches!(verdict, Verdict::Rejected(Rejection::Malformed(_))),
            "{case:?}: {verdict:?}"
        );
    }
    let limit = crate::RUNS_PER_GROUP_MAX;
    let many = group(vec![run(0, 1); limit as usize + 1]);
    assert_eq!(ready.one(many), rejected(Rejection::TooManyRuns { limit }));
    assert_eq!(
        ready.segment(3, &[(0, u64::MAX, 1)]),
        [rejected(Rejection::Malformed(
            "a run's bytes are not where its lane has them"
        ))]
    );
    assert_eq!(ready.edges(0), [0]);
}

#[test]
fn a_producer_of_kafka_is_taken_in_sequence() {
    let mut ready = Ready::new();
    let wrong = |expected, got| rejected(Rejection::SequenceOutOfOrder { expected, got });
    let mut check = |run: Run, expect: Verdict| assert_eq!(ready.one(group(vec![run])), expect);
    check(batch(0, 2, 3, 1), rejected(Rejection::UnknownProducer { log_start: 0 }));
    check(batch(0, 2, 3, 0), applied(&[ack(0, 0, 2)]));
    check(batch(0, 2, 3, 0), applied(&[repeated(ack(0, 0, 2))]));
    check(batch(0, 3, 3, 0), wrong(2, 0));
    check(batch(0, 1, 3, 3), wrong(2, 3));
    for sequence in 2..7 {
        check(batch(0, 1, 3, sequence), applied(&[ack(0, u64::from(sequence), 1)]));
    }
    check(batch(0, 1, 3, 2), applied(&[repeated(ack(0, 2, 1))]));
    check(batch(0, 2, 3, 0), wrong(7, 0));
    check(
        batch(0, 1, 2, 7),
        rejected(Rejection::StaleProducerEpoch { current: 3 }),
    );
    check(batch(0, 1, 4, 7), wrong(0, 7));
    check(batch(0, 1, 4, 0), applied(&[ack(0, 7, 1)]));
    check(
        batch(0, 1, 3, 6),
        rejected(Rejection::StaleProducerEpoch { current: 4 }),
    );
    // Another partition knows nothing of it.
    check(batch(1, 1, 4, 1), rejected(Rejection::UnknownProducer { log_start: 0 }));
    // A repeat asks for its old answer, whatever offset it expected.
    let repeat = Run {
        expected_offset: Some(99),
        ..batch(0, 1, 4, 0)
    };
    check(repeat, applied(&[repeated(ack(0, 7, 1))]));
    ready.fixture.through_snapshot();
}

#[test]
fn sequences_begin_again_after_the_greatest() {
    let mut ready = Ready::new();
    let most = 1u32 << 31;
    assert_eq!(
        ready.one(group(vec![batch(0, most - 2, 0, 0)])),
        applied(&[ack(0, 0, most - 2)])
    );
    let end = u64::from(most) - 2;
    assert_eq!(
        ready.one(group(vec![batch(0, 3, 0, most - 2)])),
        applied(&[ack(0, end, 3)])
    );
    assert_eq!(
        ready.one(group(vec![batch(0, 1, 0, 1)])),
        applied(&[ack(0, end + 3, 1)])
    );
    assert_eq!(
        ready.one(group(vec![batch(0, 3, 0, most - 2)])),
        applied(&[repeated(ack(0, end, 3))])
    );
}

#[test]
fn batches_of_one_group_see_each_other() {
    let mut ready = Ready::new();
    let two = vec![batch(0, 2, 0, 0), batch(0, 1, 0, 2), batch(0, 2, 0, 0), run(0, 1)];
    let broken = [two.clone(), vec![batch(0, 1, 0, 9)]].concat();
    assert_eq!(
        ready.one(group(broken)),
        rejected(Rejection::SequenceOutOfOrder { expected: 3, got: 9 })
    );
    assert_eq!(
        (ready.edges(0), ready.partition(0).producers().len()),
        (vec![0], 0),
        "no effect is left"
    );
    let acks = [ack(0, 0, 2), ack(0, 2, 1), repeated(ack(0, 0, 2)), ack(0, 3, 1)];
    assert_eq!(ready.one(group(two)), applied(&acks));
}

#[test]
fn an_http_producer_counts_its_requests() {
    let mut ready = Ready::new();
    let asked = |epoch, sequence, partition| {
        let request = Some(RequestSequence {
            producer: bytes::Bytes::from_static(b"p"),
            epoch,
            sequence,
        });
        Group {
            runs: vec![run(partition, 1)],
            request,
        }
    };
    let gap = |expected| rejected(Rejection::RequestGap { expected });
    assert_eq!(ready.one(asked(2, 1, 0)), gap(0));
    for sequence in 0..7 {
        assert_eq!(ready.one(asked(2, sequence, 0)), applied(&[ack(0, sequence, 1)]));
    }
    for sequence in 2..7 {
        let acks = vec![repeated(ack(0, sequence, 1))];
        assert_eq!(
            ready.one(asked(2, sequence, 0)),
            Verdict::Applied(Applied::RequestDuplicate { acks })
        );
    }
    assert_eq!(ready.one(asked(2, 1, 0)), Verdict::Applied(Applied::RequestTooOld));
    assert_eq!(ready.one(asked(2, 8, 0)), gap(7));
    assert_eq!(
        ready.one(asked(1, 7, 0)),
        rejected(Rejection::StaleRequestEpoch { current: 2 })
    );
    assert_eq!(ready.one(asked(3, 7, 0)), gap(0));
    let unmet = Group {
        runs: vec![Run {
            expected_offset: Some(0),
            ..run(0, 1)
        }],
        ..asked(2, 7, 0)
    };
    assert_eq!(ready.one(unmet), rejected(Rejection::OffsetMismatch { actual: 7 }));
    assert_eq!(
        ready.one(asked(2, 7, 1)),
        applied(&[ack(1, 0, 1)]),
        "a rejected request used no sequence up"
    );
    assert_eq!(ready.one(asked(3, 0, 0)), applied(&[ack(0, 7, 1)]));
    assert_eq!(ready.fixture.state.topic(1).unwrap().request_producers().len(), 1);
    ready.fixture.through_snapshot();
}

#[test]
fn runs_behind_each_other_in_a_segment_become_one_extent() {
    let mut ready = Ready::new();
    ready.segment(0, &[(0, 4, 10), (0, 14, 10), (1, 24, 10), (0, 34, 5), (0, 40, 5)]);
    assert_eq!((ready.edges(0), ready.edges(1)), (vec![0, 2, 3, 4], vec![0, 1]));
    ready.segment(0, &[(0, 45, 5)]);
    assert_eq!(ready.edges(0), [0, 2, 3, 5], "a flush may need several proposals");
    ready.segment(1, &[(0, 50, 5)]);
    assert_eq!(ready.edges(0), [0, 2, 3, 5, 6], "another segment");
    let first = ready.partition(0).extents().next().unwrap();
    assert_eq!((first.records, first.bytes, first.last()), (2, 20, 1));
    let crate::Place::Segment { name, start } = first.place else {
        panic!()
    };
    assert_eq!(
        (start, ready.fixture.state.object(&name)),
        (4, crate::ObjectStatus::Named { references: 4 })
    );
    let from: Vec<_> = ready.partition(0).extents_from(4).map(|extent| extent.first).collect();
    assert_eq!(from, [3, 5]);
    assert_eq!(ready.partition(0).extents_from(6).len(), 0);
    ready.fixture.through_snapshot();
}

#[test]
fn a_full_fold_and_a_full_partition_take_no_more() {
    let mut ready = Ready::new();
    let near = CreateTopic {
        first_offset: crate::OFFSET_MAX - 3,
        ..create("near", 5, 1)
    };
    ready.control(Kind::CreateTopic(near));
    let last = |records| {
        group(vec![Run {
            topic: 2,
            ..run(0, records)
        }])
    };
    assert_eq!(ready.one(last(4)), rejected(Rejection::OffsetsExhausted));
    assert!(matches!(ready.one(last(3)), Verdict::Applied(_)));
    assert_eq!(ready.one(last(1)), rejected(Rejection::OffsetsExhausted));
    assert_eq!(ready.one(group(vec![batch(0, 1, 0, 0)])), applied(&[ack(0, 0, 1)]));
    let set = vec![crate::entry::Config {
        name: "fold.bytes.max".to_owned(),
        value: "1024".to_owned(),
    }];
    ready.control(Kind::AlterCluster(crate::entry::AlterCluster { set, unset: vec![] }));
    assert_eq!(
        ready.one(group(vec![run(0, 1)])),
        rejected(Rejection::FoldFull { limit_bytes: 1024 })
    );
    assert_eq!(
        ready.one(group(vec![batch(0, 1, 0, 0)])),
        applied(&[repeated(ack(0, 0, 1))]),
        "a repeat is answered"
    );
}
