//! Inputs to begin with, made by the real encoders and from the golden files of the formats. They are small and few: what
//! a fuzzer finds beyond them it finds again.

mod entries;
mod requests;

use bytes::Bytes;
use metadata::snapshot;
use records::{Batch, BatchBuilder, Codec, Producer};
use segment::{SegmentBuilder, SegmentId};

/// A seed: a name for people, and the bytes.
pub type Seed = (String, Vec<u8>);

fn seed(name: &str, bytes: impl Into<Vec<u8>>) -> Seed {
    (name.to_owned(), bytes.into())
}

/// The names of all targets, those too that this build leaves out.
pub const SEEDED: [&str; 9] = [
    "record_batch",
    "decompression",
    "segment",
    "lake",
    "entry",
    "snapshot",
    "envelope",
    "http_body",
    "stateful",
];

/// The seeds of a target; none when there is no such target.
#[must_use]
pub fn seeds(target: &str) -> Vec<Seed> {
    match target {
        "record_batch" => record_batches(),
        "decompression" => compressed(),
        "segment" => segments(),
        "lake" => laid(),
        "entry" => entries::seeds(),
        "snapshot" => snapshots(),
        "envelope" => envelopes(),
        "http_body" => requests::seeds(),
        "stateful" => histories(),
        _ => Vec::new(),
    }
}

const GOLDEN_BATCHES: [(&str, &[u8]); 5] = [
    (
        "golden-none",
        include_bytes!("../../../log/records/tests/golden/batch-none.bin"),
    ),
    (
        "golden-gzip",
        include_bytes!("../../../log/records/tests/golden/batch-gzip.bin"),
    ),
    (
        "golden-snappy",
        include_bytes!("../../../log/records/tests/golden/batch-snappy.bin"),
    ),
    (
        "golden-lz4",
        include_bytes!("../../../log/records/tests/golden/batch-lz4.bin"),
    ),
    (
        "golden-zstd",
        include_bytes!("../../../log/records/tests/golden/batch-zstd.bin"),
    ),
];

fn built(builder: BatchBuilder) -> Bytes {
    builder
        .build()
        .map(Batch::into_bytes)
        .expect("a batch of a few records")
}

fn with_records(mut builder: BatchBuilder, deltas: &[i32]) -> Bytes {
    for (&delta, timestamp) in deltas.iter().zip(1_700_000_000_000..) {
        let headers: [(&[u8], Option<&[u8]>); 2] = [(b"name", Some(b"value")), (b"", None)];
        let key = (delta % 2 == 0).then_some(&b"key"[..]);
        let pushed = builder.push_at(delta, timestamp, key, Some(b"value"), &headers[..delta as usize % 3]);
        pushed.expect("deltas that rise");
    }
    built(builder)
}

fn record_batches() -> Vec<Seed> {
    let mut seeds: Vec<Seed> = GOLDEN_BATCHES.iter().map(|(name, bytes)| seed(name, *bytes)).collect();
    let producer = Some(Producer {
        id: 7,
        epoch: 1,
        base_sequence: i32::MAX - 1,
    });
    let of = |codec, deltas: &[i32]| with_records(BatchBuilder::new(codec, None), deltas);
    for codec in Codec::ALL {
        seeds.push(seed(codec.name(), of(codec, &[0, 1, 2])));
    }
    seeds.push(seed("gaps", of(Codec::None, &[1, 5, 1000])));
    seeds.push(seed(
        "producer",
        with_records(BatchBuilder::new(Codec::None, producer), &[0, 1, 2]),
    ));
    let transactional = BatchBuilder::new(Codec::None, producer).transactional();
    seeds.push(seed("transactional", with_records(transactional, &[0])));
    let stamped = BatchBuilder::new(Codec::None, None).log_append_time(5);
    seeds.push(seed("append-time", with_records(stamped, &[0])));
    seeds.push(seed("run", [of(Codec::None, &[0, 1]), of(Codec::Zstd, &[0])].concat()));
    seeds
}

/// Batches behind what says how their file is written, read and damaged.
fn laid() -> Vec<Seed> {
    let headed = |(name, batches): Seed| (name, [&[16, 3, 4, 1, 0, 33, 7, 0][..], &batches].concat());
    record_batches().into_iter().map(headed).collect()
}

fn compressed() -> Vec<Seed> {
    let texts: [(&str, u8, &[u8]); 5] = [
        (
            "lz4-linked",
            3,
            include_bytes!("../../../log/records/tests/golden/text.lz4-linked"),
        ),
        (
            "lz4-two-frames",
            3,
            include_bytes!("../../../log/records/tests/golden/text.lz4-two-frames"),
        ),
        (
            "zstd-stream",
            4,
            include_bytes!("../../../log/records/tests/golden/text.zstd-stream"),
        ),
        (
            "zstd-sized",
            4,
            include_bytes!("../../../log/records/tests/golden/text.zstd-sized"),
        ),
        ("gzip", 1, include_bytes!("../../../log/records/tests/golden/text.gzip")),
    ];
    let with = |number: u8, cap: u8, bytes: &[u8]| [&[number, cap], bytes].concat();
    let mut seeds: Vec<Seed> = texts
        .iter()
        .map(|(name, number, bytes)| seed(name, with(*number, 0, bytes)))
        .collect();
    let raw = include_bytes!("../../../log/records/tests/golden/text.snappy-raw");
    // Cut where another element begins by chance or not: the fuzzer sees.
    seeds.push(seed("snappy-raw", with(2, 0, &raw[..600])));
    for codec in Codec::ALL {
        for (name, text) in [
            ("short", b"some bytes, some bytes and more".to_vec()),
            ("even", vec![0; 5_000]),
        ] {
            let bytes = records::compress(codec, &text).expect("there is memory");
            seeds.push(seed(
                &format!("{}-{name}", codec.name()),
                with(codec.number(), 6, &bytes),
            ));
        }
    }
    seeds
}

fn segment(adds: &[(u32, u32, &[&'static str])]) -> Vec<u8> {
    let mut builder = SegmentBuilder::new(SegmentId {
        cluster: *b"0123456789abcdef",
        incarnation: (7_000, 3, 0xdead_beef_0bad_cafe),
        flush: 42,
    });
    for (topic, partition, batches) in adds {
        let batches = batches
            .iter()
            .zip(1..)
            .map(|(text, records)| (Bytes::from_static(text.as_bytes()), records));
        builder.add(*topic, *partition, batches);
    }
    builder.build().parts.concat()
}

fn segments() -> Vec<Seed> {
    vec![
        seed(
            "golden",
            *include_bytes!("../../../log/segment/tests/golden/v1.segment"),
        ),
        seed("empty", segment(&[])),
        seed("one", segment(&[(1, 0, &["a batch"])])),
        seed(
            "many",
            segment(&[
                (1, 0, &["a", "bc", "def"]),
                (1, 1, &["x"]),
                (1, 300, &["y"]),
                (70_000, 2, &["z", "z"]),
            ]),
        ),
    ]
}

fn snapshots() -> Vec<Seed> {
    let mut seeds = vec![seed(
        "golden",
        *include_bytes!("../../../log/metadata/tests/golden/snapshot-v1.bin"),
    )];
    for (name, state) in entries::states() {
        seeds.push(seed(&name, snapshot::encode(&state).to_bytes()));
    }
    seeds
}

fn envelopes() -> Vec<Seed> {
    let header = |kind: u8, named: u8| {
        let mut bytes = vec![7, b'T', b'L', b'E', b'E', 1, kind, 0, 0];
        for number in [1, 7, named] {
            bytes.extend(u64::from(number).to_be_bytes());
        }
        bytes.resize(1 + 72, 0);
        bytes.extend(b"a body");
        bytes
    };
    let kinds = [
        ("genesis", 0, 0),
        ("proposals", 1, 0),
        ("halt", 2, 3),
        ("new-era", 3, 0),
        ("unknown", 4, 0),
    ];
    kinds.map(|(name, kind, named)| seed(name, header(kind, named))).into()
}

/// Operations drawn from a sequence of numbers that is the same everywhere.
fn histories() -> Vec<Seed> {
    let drawn = |number: u64| {
        let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut next = move || {
            // xorshift64
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        let mut bytes = vec![number as u8 & 0x3f, number as u8];
        // Two topics to write to.
        bytes.extend([12, 0, 0x10, 12, 1, 0x91]);
        for _ in 0..40 + number * 12 {
            bytes.push((next() >> 32) as u8);
        }
        seed(&format!("drawn-{number:02}"), bytes)
    };
    (0..16).map(drawn).collect()
}
