//! Bodies: what is refused, and that whatever is encoded is decoded to the same.

use proptest::prelude::*;

use super::*;
use crate::entry::proposal::Kind;

mod golden;

fn encoded(body: &Body) -> Vec<u8> {
    encode_body(body).to_vec()
}

#[test]
fn versions_and_unknown_fields_are_refused() {
    let good = body(vec![Proposal {
        kind: Some(Kind::Beat(Beat {})),
        ..Default::default()
    }]);
    assert_eq!(decode_body(encode_body(&good)), Ok(good.clone()));
    let check = |bytes: Vec<u8>, expect: FormatError| assert_eq!(decode_body(bytes.into()), Err(expect));
    check(vec![], FormatError::Version(0));
    check(
        encoded(&Body {
            format: 2,
            ..good.clone()
        }),
        FormatError::Version(2),
    );
    check(
        encoded(&Body {
            feature: 2,
            ..good.clone()
        }),
        FormatError::NeedsFeature { needed: 2 },
    );
    let length = encoded(&good).len();
    let more = |tail: &[u8]| [encoded(&good), tail.to_vec()].concat();
    // Field 15, a varint; and field 1 again, which another encoder might write.
    check(
        more(&[0x78, 1]),
        FormatError::UnknownFields {
            length: length + 2,
            known: length,
        },
    );
    check(
        more(&[0x08, 1]),
        FormatError::UnknownFields {
            length: length + 2,
            known: length,
        },
    );
    assert!(matches!(
        decode_body(vec![0xff; 9].into()),
        Err(FormatError::Undecodable(_))
    ));
    // A proposal of a kind to come.
    let unknown = [
        encoded(&Body {
            proposals: vec![],
            ..good.clone()
        }),
        vec![0x1a, 3, 0xb2, 0x04, 0],
    ]
    .concat();
    assert!(matches!(
        decode_body(unknown.into()),
        Err(FormatError::UnknownFields { .. })
    ));
    let many = body(vec![Proposal::default(); PROPOSALS_PER_BODY_MAX + 1]);
    check(
        encoded(&many),
        FormatError::TooManyProposals(PROPOSALS_PER_BODY_MAX + 1),
    );
}

#[test]
fn inline_bytes_are_not_copied() {
    let inline = Bytes::from(vec![7; 4096]);
    let groups = vec![Group {
        runs: vec![Run {
            inline,
            ..Default::default()
        }],
        request: None,
    }];
    let append = Kind::Append(Append { segment: None, groups });
    let bytes = encode_body(&body(vec![Proposal {
        kind: Some(append),
        ..Default::default()
    }]));
    let within = bytes.as_ptr_range();
    let decoded = decode_body(bytes.clone()).unwrap();
    let Some(Kind::Append(append)) = &decoded.proposals[0].kind else {
        panic!()
    };
    assert!(within.contains(&append.groups[0].runs[0].inline.as_ptr()));
}

fn life() -> impl Strategy<Value = Incarnation> {
    (any::<u64>(), any::<u32>(), any::<u64>()).prop_map(|(position, index, nonce)| Incarnation {
        position,
        index,
        nonce,
    })
}

fn run() -> impl Strategy<Value = Run> {
    let numbers = (
        any::<u32>(),
        any::<u32>(),
        any::<u32>(),
        any::<u32>(),
        any::<i64>(),
        any::<u64>(),
    );
    let producer = proptest::option::of((any::<u64>(), any::<u32>(), any::<u32>()));
    let rest = (
        proptest::collection::vec(any::<u8>(), 0..20),
        producer,
        any::<Option<u64>>(),
    );
    (numbers, rest).prop_map(
        |((topic, partition, records, bytes, max_timestamp, start), (inline, producer, expected))| Run {
            topic,
            partition,
            records,
            bytes,
            max_timestamp,
            start,
            inline: inline.into(),
            producer: producer.map(|(id, epoch, base_sequence)| ProducerBatch {
                id,
                epoch,
                base_sequence,
            }),
            expected_offset: expected,
        },
    )
}

fn kind() -> impl Strategy<Value = Kind> {
    let runs = proptest::collection::vec(run(), 0..4);
    let append = (runs, any::<Option<(u64, u32)>>()).prop_map(|(runs, segment)| {
        let segment = segment.map(|(flush, attempt)| ObjectNumber { flush, attempt });
        Kind::Append(Append {
            segment,
            groups: vec![Group { runs, request: None }],
        })
    });
    let create =
        (".*", any::<[u8; 16]>(), any::<u32>(), any::<u64>()).prop_map(|(name, id, partitions, first_offset)| {
            let configs = vec![Config {
                name: name.clone(),
                value: name.clone(),
            }];
            Kind::CreateTopic(CreateTopic {
                name,
                id: id.to_vec().into(),
                partitions,
                configs,
                first_offset,
            })
        });
    let mark = (any::<u64>(), any::<i64>(), any::<Option<u64>>()).prop_map(|(folded, date, lowest_inline)| {
        Kind::Mark(Mark {
            folded,
            date,
            lowest_inline,
        })
    });
    let retire = (life(), any::<[(u32, u64); 2]>()).prop_map(|(target, seen)| {
        let seen = seen.iter().map(|&(lane, next)| LaneSeen { lane, next }).collect();
        Kind::Retire(Retire {
            target: Some(target),
            seen,
        })
    });
    let register = (any::<u64>(), any::<i32>(), any::<u64>()).prop_map(|(nonce, role, seen)| {
        Kind::Register(Register {
            nonce,
            role,
            seen,
            ..Default::default()
        })
    });
    let trim = any::<[(u32, u32, u64, Option<u64>, Option<u64>); 2]>().prop_map(|trims| {
        let trim = |&(topic, partition, before, seen_start, lake_before)| PartitionTrim {
            topic,
            partition,
            before,
            seen_start,
            lake_before,
        };
        Kind::Trim(Trim {
            partitions: trims.iter().map(trim).collect(),
        })
    });
    prop_oneof![append, create, mark, retire, register, trim]
}

fn any_body() -> impl Strategy<Value = Body> {
    let proposal = (
        proptest::option::of(life()),
        0u32..4,
        0u64..3,
        any::<Option<u64>>(),
        proptest::option::of(kind()),
    );
    let proposal = proposal.prop_map(|(incarnation, lane, sequence, flush, kind)| Proposal {
        incarnation,
        lane,
        sequence,
        flush,
        principal: "someone".to_owned(),
        kind,
    });
    proptest::collection::vec(proposal, 0..4).prop_map(body)
}

/// Applies whatever a body says to a state that has a life of that name.
fn fold(body: &Body) {
    let mut state = crate::State::genesis([1; 16], 1, [0; 32]);
    let register = Register {
        nonce: 5,
        feature_min: 1,
        feature_max: 1,
        ..Default::default()
    };
    let first = super::body(vec![Proposal {
        kind: Some(Kind::Register(register)),
        ..Default::default()
    }]);
    let mut body = body.clone();
    for proposal in &mut body.proposals {
        proposal.incarnation = Some(Incarnation {
            position: 1,
            index: 0,
            nonce: 5,
        });
    }
    for (position, body) in [(1, &first), (2, &body)] {
        let event = crate::Event::Proposals(body);
        state
            .apply(crate::EntryRef {
                position,
                era: 1,
                hash: [0; 32],
                event,
            })
            .unwrap();
    }
}

proptest! {
    #[test]
    fn what_is_encoded_is_decoded(body in any_body()) {
        prop_assert_eq!(decode_body(encode_body(&body)), Ok(body.clone()));
        fold(&body);
    }

    #[test]
    fn mutated_bytes_never_panic(body in any_body(), flips in any::<[(prop::sample::Index, u8); 3]>(), cut in any::<prop::sample::Index>()) {
        let mut bytes = encoded(&body);
        for (at, with) in flips {
            let at = at.index(bytes.len());
            bytes[at] ^= with;
        }
        if let Ok(decoded) = decode_body(bytes.clone().into()) {
            fold(&decoded);
        }
        bytes.truncate(cut.index(bytes.len()));
        let _ = decode_body(bytes.into());
    }
}
