//! What an extent takes of memory, all in: its row, its share of the names of objects, and empty room.

#![expect(clippy::unwrap_used, reason = "what is not there fails the test")]

use metadata::entry::proposal::Kind;
use metadata::entry::{Append, Body, CreateTopic, Group, ObjectNumber, Proposal, Register, Run, body};
use metadata::{EntryRef, Event, Incarnation, State};

fn apply(state: &mut State, body: &Body) {
    let entry = EntryRef {
        position: state.position() + 1,
        era: 1,
        hash: [0; 32],
        event: Event::Proposals(body),
    };
    state.apply(entry).unwrap();
}

fn proposal(life: Option<Incarnation>, lane: u32, sequence: u64, flush: Option<u64>, kind: Kind) -> Proposal {
    Proposal {
        incarnation: life.map(Into::into),
        lane,
        sequence,
        flush,
        kind: Some(kind),
        ..Default::default()
    }
}

/// Bytes of memory an extent, when each of `segments` segments holds a run of each of `partitions` partitions.
fn bytes_per_extent(segments: u64, partitions: u32) -> f64 {
    let mut state = State::genesis([1; 16], 1, [0; 32]);
    let register = Register {
        nonce: 5,
        feature_min: 1,
        feature_max: 1,
        ..Default::default()
    };
    apply(
        &mut state,
        &body(vec![proposal(None, 0, 0, None, Kind::Register(register))]),
    );
    let life = state.life_by_nonce(5).unwrap().incarnation();
    let create = CreateTopic {
        name: "t".to_owned(),
        id: vec![1; 16].into(),
        partitions,
        ..Default::default()
    };
    apply(
        &mut state,
        &body(vec![proposal(Some(life), 0, 0, None, Kind::CreateTopic(create))]),
    );
    for flush in 0..segments {
        let run = |partition| Run {
            topic: 1,
            partition,
            records: 1,
            bytes: 9,
            start: 4,
            ..Default::default()
        };
        let group = |partition| Group {
            runs: vec![run(partition)],
            request: None,
        };
        let segment = Some(ObjectNumber { flush, attempt: 0 });
        let append = Kind::Append(Append {
            segment,
            groups: (0..partitions).map(group).collect(),
        });
        apply(
            &mut state,
            &body(vec![proposal(Some(life), 2, flush, Some(flush), append)]),
        );
    }
    assert_eq!(state.extents(), segments * u64::from(partitions));
    let heap = state.extent_heap_bytes() as f64 / state.extents() as f64;
    let estimate = state.memory_bytes() as f64 / state.extents() as f64;
    let (count, kib) = (state.extents(), state.memory_bytes() / 1024);
    eprintln_measured(&format!(
        "{partitions:>6} partitions x {segments:>6} segments = {count:>8} extents: {heap:.1} bytes each in memory, {estimate:.1} by the estimate ({kib} KiB)"
    ));
    heap
}

#[expect(clippy::print_stderr, reason = "a measurement is there to be read")]
fn eprintln_measured(line: &str) {
    eprintln!("{line}");
}

#[test]
fn an_extent_takes_at_most_64_bytes() {
    // A segment with a single run costs its name beside the extent; two runs a segment share it.
    for (segments, partitions) in [(5_000, 3), (2_000, 10), (1_000, 100), (100, 1_000)] {
        let bytes = bytes_per_extent(segments, partitions);
        assert!(bytes <= 64.0, "{bytes} bytes an extent");
    }
    bytes_per_extent(20_000, 1);
}
