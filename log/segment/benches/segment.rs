//! What a flush costs beyond its put, and what opening and searching a segment costs a reader.

use bytes::Bytes;
use divan::Bencher;
use divan::counter::BytesCount;
use segment::{Index, SegmentBuilder, SegmentId, verify_whole};

fn main() {
    divan::main();
}

const ID: SegmentId = SegmentId {
    cluster: [7; 16],
    incarnation: (1, 2, 3),
    flush: 4,
};

/// 8 MiB in batches of `batch_bytes` over 64 partitions.
fn builder(payload: &Bytes, batch_bytes: usize) -> SegmentBuilder {
    let mut builder = SegmentBuilder::new(ID);
    for (at, start) in (0..).zip((0..payload.len()).step_by(batch_bytes)) {
        let end = payload.len().min(start + batch_bytes);
        builder.add(at % 8, at / 8 % 8, [(payload.slice(start..end), 10)]);
    }
    builder
}

fn payload() -> Bytes {
    Bytes::from(vec![0x5a; 8 << 20])
}

#[divan::bench(args = [256, 4096, 131_072])]
fn build(bencher: Bencher<'_, '_>, batch_bytes: usize) {
    let payload = payload();
    bencher
        .counter(BytesCount::new(payload.len()))
        .with_inputs(|| builder(&payload, batch_bytes))
        .bench_values(SegmentBuilder::build);
}

#[divan::bench(args = [256, 4096, 131_072])]
fn open(bencher: Bencher<'_, '_>, batch_bytes: usize) {
    let object = builder(&payload(), batch_bytes).build().parts.concat();
    bencher.bench(|| Index::open(&object, object.len() as u64));
}

#[divan::bench]
fn locate(bencher: Bencher<'_, '_>) {
    let object = builder(&payload(), 256).build().parts.concat();
    let index = Index::open(&object, object.len() as u64).expect("just built");
    let run = *index.run(7, 7).expect("just added");
    bencher.bench(|| index.locate(run.start, run.bytes, divan::black_box(5000)));
}

#[divan::bench]
fn verify(bencher: Bencher<'_, '_>) {
    let object = builder(&payload(), 4096).build().parts.concat();
    bencher
        .counter(BytesCount::new(object.len()))
        .bench(|| verify_whole(&object));
}
