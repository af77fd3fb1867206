//! How many extents a second one core folds from encoded bodies, decoding included, and what a snapshot costs.
//!
//! `cargo bench -p metadata`. What an extent takes of memory is told by the test `memory`.

use bytes::Bytes;
use divan::Bencher;
use divan::counter::ItemsCount;
use metadata::entry::proposal::Kind;
use metadata::entry::{Append, CreateTopic, Group, ObjectNumber, ProducerBatch, Proposal, Register, Run, body};
use metadata::{EntryRef, Event, Incarnation, State, decode_body, encode_body, snapshot};

fn main() {
    divan::main();
}

const RUNS_PER_ENTRY: u32 = 200;
const ENTRIES: u64 = 500;

fn apply(state: &mut State, bytes: Bytes) {
    let body = decode_body(bytes).expect("it was encoded here");
    let position = state.position() + 1;
    let entry = EntryRef {
        position,
        era: 1,
        hash: [0; 32],
        event: Event::Proposals(&body),
    };
    divan::black_box(state.apply(entry).expect("it is the next"));
}

fn proposal(life: Option<Incarnation>, lane: u32, sequence: u64, flush: Option<u64>, kind: Kind) -> Proposal {
    Proposal {
        incarnation: life.map(Into::into),
        lane,
        sequence,
        flush,
        principal: String::new(),
        kind: Some(kind),
    }
}

/// A state with one life and a topic of so many partitions.
fn base(partitions: u32) -> (State, Incarnation) {
    let mut state = State::genesis([1; 16], 1, [0; 32]);
    let register = Register {
        nonce: 5,
        feature_min: 1,
        feature_max: 1,
        ..Default::default()
    };
    apply(
        &mut state,
        encode_body(&body(vec![proposal(None, 0, 0, None, Kind::Register(register))])),
    );
    let life = state.life_by_nonce(5).expect("it registered").incarnation();
    let create = CreateTopic {
        name: "t".to_owned(),
        id: vec![1; 16].into(),
        partitions,
        ..Default::default()
    };
    apply(
        &mut state,
        encode_body(&body(vec![proposal(Some(life), 0, 0, None, Kind::CreateTopic(create))])),
    );
    (state, life)
}

/// Entry `number`: a segment with one run in each of some partitions.
fn append(life: Incarnation, number: u64, partitions: u32, idempotent: bool) -> Bytes {
    let runs = (0..RUNS_PER_ENTRY).map(|index| {
        let partition = ((number as u32).wrapping_mul(RUNS_PER_ENTRY).wrapping_add(index)) % partitions;
        let round = number * u64::from(RUNS_PER_ENTRY) / u64::from(partitions);
        let base_sequence = (round * 10) as u32;
        Run {
            topic: 1,
            partition,
            records: 10,
            bytes: 4096,
            max_timestamp: 1_700_000_000_000 + number as i64,
            start: u64::from(index) * 5000,
            producer: idempotent.then_some(ProducerBatch {
                id: 3,
                epoch: 0,
                base_sequence,
            }),
            ..Default::default()
        }
    });
    let groups = runs
        .map(|run| Group {
            runs: vec![run],
            request: None,
        })
        .collect();
    let append = Append {
        segment: Some(ObjectNumber {
            flush: number,
            attempt: 0,
        }),
        groups,
    };
    encode_body(&body(vec![proposal(
        Some(life),
        2,
        number,
        Some(number),
        Kind::Append(append),
    )]))
}

fn entries(life: Incarnation, count: u64, partitions: u32, idempotent: bool) -> Vec<Bytes> {
    (0..count)
        .map(|number| append(life, number, partitions, idempotent))
        .collect()
}

#[divan::bench(args = [false, true], sample_count = 20)]
fn fold_extents(bencher: Bencher<'_, '_>, idempotent: bool) {
    let (state, life) = base(1000);
    let bodies = entries(life, ENTRIES, 1000, idempotent);
    bencher
        .counter(ItemsCount::new(ENTRIES * u64::from(RUNS_PER_ENTRY)))
        .with_inputs(|| (state.clone(), bodies.clone()))
        .bench_local_values(|(mut state, bodies)| {
            bodies.into_iter().for_each(|bytes| apply(&mut state, bytes));
            state
        });
}

/// Ten thousand partitions with a hundred extents each.
fn large() -> State {
    let (mut state, life) = base(10_000);
    (0..5000).for_each(|number| apply(&mut state, append(life, number, 10_000, true)));
    state
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn encode_snapshot(bencher: Bencher<'_, '_>) {
    let state = large();
    bencher
        .counter(ItemsCount::new(state.extents()))
        .bench_local(|| snapshot::encode(&state).to_bytes());
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn decode_snapshot(bencher: Bencher<'_, '_>) {
    let state = large();
    let bytes = snapshot::encode(&state).to_bytes();
    bencher
        .counter(ItemsCount::new(state.extents()))
        .with_inputs(|| bytes.clone())
        .bench_local_values(|bytes| snapshot::decode(bytes).expect("it was encoded here"));
}
