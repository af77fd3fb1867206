//! What is found by a time.

use bytes::Bytes;
use engine::AppendRun;
use metadata::PartitionId;
use records::{Batch, BatchBuilder, Codec};

use crate::common::{Cluster, append, append_runs, topic};

/// A batch of one record of this time.
fn at(time: i64, value: &[u8]) -> Batch {
    let mut builder = BatchBuilder::new(Codec::None, None);
    builder.push(time, None, Some(value), &[]).expect("works in a test");
    builder.build().expect("works in a test")
}

/// The same, with records that nobody can read.
fn unreadable(time: i64) -> Batch {
    let mut bytes = at(time, b"value").bytes().to_vec();
    bytes[records::HEADER_BYTES..].fill(0xff);
    let sum = crc32c::crc32c(&bytes[21..]).to_be_bytes();
    bytes[17..21].copy_from_slice(&sum);
    Batch::stored(Bytes::from(bytes)).expect("works in a test")
}

async fn run_of(cluster: &Cluster, batches: Vec<Batch>) -> (engine::Engine, PartitionId) {
    let engine = cluster.engine().await;
    let topic = topic(&engine, "orders", 1, &[("tidelog.lane", "object")]).await;
    let partition = PartitionId { topic, partition: 0 };
    let run = AppendRun {
        partition,
        batches,
        producer: None,
        expected_offset: None,
    };
    append_runs(&engine, vec![run]).await.expect("works in a test");
    (engine, partition)
}

/// An extent is looked into piece by piece.
#[tokio::test(start_paused = true)]
async fn a_time_is_found_anywhere_in_a_large_extent() {
    let cluster = Cluster::new(5);
    let value = vec![7; 300_000];
    let batches = (0..20).map(|number| at(1_000 + number, &value)).collect();
    let (engine, partition) = run_of(&cluster, batches).await;
    for number in 0..20 {
        let found = engine.offset_for_timestamp(partition, 1_000 + number).await;
        assert_eq!(found, Ok(Some((number as u64, 1_000 + number))));
    }
    assert_eq!(engine.offset_for_timestamp(partition, 1_020).await, Ok(None));
}

/// One batch that nobody can read does not keep a reader from what follows it, nor hides what it may hold.
#[tokio::test(start_paused = true)]
async fn a_batch_that_cannot_be_read_counts_by_its_header() {
    let cluster = Cluster::new(6);
    let batches = vec![at(1_000, b"a"), unreadable(1_001), at(1_002, b"b")];
    let (engine, partition) = run_of(&cluster, batches).await;
    append(&engine, partition.topic, 0, &["at 1000"]).await.unwrap();
    for (time, found) in [
        (1_000, Some((0, 1_000))),
        (1_001, Some((1, 1_001))),
        (1_002, Some((2, 1_002))),
        (1_003, None),
    ] {
        assert_eq!(engine.offset_for_timestamp(partition, time).await, Ok(found), "{time}");
    }
}
