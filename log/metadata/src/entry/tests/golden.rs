//! The written form of every kind of proposal, which never changes within a format version.

use super::*;

#[expect(clippy::too_many_lines, reason = "a list, every field of it spelt out")]
fn changes() -> Vec<Kind> {
    let change = Some(Change { position: 9, index: 2 });
    let config = || Config {
        name: "retention.ms".to_owned(),
        value: "5".to_owned(),
    };
    let life = Incarnation {
        position: 3,
        index: 1,
        nonce: 77,
    };
    let producer = Some(ProducerBatch {
        id: 5,
        epoch: 1,
        base_sequence: 8,
    });
    let request = Some(RequestSequence {
        producer: vec![b'p'].into(),
        epoch: 2,
        sequence: 6,
    });
    let (topic, partition, records, bytes, max_timestamp) = (1, 2, 3, 4, -5);
    let run = Run {
        topic,
        partition,
        records,
        bytes,
        max_timestamp,
        start: 16,
        inline: vec![1, 2, 3, 4].into(),
        producer,
        expected_offset: Some(0),
    };
    let name = Some(ObjectName {
        incarnation: Some(life),
        flush: 4,
        attempt: 1,
    });
    let inline = extent::Place::Inline(InlinePlace {
        position: 8,
        proposal: 1,
        run: 2,
    });
    let stored = extent::Place::Segment(SegmentPlace { name, start: 99 });
    let extent = |place| Extent {
        first: 7,
        last_delta: 2,
        records: 3,
        bytes: 4,
        max_timestamp: -5,
        place: Some(place),
    };
    let swap = PartitionSwap {
        topic,
        partition,
        inputs: vec![extent(inline)],
        outputs: vec![extent(stored)],
        cleaning: None,
    };
    let commit = OffsetCommit {
        topic,
        partition,
        offset: 4,
        leader_epoch: -1,
        metadata: "m".to_owned(),
        forget: true,
    };
    let group = || "g".to_owned();
    vec![
        Kind::Beat(Beat {}),
        Kind::Retire(Retire {
            target: Some(life),
            seen: vec![LaneSeen { lane: 2, next: 5 }],
        }),
        Kind::CreateTopic(CreateTopic {
            name: "t".to_owned(),
            id: vec![9; 16].into(),
            partitions: 3,
            configs: vec![config()],
            first_offset: 4,
        }),
        Kind::AlterTopic(AlterTopic {
            topic,
            set: vec![config()],
            unset: vec!["segment.ms".to_owned()],
        }),
        Kind::DeleteTopic(DeleteTopic { topic }),
        Kind::AddPartitions(AddPartitions {
            topic,
            seen: 3,
            total: 4,
        }),
        Kind::Append(Append {
            segment: Some(ObjectNumber { flush: 4, attempt: 1 }),
            groups: vec![Group {
                runs: vec![run],
                request,
            }],
        }),
        Kind::ProducerIds(ProducerIds { count: 10 }),
        Kind::CommitOffsets(CommitOffsets {
            group: group(),
            seen: change,
            timestamp: -8,
            offsets: vec![commit],
        }),
        Kind::DeleteGroup(DeleteGroup {
            group: group(),
            seen: change,
        }),
        Kind::Trim(Trim {
            partitions: vec![PartitionTrim {
                topic,
                partition,
                before: 5,
                seen_start: Some(0),
                lake_before: None,
            }],
        }),
        Kind::Swap(Swap { partitions: vec![swap] }),
        Kind::SnapshotTaken(SnapshotTaken {
            era: 1,
            position: 5,
            entry_hash: vec![1; 32].into(),
            attempt: 2,
            state_hash: vec![2; 32].into(),
            bytes: 9,
            lowest_inline: Some(3),
        }),
        Kind::Mark(Mark {
            folded: 5,
            date: 1_700_000_000_000,
            lowest_inline: Some(3),
        }),
        Kind::Expire(Expire {
            producers: vec![ProducerSeen {
                topic,
                partition,
                id: 5,
                seen: 6,
            }],
            request_producers: vec![RequestProducerSeen {
                topic,
                producer: vec![b'p'].into(),
                seen: 6,
            }],
            groups: vec![GroupSeen {
                group: group(),
                seen: change,
            }],
        }),
        Kind::AlterCluster(AlterCluster {
            set: vec![config()],
            unset: vec!["groups.max".to_owned()],
        }),
        Kind::FeatureLevel(FeatureLevel { seen: 1, level: 2 }),
    ]
}

/// One proposal of every kind, no field left out.
fn every_kind() -> Body {
    let text = |text: &str| text.to_owned();
    let register = Register {
        nonce: 77,
        role: Role::Compactor.into(),
        name: text("name"),
        zone: text("zone"),
        http_address: text("http:1"),
        kafka_address: text("kafka:2"),
        peer_address: text("peer:3"),
        software_version: text("0.1.0"),
        feature_min: 1,
        feature_max: 2,
        seen: 4,
    };
    let mut proposals = vec![Proposal {
        principal: text("anyone"),
        kind: Some(Kind::Register(register)),
        ..Default::default()
    }];
    let incarnation = Some(Incarnation {
        position: 3,
        index: 1,
        nonce: 77,
    });
    for (sequence, kind) in (1..).zip(changes()) {
        proposals.push(Proposal {
            incarnation,
            lane: 2,
            sequence,
            flush: Some(0),
            principal: text("someone"),
            kind: Some(kind),
        });
    }
    body(proposals)
}

/// What came after the body of every kind was written down.
fn lake_place() -> Body {
    let name = Some(ObjectName {
        incarnation: Some(Incarnation {
            position: 3,
            index: 1,
            nonce: 77,
        }),
        flush: 4,
        attempt: 1,
    });
    let end = Some(LakeEnd {
        object_bytes: 70_000,
        tail_bytes: 300,
        tail_checksum: 0x0102_0304,
    });
    let output = Extent {
        first: 7,
        last_delta: 2,
        records: 3,
        bytes: 4,
        max_timestamp: -5,
        place: Some(extent::Place::Lake(LakePlace { name, end })),
    };
    let swap = PartitionSwap {
        topic: 1,
        partition: 2,
        inputs: Vec::new(),
        outputs: vec![output],
        cleaning: None,
    };
    body(vec![Proposal {
        kind: Some(Kind::Swap(Swap { partitions: vec![swap] })),
        ..Default::default()
    }])
}

#[test]
fn the_written_form_of_a_lake_place_stays() {
    let text: String = encode_body(&lake_place())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(text, include_str!("../../../tests/golden/lake-place-v1.txt").trim_end());
    assert_eq!(decode_body(encode_body(&lake_place())), Ok(lake_place()));
}

#[test]
fn the_written_form_of_a_cleaning_stays() {
    let mut body = lake_place();
    let Some(Kind::Swap(swap)) = body.proposals.first_mut().and_then(|proposal| proposal.kind.as_mut()) else {
        panic!()
    };
    let tombstones = Some(Tombstones {
        before: 9,
        since: 1_700_000_000_000,
    });
    swap.partitions[0].cleaning = Some(Cleaning {
        through: 10,
        tombstones,
    });
    let text: String = encode_body(&body).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(text, include_str!("../../../tests/golden/cleaning-v1.txt").trim_end());
    assert_eq!(decode_body(encode_body(&body)), Ok(body));
}

#[test]
fn the_written_form_of_what_is_published_stays() {
    let name = |attempt| ObjectName {
        incarnation: Some(Incarnation {
            position: 3,
            index: 1,
            nonce: 77,
        }),
        flush: 4,
        attempt,
    };
    let publish = Publish {
        topic: 1,
        replaces: Some(name(0)),
        seen: 300,
        oldest: 200,
        objects: [(1, 5), (2, 6)]
            .map(|(attempt, checksum)| DescribingObject {
                name: Some(name(attempt)),
                checksum,
            })
            .to_vec(),
    };
    let body = body(vec![Proposal {
        kind: Some(Kind::Publish(publish)),
        ..Default::default()
    }]);
    let text: String = encode_body(&body).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(text, include_str!("../../../tests/golden/publish-v1.txt").trim_end());
    assert_eq!(decode_body(encode_body(&body)), Ok(body));
}

#[test]
fn the_written_form_of_a_trim_that_keeps_lake_files_stays() {
    let trim = PartitionTrim {
        topic: 1,
        partition: 2,
        before: 300,
        seen_start: Some(0),
        lake_before: Some(200),
    };
    let body = body(vec![Proposal {
        kind: Some(Kind::Trim(Trim { partitions: vec![trim] })),
        ..Default::default()
    }]);
    let text: String = encode_body(&body).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(text, include_str!("../../../tests/golden/trim-v1.txt").trim_end());
    assert_eq!(decode_body(encode_body(&body)), Ok(body));
}

#[test]
fn the_written_form_stays() {
    let golden = include_bytes!("../../../tests/golden/body-v1.bin");
    assert_eq!(encode_body(&every_kind()).as_ref(), golden);
    assert_eq!(decode_body(Bytes::from_static(golden)), Ok(every_kind()));
}
