//! What a batch costs an agent: to take, to stamp, to walk, to build, with each codec.

use divan::Bencher;
use divan::counter::BytesCount;
use records::{Batch, BatchBuilder, Codec, Limits, set_log_append_time, walk};

fn main() {
    divan::main();
}

/// About 1 MiB of records of 1 KiB that compress to a quarter or so.
fn batch(codec: Codec) -> Batch {
    let mut builder = BatchBuilder::new(codec, None);
    for n in 0..1000_u32 {
        let value: Vec<u8> = (0..16)
            .flat_map(|m| format!("{:064}", n.wrapping_mul(m * 40_503)).into_bytes())
            .collect();
        builder
            .push(i64::from(n), Some(&n.to_be_bytes()), Some(&value), &[])
            .expect("small");
    }
    builder.build().expect("not empty")
}

fn limits() -> Limits {
    Limits {
        batch_bytes_max: 8 << 20,
        ..Limits::default()
    }
}

#[divan::bench]
fn verify(bencher: Bencher<'_, '_>) {
    let bytes = batch(Codec::None).into_bytes();
    let limits = limits();
    bencher
        .counter(BytesCount::new(bytes.len()))
        .bench(|| Batch::verify(bytes.clone(), &limits));
}

#[divan::bench]
fn patch_prefix(bencher: Bencher<'_, '_>) {
    let batch = batch(Codec::None);
    bencher.bench(|| batch.patched_prefix(divan::black_box(1 << 40), 7));
}

#[divan::bench]
fn append_time(bencher: Bencher<'_, '_>) {
    let batch = batch(Codec::None);
    bencher
        .counter(BytesCount::new(batch.bytes().len()))
        .bench(|| set_log_append_time(&batch, 1));
}

#[divan::bench(args = Codec::ALL)]
fn walk_records(bencher: Bencher<'_, '_>, codec: Codec) {
    let batch = batch(codec);
    let limits = limits();
    let inflated = walk(&batch, &limits).expect("just built").inflated_bytes();
    bencher
        .counter(BytesCount::new(inflated))
        .bench(|| walk(&batch, &limits).map(Iterator::count));
}

#[divan::bench(args = Codec::ALL)]
fn build(bencher: Bencher<'_, '_>, codec: Codec) {
    bencher.counter(BytesCount::new(1_usize << 20)).bench(|| batch(codec));
}
