//! Trims and swaps.

mod clean;
mod lake;
mod longer;
mod publish;

use super::*;
use crate::entry::extent::Place as Wire;
use crate::entry::{
    Append, Cleaning, DeleteTopic, Extent, Group, InlinePlace, LakePlace, PartitionSwap, PartitionTrim, Run,
    SegmentPlace, Swap, Tombstones, Trim,
};
use crate::ids::{Lane, ObjectName};
use crate::outcome::Rejection;
use crate::{LakeEnd, ObjectStatus, Place};

impl Ready {
    /// Three inline extents of two records in partition 0.
    fn filled() -> Self {
        let mut ready = Self::new();
        for _ in 0..3 {
            let inline = bytes::Bytes::from_static(b"abc");
            let run = Run {
                topic: 1,
                records: 2,
                bytes: 3,
                max_timestamp: 8,
                inline,
                ..Default::default()
            };
            let append = Append {
                segment: None,
                groups: vec![Group {
                    runs: vec![run],
                    request: None,
                }],
            };
            ready
                .fixture
                .verdicts(ready.agent, Lane::Inline, None, Kind::Append(append));
        }
        ready
    }

    fn inputs(&self) -> Vec<Extent> {
        self.partition(0).extents().map(Extent::from).collect()
    }

    fn trim(&mut self, partition: u32, before: u64, seen_start: Option<u64>) -> Verdict {
        self.trim_log(partition, before, seen_start, None)
    }

    /// The same, but for lake files from `lake_before` on.
    fn trim_log(&mut self, partition: u32, before: u64, seen_start: Option<u64>, lake_before: Option<u64>) -> Verdict {
        let partitions = vec![PartitionTrim {
            topic: 1,
            partition,
            before,
            seen_start,
            lake_before,
        }];
        self.control(Kind::Trim(Trim { partitions }))
    }

    fn swap(&mut self, flush: u64, inputs: Vec<Extent>, outputs: Vec<Extent>) -> Verdict {
        self.clean(flush, inputs, outputs, None)
    }

    fn clean(&mut self, flush: u64, inputs: Vec<Extent>, outputs: Vec<Extent>, cleaning: Option<Cleaning>) -> Verdict {
        let partitions = vec![PartitionSwap {
            topic: 1,
            partition: 0,
            inputs,
            outputs,
            cleaning,
        }];
        let kind = Kind::Swap(Swap { partitions });
        self.fixture
            .verdicts(self.compactor, Lane::Control, Some(flush), kind)
            .remove(0)
    }

    fn name(&self, flush: u64) -> ObjectName {
        ObjectName {
            incarnation: self.compactor,
            flush,
            attempt: 0,
        }
    }

    /// An output of so many records.
    fn output(&self, flush: u64, first: u64, records: u32) -> Extent {
        let place = SegmentPlace {
            name: Some(self.name(flush).into()),
            start: 7,
        };
        let place = Some(Wire::Segment(place));
        Extent {
            first,
            last_delta: records - 1,
            records,
            bytes: 9,
            max_timestamp: 8,
            place,
        }
    }
}

const SWAPPED: Verdict = Verdict::Applied(Applied::Swapped);

#[test]
fn a_trim_moves_the_log_start_forward() {
    let mut ready = Ready::filled();
    let trimmed = |log_start| Verdict::Applied(Applied::Trimmed { log_start });
    assert_eq!(
        ready.trim(0, 7, None),
        rejected(Rejection::OffsetBeyondEnd { high_watermark: 6 })
    );
    assert_eq!(ready.trim(3, 0, None), rejected(Rejection::UnknownPartition));
    assert_eq!(
        ready.trim(0, 2, Some(1)),
        rejected(Rejection::SeenChanged { actual: Some(0) })
    );
    assert_eq!(ready.trim(0, 3, Some(0)), trimmed(3));
    assert_eq!(
        (ready.edges(0), ready.partition(0).bytes()),
        (vec![2, 4, 6], 6),
        "an extent goes when all of it does"
    );
    assert_eq!(ready.trim(0, 1, None), trimmed(3), "it never goes back");
    assert_eq!(ready.trim(0, 6, None), trimmed(6));
    assert_eq!((ready.edges(0), ready.fixture.state.lowest_inline()), (vec![6], None));
    ready.fixture.through_snapshot();
}

#[test]
fn a_swap_replaces_exactly_what_it_saw() {
    let mut ready = Ready::filled();
    let inputs = ready.inputs();
    let output = ready.output(0, 0, 6);
    for bent in [
        Extent { first: 1, ..inputs[0] },
        Extent {
            last_delta: 2,
            ..inputs[0]
        },
        Extent {
            records: 1,
            ..inputs[0]
        },
        Extent { bytes: 9, ..inputs[0] },
        Extent {
            place: None,
            ..inputs[0]
        },
        Extent {
            place: Some(Wire::Inline(InlinePlace {
                position: 4,
                proposal: 1 << 16,
                run: 0,
            })),
            ..inputs[0]
        },
        Extent {
            first: u64::MAX,
            ..inputs[0]
        },
    ] {
        let bent = [vec![bent], inputs[1..].to_vec()].concat();
        assert_eq!(ready.swap(0, bent, vec![output]), rejected(Rejection::InputsChanged));
    }
    for missing in [
        vec![],
        vec![inputs[0], inputs[2]],
        [&inputs[..], &[ready.output(0, 6, 1)]].concat(),
    ] {
        assert_eq!(ready.swap(0, missing, vec![output]), rejected(Rejection::InputsChanged));
    }
    assert_eq!(
        ready.swap(0, inputs, vec![ready.output(0, 0, 4), ready.output(0, 4, 2)]),
        SWAPPED
    );
    assert_eq!((ready.edges(0), ready.partition(0).bytes()), (vec![0, 4, 6], 18));
    assert_eq!(ready.fixture.state.inline_bytes(), 0);
    let place = ready.partition(0).extents().next().unwrap().place;
    assert_eq!(
        place,
        Place::Segment {
            name: ready.name(0),
            start: 7
        }
    );
    ready.fixture.through_snapshot();
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn outputs_must_be_able_to_stand_there() {
    let mut ready = Ready::filled();
    let inputs = ready.inputs();
    let good = ready.output(5, 0, 6);
    let named = |name: ObjectName, start| {
        Some(Wire::Segment(SegmentPlace {
            name: Some(name.into()),
            start,
        }))
    };
    let other_life = ObjectName {
        incarnation: ready.agent,
        ..ready.name(5)
    };
    let cases = [
        (vec![], "they do not cover the inputs' offsets"),
        (vec![ready.output(5, 0, 5)], "they do not cover the inputs' offsets"),
        (
            vec![ready.output(5, 0, 2), ready.output(5, 3, 3)],
            "they do not cover the inputs' offsets",
        ),
        (
            vec![Extent { records: 5, ..good }],
            "they do not hold the inputs' records",
        ),
        (vec![Extent { bytes: 0, ..good }], "one has no records or no bytes"),
        (
            vec![
                Extent {
                    records: 5,
                    ..ready.output(5, 0, 4)
                },
                Extent {
                    records: 1,
                    ..ready.output(5, 4, 2)
                },
            ],
            "one holds more records than offsets",
        ),
        (
            vec![Extent { place: None, ..good }],
            "one lies neither in a segment nor in a lake file",
        ),
        (
            vec![Extent {
                place: inputs[0].place,
                ..good
            }],
            "one lies neither in a segment nor in a lake file",
        ),
        (
            vec![Extent {
                place: named(other_life, 0),
                ..good
            }],
            "one is not the proposer's, or of a later flush than the proposal's",
        ),
        (
            vec![ready.output(6, 0, 6)],
            "one is not the proposer's, or of a later flush than the proposal's",
        ),
        (
            vec![Extent {
                place: named(ready.name(5), u64::MAX),
                ..good
            }],
            "one ends beyond what can be",
        ),
    ];
    for (outputs, why) in cases {
        assert_eq!(
            ready.swap(5, inputs.clone(), outputs),
            rejected(Rejection::OutputsWrong(why))
        );
    }
    assert_eq!(
        ready.swap(5, inputs[..1].to_vec(), vec![ready.output(5, 0, 2)]),
        SWAPPED
    );
    let more = vec![ready.output(5, 2, 2)];
    assert_eq!(
        ready.swap(7, inputs[1..2].to_vec(), more),
        SWAPPED,
        "it is named, so it is there"
    );
    assert_eq!(
        ready.fixture.state.object(&ready.name(5)),
        ObjectStatus::Named { references: 2 }
    );
    let older = rejected(Rejection::OutputsWrong(
        "one is of a flush before the last that was taken",
    ));
    let last = inputs[2..].to_vec();
    assert_eq!(
        ready.swap(8, last, vec![ready.output(6, 4, 2)]),
        older,
        "nothing names it, so it may have been swept"
    );
}

const END: LakeEnd = LakeEnd {
    object_bytes: 500,
    tail_bytes: 40,
    tail_checksum: 9,
};

fn in_lake(name: Option<ObjectName>, end: Option<LakeEnd>, of: Extent) -> Extent {
    let place = LakePlace {
        name: name.map(Into::into),
        end: end.map(Into::into),
    };
    Extent {
        place: Some(Wire::Lake(place)),
        ..of
    }
}

#[test]
fn what_was_trimmed_meanwhile_is_left_out() {
    let mut ready = Ready::filled();
    let inputs = ready.inputs();
    ready.trim(0, 3, None);
    let outputs = vec![ready.output(0, 0, 2), ready.output(1, 2, 4)];
    assert_eq!(ready.swap(1, inputs.clone(), outputs), SWAPPED);
    assert_eq!(ready.edges(0), [2, 6]);
    assert_eq!(
        ready.fixture.state.object(&ready.name(0)),
        ObjectStatus::Unknown,
        "its records are gone"
    );
    assert_eq!(
        ready.swap(1, inputs[..1].to_vec(), vec![ready.output(1, 0, 2)]),
        SWAPPED,
        "nothing is left to do"
    );
    assert_eq!(ready.edges(0), [2, 6]);
    ready.fixture.through_snapshot();
}

#[test]
fn the_last_reference_un_names_an_object() {
    let mut ready = Ready::filled();
    let inputs = ready.inputs();
    ready.swap(1, inputs, vec![ready.output(1, 0, 3), ready.output(1, 3, 3)]);
    let (old, now) = (ready.name(1), ready.inputs());
    ready.swap(2, now[..1].to_vec(), vec![ready.output(2, 0, 3)]);
    assert_eq!(ready.fixture.state.object(&old), ObjectStatus::Named { references: 1 });
    ready.control(Kind::DeleteTopic(DeleteTopic { topic: 1 }));
    let at = ready.fixture.state.position();
    assert_eq!(ready.fixture.state.object(&old), ObjectStatus::Unnamed { at });
    assert_eq!((ready.fixture.state.extents(), ready.fixture.state.objects()), (0, 0));
    ready.fixture.through_snapshot();
}
