//! Stored bytes that are not what was written: the error names the position, and what lies before it still reads.

use bytes::Bytes;
use world::World;

use super::{Harness, Yard};
use crate::error::LedgerError;
use crate::ledger::{Appended, ReadOutcome};

pub(super) async fn all(harness: &dyn Harness, world: &World) {
    flipped_bits(harness, world).await;
    swapped_entries(harness, world).await;
    own_entry(harness, world).await;
}

fn is_corrupt<T>(result: &Result<T, LedgerError>, at: u64) -> bool {
    matches!(result, Err(LedgerError::Corrupt { position, .. }) if *position == at)
}

async fn flipped_bits(harness: &dyn Harness, world: &World) {
    let yard = Yard::new(harness, world).await;
    let writer = yard.writer_of(&["a", "bb", "c"]).await;
    let whole = yard
        .table
        .open()
        .await
        .read(2, 0)
        .await
        .expect("reads")
        .entries
        .remove(0)
        .bytes;
    for bit in (0..whole.len() * 8).step_by(13) {
        let mut flipped = whole.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        yard.table.plant(2, Some(Bytes::from(flipped))).await;
        let mut reader = yard.follower().await;
        match reader.ledger.read(&reader.tip, 1 << 20).await {
            Ok(ReadOutcome::Entries { entries, at_end: false }) => reader.fold(entries),
            other => panic!("{other:?} at bit {bit}"),
        }
        reader.expect(&["a"]);
        let read = reader.ledger.read(&reader.tip, 1 << 20).await;
        assert!(is_corrupt(&read, 2), "{read:?} at bit {bit}");
        let body = reader.ledger.read_body(2).await;
        assert!(is_corrupt(&body, 2), "{body:?} at bit {bit}");
        assert_eq!(
            reader.ledger.read_body(3).await,
            Ok(Some("c".into())),
            "the next one is whole"
        );
    }
    yard.table.plant(2, Some(whole)).await;
    let mut reader = yard.follower().await;
    reader.catch_up().await;
    assert_eq!(reader.story(), writer.story());
}

/// A whole entry in another one's place is found as well.
async fn swapped_entries(harness: &dyn Harness, world: &World) {
    let yard = Yard::new(harness, world).await;
    yard.writer_of(&["a", "b", "c"]).await;
    let other = yard
        .table
        .open()
        .await
        .read(3, 0)
        .await
        .expect("reads")
        .entries
        .remove(0)
        .bytes;
    yard.table.plant(2, Some(other)).await;
    let body = yard.ledger.read_body(2).await;
    assert!(is_corrupt(&body, 2), "{body:?}");
}

/// One's own damaged entry is damage, not a loss: nobody halts, and nothing is acknowledged behind it.
async fn own_entry(harness: &dyn Harness, world: &World) {
    let yard = Yard::new(harness, world).await;
    let writer = yard.writer_of(&["a", "b"]).await;
    let mut bytes = yard
        .table
        .open()
        .await
        .read(2, 0)
        .await
        .expect("reads")
        .entries
        .remove(0)
        .bytes
        .to_vec();
    bytes[72] ^= 1;
    yard.table.plant(2, Some(Bytes::from(bytes))).await;
    let read = writer.ledger.read(&writer.tip, 1 << 20).await;
    assert!(is_corrupt(&read, 2), "{read:?}");
    let appended = writer.ledger.append(&writer.tip, Bytes::from_static(b"c")).await;
    assert!(
        !matches!(appended, Ok(Appended::At(_) | Appended::Lost(_))),
        "{appended:?}"
    );
    let verified = writer.ledger.verify_tip(&writer.tip).await;
    assert!(is_corrupt(&verified, 2), "{verified:?}");
}
