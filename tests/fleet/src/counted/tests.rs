use std::sync::Arc;

use ::ledger::{Backend as _, Hash, MemoryLedger};
use bytes::Bytes;

use super::{CountedLedger, Counters, Totals};

#[tokio::test]
async fn entries_are_charged_as_dynamodb_does() {
    let counters = Counters::new().unwrap();
    let ledger = CountedLedger::new(Arc::new(MemoryLedger::without_sql()), counters.clone());
    for (position, bytes) in [(0, 900), (1, 1000), (1, 5000)] {
        ledger
            .append(position, Hash::ZERO, Bytes::from(vec![0; bytes]))
            .await
            .unwrap();
    }
    ledger.read(0, 10_000).await.unwrap();
    ledger.base().await.unwrap();
    let expected = Totals {
        entry_puts: 3,
        entries: 2,
        entry_bytes: 1900,
        // 964, 1064 and 5064 bytes.
        write_units: 1 + 2 + 5,
        entry_reads: 1,
        base_reads: 1,
        ..Totals::default()
    };
    assert_eq!(counters.totals(), expected);
    assert_eq!(counters.totals().puts_per_entry(), 1.5);
}
