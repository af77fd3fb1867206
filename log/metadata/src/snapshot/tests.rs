//! Snapshots: read back to the same, and whatever is damaged is found. What histories come to is tested against a model
//! in `tests/differential`.

mod form;

use proptest::prelude::*;

use super::*;
use crate::entry::proposal::Kind;
use crate::entry::{self, Append, CommitOffsets, CreateTopic, Group, ObjectNumber, Proposal, Register, Run};
use crate::{EntryRef, Event, Incarnation};

/// A state with two topics, inline and segment extents, a producer, a request, a group.
#[expect(clippy::too_many_lines, reason = "a list, every field of it spelt out")]
fn filled() -> State {
    let mut state = State::genesis([3; 16], 1, [1; 32]);
    let life = Incarnation {
        position: 1,
        index: 0,
        nonce: 5,
    };
    let register = Register {
        nonce: 5,
        feature_min: 1,
        feature_max: 1,
        name: "a".to_owned(),
        ..Default::default()
    };
    let topic = |name: &str, id| CreateTopic {
        name: name.to_owned(),
        id: vec![id; 16].into(),
        partitions: 2,
        ..Default::default()
    };
    let producer = Some(entry::ProducerBatch {
        id: 9,
        epoch: 1,
        base_sequence: 0,
    });
    let inline = Run {
        topic: 1,
        records: 2,
        bytes: 1,
        inline: vec![1].into(),
        producer,
        ..Default::default()
    };
    let request = Some(entry::RequestSequence {
        producer: vec![8].into(),
        epoch: 1,
        sequence: 0,
    });
    let stored = Run {
        topic: 2,
        partition: 1,
        records: 3,
        bytes: 9,
        start: 4,
        max_timestamp: -5,
        ..Default::default()
    };
    let offset = entry::OffsetCommit {
        topic: 2,
        partition: 0,
        offset: 7,
        ..Default::default()
    };
    let commit = CommitOffsets {
        group: "g".to_owned(),
        timestamp: 4,
        offsets: vec![offset],
        ..Default::default()
    };
    let segment = Some(ObjectNumber { flush: 3, attempt: 1 });
    let kinds = [
        (0, 0, None, Kind::Register(register)),
        (0, 0, None, Kind::CreateTopic(topic("one", 1))),
        (0, 1, None, Kind::CreateTopic(topic("two", 2))),
        (
            1,
            0,
            None,
            Kind::Append(Append {
                segment: None,
                groups: vec![Group {
                    runs: vec![inline],
                    request,
                }],
            }),
        ),
        (
            2,
            0,
            Some(3),
            Kind::Append(Append {
                segment,
                groups: vec![Group {
                    runs: vec![stored],
                    request: None,
                }],
            }),
        ),
        (0, 2, None, Kind::CommitOffsets(commit)),
        (
            0,
            3,
            None,
            Kind::Mark(entry::Mark {
                folded: 2,
                date: 1_700_000_000_000,
                lowest_inline: Some(4),
            }),
        ),
    ];
    for (position, (lane, sequence, flush, kind)) in (1..).zip(kinds) {
        let incarnation = (position > 1).then(|| life.into());
        let proposal = Proposal {
            incarnation,
            lane,
            sequence,
            flush,
            kind: Some(kind),
            ..Default::default()
        };
        let body = entry::body(vec![proposal]);
        let entry = EntryRef {
            position,
            era: 1,
            hash: [position as u8; 32],
            event: Event::Proposals(&body),
        };
        let outcomes = state.apply(entry).unwrap();
        let crate::Fate::Taken(verdicts) = &outcomes[0].fate else {
            panic!()
        };
        assert!(matches!(verdicts[..], [crate::Verdict::Applied(_)]), "{verdicts:?}");
    }
    state
}

/// The bytes of a snapshot of these sections, with hashes that fit them.
fn with_sections(sections: Vec<(u32, Bytes)>) -> Bytes {
    Snapshot::of(sections).to_bytes()
}

fn sections(state: &State) -> Vec<(u32, Bytes)> {
    (0..).zip(encode(state).sections).collect()
}

fn corrupt_text(bytes: Bytes) -> String {
    match decode(bytes) {
        Err(FormatError::Corrupt(text)) => text,
        other => panic!("{:?}", other.map(|(_, hash)| hash)),
    }
}

#[test]
fn a_snapshot_is_read_back() {
    let state = filled();
    let written = encode(&state);
    assert_eq!((written.sections.len(), written.state_hash), (3, state_hash_of(&state)));
    let (read, hash) = decode(written.to_bytes()).unwrap();
    assert_eq!((hash, &encode(&read)), (written.state_hash, &written));
    assert_eq!(read.memory_bytes(), state.memory_bytes());
    assert_eq!(
        (read.lowest_inline(), read.inline_bytes(), read.extents()),
        (Some(4), 1, 2)
    );
    assert_eq!(read.marks(), state.marks());
    assert_eq!(read.topic_by_name("two").map(|topic| topic.number()), Some(2));
    let genesis = State::genesis([3; 16], 1, [1; 32]);
    assert_ne!(state_hash_of(&genesis), hash);
    assert!(decode(encode(&genesis).to_bytes()).is_ok());
}

#[test]
fn the_written_form_stays() {
    let golden = include_bytes!("../../tests/golden/snapshot-v1.bin");
    assert_eq!(encode(&filled()).to_bytes().as_ref(), golden);
    let (read, _) = decode(Bytes::from_static(golden)).unwrap();
    assert_eq!(state_hash_of(&read), state_hash_of(&filled()));
}

#[test]
fn every_flipped_bit_is_found() {
    let bytes = encode(&filled()).to_bytes();
    for at in 0..bytes.len() * 8 {
        let mut flipped = bytes.to_vec();
        flipped[at / 8] ^= 1 << (at % 8);
        assert!(decode(flipped.into()).is_err(), "bit {at}");
    }
}

#[test]
fn every_other_length_is_found() {
    let bytes = encode(&filled()).to_bytes();
    (0..bytes.len()).for_each(|length| assert!(decode(bytes.slice(..length)).is_err(), "{length}"));
    assert!(decode([&bytes[..], &[0]].concat().into()).is_err());
}

#[test]
fn the_head_is_checked() {
    let bytes = encode(&filled()).to_bytes();
    let with = |at: usize, with: &[u8]| {
        let mut bytes = bytes.to_vec();
        bytes[at..at + with.len()].copy_from_slice(with);
        Bytes::from(bytes)
    };
    assert_eq!(corrupt_text(with(0, b"x")), "not a snapshot");
    assert_eq!(decode(with(8, &[0, 0, 0, 2])).map(|_| ()), Err(FormatError::Version(2)));
    assert_eq!(corrupt_text(with(12, &[255; 4])), "shorter than its index");
    assert_eq!(
        corrupt_text(with(12, &[0; 4])),
        "its length is another than the index says"
    );
    assert_eq!(
        corrupt_text(with(16, &[0; 4])),
        "the state hash is another than the index says"
    );
    assert_eq!(
        corrupt_text(with(bytes.len() - 1, &[9])),
        "a section's hash is another than the index says"
    );
}

#[test]
fn sections_must_fit_together() {
    let state = filled();
    let whole = sections(&state);
    let check = |sections: Vec<(u32, Bytes)>, expect: &str| assert_eq!(corrupt_text(with_sections(sections)), expect);
    check(
        whole[1..].to_vec(),
        "the sections are not the cluster and topics by number",
    );
    check(
        vec![whole[0].clone(), whole[2].clone(), whole[1].clone()],
        "the sections are not the cluster and topics by number",
    );
    check(vec![], "the sections are not the cluster and topics by number");
    check(
        vec![whole[0].clone(), (2, whole[1].1.clone())],
        "a topic's number is not the index's, or was not given yet",
    );
    let topic = |change: fn(&mut wire::Topic)| {
        let mut topic: wire::Topic = message(whole[2].1.clone()).unwrap();
        change(&mut topic);
        vec![whole[0].clone(), (topic.number, topic.encode_to_vec().into())]
    };
    check(
        topic(|topic| topic.number = 3),
        "a topic's number is not the index's, or was not given yet",
    );
    check(topic(|topic| topic.id = vec![1].into()), "a topic's id has 16 bytes");
    check(
        topic(|topic| topic.partitions.clear()),
        "two topics of one name or id, or one without partitions",
    );
    check(
        topic(|topic| topic.name = "/".to_owned()),
        "invalid topic name: it has other characters than a-z, A-Z, 0-9, dot, underscore and hyphen",
    );
    check(
        topic(|topic| topic.partitions[1].records.clear()),
        "columns of extents differ in length",
    );
    check(
        topic(|topic| topic.partitions[1].places[0] = 2),
        "an extent that lies nowhere",
    );
    check(
        topic(|topic| topic.partitions[1].places[0] = 0),
        "columns of extents differ in length",
    );
    check(
        topic(|topic| topic.partitions[1].last_deltas[0] = 5),
        "extents that do not hold the partition's offsets",
    );
    check(
        topic(|topic| topic.partitions[1].first = 1 << 63),
        "an offset beyond the greatest",
    );
    check(
        topic(|topic| topic.partitions[1].log_start = 9),
        "extents that do not hold the partition's offsets",
    );
    check(
        topic(|topic| topic.partitions[0].end = 1),
        "extents that do not hold the partition's offsets",
    );
    check(
        topic(|topic| topic.partitions[0].epochs.clear()),
        "leader epochs that do not rise",
    );
    check(
        topic(|topic| topic.objects.push(topic.objects[0])),
        "two names of one object",
    );
}

fn mutated(message: &Bytes, flips: [(prop::sample::Index, u8); 3]) -> Bytes {
    let mut bytes = message.to_vec();
    for (at, with) in flips {
        let at = at.index(bytes.len());
        bytes[at] = with;
    }
    bytes.into()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Hashes that fit make what lies behind them be looked at. Whatever is believed can be folded on and written.
    #[test]
    fn mutated_sections_never_panic(which in 0usize..3, flips: [(prop::sample::Index, u8); 3]) {
        let mut all = sections(&filled());
        all[which].1 = mutated(&all[which].1, flips);
        if let Ok((mut state, _)) = decode(with_sections(all)) {
            let era = state.era();
            let delete = Kind::DeleteTopic(entry::DeleteTopic { topic: 2 });
            let lives: Vec<_> = state.incarnations().map(|life| (life.incarnation(), life.next_sequence(crate::Lane::Control))).collect();
            let proposals = lives.into_iter().map(|(life, sequence)| Proposal { incarnation: Some(life.into()), sequence, kind: Some(delete.clone()), ..Default::default() });
            let body = entry::body(proposals.collect());
            let entry = EntryRef { position: state.position() + 1, era, hash: [0; 32], event: Event::Proposals(&body) };
            prop_assert!(state.apply(entry).is_ok() || state.position() + 1 == crate::POSITION_END);
            prop_assert!(decode(encode(&state).to_bytes()).is_ok());
        }
    }
}
