//! What a lake file costs: to write from batches, to read back as batches, and to serve 1,000 records from its midst; and
//! how large it is beside the batches it was made of. The records are lines of a JSON access log.

use std::ops::Range;
use std::sync::LazyLock;

use bytes::Bytes;
use divan::Bencher;
use divan::counter::BytesCount;
use lake::{LakeFile, LakeWriter, Read, Step, WriteSettings, Written};
use metadata::{Declared, LakeColumns};
use records::{Batch, BatchBuilder, Codec};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const RECORDS: u64 = 100_000;
const BATCH_RECORDS: u64 = 500;
/// From which offset on, and how many bytes: 1,000 records from the midst of the file.
const FETCHED: (i64, u64) = (54_321, 198_000);

fn main() {
    #[expect(clippy::print_stdout, reason = "sizes are what a bench of time cannot say")]
    {
        let sizes = [Codec::Zstd, Codec::Lz4].map(|codec| {
            let bytes: usize = batches(codec).iter().map(|batch| batch.bytes().len()).sum();
            format!("{} batches {bytes}", codec.name())
        });
        println!(
            "bytes: records {}, {}, lake file {}, with typed columns {}",
            log_bytes(),
            sizes.join(", "),
            FILE.bytes.len(),
            write(&batches(Codec::Zstd), &typed(), 3).bytes.len()
        );
        let (records, fetched) = anywhere();
        println!(
            "a fetch of 1,000 records ({} bytes) anywhere gives {records} records at or behind its offset and reads {fetched} bytes, both on \
             average, and before it {} to open the file",
            FETCHED.1, FILE.tail_bytes
        );
    }
    divan::main();
}

fn record(n: u64) -> (String, String) {
    // A linear congruential step is noise enough for sizes like a real log's.
    let noise = n
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    let path = ["/", "/orders", "/orders/new", "/login", "/assets/app.js", "/health"][(noise >> 33) as usize % 6];
    let value = format!(
        r#"{{"time":"2026-11-02T10:{:02}:{:02}.{:03}Z","level":"{}","service":"shop-{}","host":"ip-10-0-{}-{}","method":"GET","path":"{path}","status":{},"bytes":{},"duration_ms":{}.{:02},"trace":"{noise:016x}"}}"#,
        n / 6000 % 60,
        n / 100 % 60,
        n * 10 % 1000,
        if noise >> 60 == 0 { "WARN" } else { "INFO" },
        (noise >> 40) % 8,
        (noise >> 43) % 4,
        (noise >> 45) % 256,
        if noise >> 58 == 0 { 500 } else { 200 },
        (noise >> 30) % 60_000,
        (noise >> 50) % 400,
        (noise >> 20) % 100,
    );
    (format!("user-{}", (noise >> 36) % 50_000), value)
}

fn log_bytes() -> usize {
    (0..RECORDS)
        .map(record)
        .map(|(key, value)| key.len() + value.len())
        .sum()
}

fn batches(codec: Codec) -> Vec<Batch> {
    let batch = |first: u64| {
        let mut builder = BatchBuilder::new(codec, None);
        for n in first..first + BATCH_RECORDS {
            let (key, value) = record(n);
            let time = 1_793_600_000_000 + n.cast_signed() * 10;
            builder
                .push(time, Some(key.as_bytes()), Some(value.as_bytes()), &[])
                .expect("small");
        }
        builder.build().expect("not empty")
    };
    (0..RECORDS / BATCH_RECORDS)
        .map(|batch| batch * BATCH_RECORDS)
        .map(batch)
        .collect()
}

/// All that is in a record's value.
const COLUMNS: &str = "time timestamptz, level string, service string, host string, method string, path string, status int, bytes int, \
                       duration_ms double, trace string";

fn typed() -> LakeColumns {
    let declared = Declared::list(COLUMNS).expect("columns");
    LakeColumns::default().changed(&declared).expect("new")
}

fn write(batches: &[Batch], columns: &LakeColumns, zstd_level: i32) -> Written {
    let settings = WriteSettings {
        zstd_level,
        ..WriteSettings::default()
    };
    let mut writer = LakeWriter::new("topic", columns, settings).expect("settings");
    writer.begin(0, 0).expect("first");
    let mut next = 0;
    for batch in batches {
        writer.push(batch, next).expect("in order");
        next += i64::from(batch.header().last_offset_delta) + 1;
    }
    writer.end(next - 1).expect("the last");
    writer.finish().expect("a file")
}

fn file(codec: Codec) -> Written {
    write(&batches(codec), &LakeColumns::default(), 3)
}

static FILE: LazyLock<Written> = LazyLock::new(|| file(Codec::Zstd));

fn read(file: &LakeFile, bytes: &Bytes, from: i64, bytes_max: u64) -> (Read, u64) {
    let mut reading = file.read(0, from, bytes_max).expect("indexes").expect("covered");
    // Not `over`: what is fetched is counted.
    let cut = |range: &Range<u64>| bytes.slice(range.start as usize..range.end as usize);
    let mut fetched = 0;
    loop {
        match reading.step().expect("readable") {
            Step::Need(ranges) => {
                fetched += ranges.iter().map(|range| range.end - range.start).sum::<u64>();
                let parts = ranges.iter().map(cut).collect();
                reading.give(ranges, parts).expect("as asked");
            }
            Step::Done(read) => return (read, fetched),
        }
    }
}

/// Records that a fetch gives and bytes that it reads, on average.
fn anywhere() -> (u64, u64) {
    const TIMES: u64 = 97;
    let file = open(&FILE);
    let (mut records, mut bytes) = (0, 0);
    for n in 0..TIMES {
        let from = (n * RECORDS / (TIMES + 1)).cast_signed();
        let (read, fetched) = read(&file, &FILE.bytes, from, FETCHED.1);
        records += read.next.abs_diff(from);
        bytes += fetched;
    }
    (records / TIMES, bytes / TIMES)
}

fn open(written: &Written) -> LakeFile {
    written.open(&written.bytes).expect("a lake file")
}

#[divan::bench(args = [1, 3])]
fn write_zstd_batches(bencher: Bencher<'_, '_>, level: i32) {
    let batches = batches(Codec::Zstd);
    bencher
        .counter(BytesCount::new(log_bytes()))
        .bench(|| write(&batches, &LakeColumns::default(), level));
}

#[divan::bench(args = [1, 3])]
fn write_typed(bencher: Bencher<'_, '_>, level: i32) {
    let (batches, columns) = (batches(Codec::Zstd), typed());
    bencher
        .counter(BytesCount::new(log_bytes()))
        .bench(|| write(&batches, &columns, level));
}

#[divan::bench]
fn verify_file(bencher: Bencher<'_, '_>) {
    let written = &*FILE;
    bencher
        .counter(BytesCount::new(log_bytes()))
        .bench(|| written.verify(&written.bytes));
}

#[divan::bench(args = [Codec::None, Codec::Lz4, Codec::Zstd])]
fn read_all(bencher: Bencher<'_, '_>, codec: Codec) {
    let written = file(codec);
    let file = open(&written);
    bencher.counter(BytesCount::new(log_bytes())).bench(|| {
        let mut next = 0;
        while next < RECORDS.cast_signed() {
            next = read(&file, &written.bytes, next, 8 << 20).0.next;
        }
    });
}

#[divan::bench]
fn fetch_a_thousand(bencher: Bencher<'_, '_>) {
    let written = file(Codec::None);
    let file = open(&written);
    bencher.bench(|| read(&file, &written.bytes, FETCHED.0, FETCHED.1));
}

/// The file is opened first.
#[divan::bench]
fn fetch_a_thousand_cold(bencher: Bencher<'_, '_>) {
    let written = file(Codec::None);
    bencher.bench(|| read(&open(&written), &written.bytes, FETCHED.0, FETCHED.1));
}

#[divan::bench]
fn open_file(bencher: Bencher<'_, '_>) {
    bencher.bench(|| open(&FILE));
}
