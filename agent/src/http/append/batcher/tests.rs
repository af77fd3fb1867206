use records::{Limits, walk};

use super::*;

fn target() -> Target {
    Target {
        topic: 7,
        partitions: 4,
        batch_bytes_max: 200,
        partition: None,
        keyed: false,
        keyless: 2,
        timestamp: 1_000,
        codec: Codec::None,
        bytes_max: 1 << 20,
    }
}

fn record<'a>(key: Option<&'a str>, value: &'a str) -> NewRecord<'a> {
    NewRecord {
        key: key.map(|key| key.as_bytes().into()),
        value: Some(value.as_bytes().into()),
        ..NewRecord::default()
    }
}

/// A partition and the values of each of its batches.
type RunOfValues = (u32, Vec<Vec<String>>);

/// Every run.
fn runs(target: &Target, records: &[NewRecord<'_>]) -> Result<Vec<RunOfValues>, &'static str> {
    let mut batcher = Batcher::new(target);
    for record in records {
        batcher.push(record).map_err(|problem| problem.code().name())?;
    }
    let runs = batcher.finish(None).map_err(|problem| problem.code().name())?;
    let values = |batch: &Batch| -> Vec<String> {
        assert!(batch.bytes().len() <= target.batch_bytes_max);
        let records = walk(batch, &Limits::default()).unwrap();
        records
            .map(|record| String::from_utf8(record.unwrap().value.unwrap().to_vec()).unwrap())
            .collect()
    };
    Ok(runs
        .iter()
        .map(|run| (run.partition.partition, run.batches.iter().map(values).collect()))
        .collect())
}

#[test]
fn keyless_records_stay_together_and_keyed_ones_go_by_their_key() {
    let records = [
        record(None, "a"),
        record(Some("k"), "b"),
        record(None, "c"),
        record(Some("k"), "d"),
    ];
    let of_k = partition_for_key(b"k", 4);
    assert_ne!(of_k, 2);
    let mut expected = vec![
        (2, vec![vec!["a".to_owned(), "c".to_owned()]]),
        (of_k, vec![vec!["b".to_owned(), "d".to_owned()]]),
    ];
    expected.sort();
    assert_eq!(runs(&target(), &records), Ok(expected));
}

#[test]
fn a_run_is_cut_where_a_batch_is_full() {
    let value = "v".repeat(60);
    let cut = runs(
        &target(),
        &[record(None, &value), record(None, &value), record(None, "x")],
    )
    .unwrap();
    assert_eq!(
        cut,
        [(2, vec![vec![value.clone()], vec![value.clone(), "x".to_owned()]])]
    );
}

#[test]
fn a_record_larger_than_a_batch_is_refused() {
    assert_eq!(
        runs(&target(), &[record(None, &"v".repeat(200))]),
        Err("record_too_large")
    );
    assert_eq!(
        runs(&target(), &[record(None, "a"), record(None, &"v".repeat(200))]),
        Err("record_too_large")
    );
}

#[test]
fn partitions() {
    let at = |partition| NewRecord {
        partition: Some(partition),
        ..record(Some("k"), "v")
    };
    let to_one = Target {
        partition: Some(1),
        ..target()
    };
    assert_eq!(runs(&target(), &[at(3)]).unwrap()[0].0, 3);
    assert_eq!(runs(&target(), &[at(4)]), Err("partition_not_found"));
    assert_eq!(runs(&to_one, &[record(Some("k"), "v")]).unwrap()[0].0, 1);
    assert_eq!(runs(&to_one, &[at(1)]).unwrap()[0].0, 1);
    assert_eq!(runs(&to_one, &[at(3)]), Err("invalid_record"));
    let wide = Target {
        partitions: 1_001,
        ..target()
    };
    let all: Vec<_> = (0..1_001).map(at).collect();
    assert_eq!(runs(&wide, &all[..1_000]).map(|runs| runs.len()), Ok(1_000));
    assert_eq!(runs(&wide, &all), Err("bad_request"));
}

#[test]
fn timestamps_far_apart_need_two_batches() {
    let at = |ms| NewRecord {
        timestamp: Some(ms),
        ..record(None, "v")
    };
    assert_eq!(runs(&target(), &[at(i64::MIN), at(i64::MAX)]).unwrap()[0].1.len(), 2);
}

#[test]
fn records_that_need_too_much_are_refused() {
    let tight = Target {
        bytes_max: 500,
        ..target()
    };
    let key = "k".repeat(100);
    let records: Vec<_> = (0..6).map(|_| record(Some(&key), "v")).collect();
    assert_eq!(runs(&tight, &records[..4]).map(|runs| runs.len()), Ok(1));
    assert_eq!(runs(&tight, &records), Err("request_too_large"));
}
