//! Lake files that were written once are read for ever: each is as a build of its time wrote it, and holds the same records.

use bytes::Bytes;
use lake::LakeFile;
use records::{Batch, BatchBuilder, Codec};

/// What they hold, at offset 100 of partition 3, which they cover up to 300; in row groups of 3,000 bytes and pages of 20 rows, with
/// a typed column `n`.
fn batches() -> Vec<Batch> {
    let batch = |first: i64| {
        let mut builder = BatchBuilder::new(Codec::None, None);
        for n in first..first + 30 {
            let key = format!("key-{}", n % 7);
            let value = format!(r#"{{"n":{n}}}"#);
            let header = (&b"h"[..], Some(&b"v"[..]));
            let time = 1_793_600_000_000 + n;
            builder
                .push(time, Some(key.as_bytes()), Some(value.as_bytes()), &[header])
                .expect("small");
        }
        builder.build().expect("not empty")
    };
    (0..6).map(|n| batch(n * 30)).collect()
}

fn read(golden: &'static [u8], tail_bytes: usize) {
    let bytes = Bytes::from_static(golden);
    let tail = bytes.slice(bytes.len() - tail_bytes..);
    let file = LakeFile::open(&tail, bytes.len() as u64, crc32c::crc32c(&tail)).expect("a lake file");
    file.verify(&bytes).expect("as it was written");
    assert_eq!(file.typed_columns().collect::<Vec<_>>(), [("n", 100)]);
    let (mut next, mut found) = (100, Vec::new());
    while next <= 300 {
        let reading = file.read(3, next, 1).expect("indexes").expect("covered");
        let read = reading.over(&bytes).expect("readable");
        found.extend(read.batches.into_iter().map(|rebuilt| rebuilt.batch));
        next = read.next;
    }
    assert_eq!(found, batches());
}

#[test]
fn blocks_of_32_kib_that_are_not_named() {
    read(include_bytes!("golden/lake-v1-unsaid-blocks.parquet"), 4850);
}

#[test]
fn blocks_of_4_kib() {
    read(include_bytes!("golden/lake-v1-blocks.parquet"), 6010);
}

#[test]
fn counts_of_nulls_and_a_fingerprint_of_columns() {
    read(include_bytes!("golden/lake-v1-counts.parquet"), 6060);
}
