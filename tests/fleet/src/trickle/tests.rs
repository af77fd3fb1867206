use super::{TrickleArgs, run};

#[test]
fn what_trickles_becomes_rows_and_reads_back() {
    let args = TrickleArgs {
        topics: 5,
        partitions: 2,
        bytes: 100,
        every: 10,
        minutes: 12,
    };
    let trickle = run(&args).unwrap();
    assert_eq!(trickle.records, 5 * 2 * 12 * 6);
    assert_eq!(trickle.replay_records, trickle.records);
    // Each topic after five minutes, and after ten.
    assert!((10..=15).contains(&trickle.totals.lake_puts), "{trickle:?}");
    // A manifest, a list and the metadata for each.
    assert_eq!(trickle.totals.table_puts, 3 * trickle.totals.lake_puts, "{trickle:?}");
    assert!(trickle.lake_extents >= 10, "{trickle:?}");
}
