use bytes::BytesMut;
use metadata::entry;
use records::{BatchBuilder, Codec};

use super::*;

/// Batches of so many records each, one behind the other.
fn run(records: &[u32]) -> (Bytes, Vec<usize>) {
    let (mut all, mut lengths) = (BytesMut::new(), Vec::new());
    for count in records {
        let mut builder = BatchBuilder::new(Codec::None, None);
        for number in 0..*count {
            builder
                .push(i64::from(number), None, Some(b"value"), &[])
                .expect("works in a test");
        }
        let bytes = builder.build().expect("works in a test").into_bytes();
        lengths.push(bytes.len());
        all.extend_from_slice(&bytes);
    }
    (all.freeze(), lengths)
}

/// A step over all batches of `run(records)`, which begin at offset 100.
fn step(records: &[u32], offset: u64, bytes_max: usize) -> Step {
    let (bytes, _) = run(records);
    let total: u32 = records.iter().sum();
    let place = Place::Inline {
        position: 1,
        proposal: 0,
        run: 0,
    };
    Step {
        partition: PartitionId { topic: 1, partition: 2 },
        extent: Extent {
            first: 100,
            last_delta: total - 1,
            records: total,
            bytes: bytes.len() as u32,
            max_timestamp: 0,
            place,
        },
        offset,
        bytes_max,
        epochs: Epochs::default(),
    }
}

fn served(cut: Cut) -> Result<Vec<u64>, Failure> {
    Ok(cut.served()?.iter().map(|batch| batch.base_offset).collect())
}

#[test]
fn batches_from_the_one_that_holds_the_offset_as_far_as_the_bytes_go() {
    let records = [2, 1, 3];
    let (bytes, lengths) = run(&records);
    let check = |offset, bytes_max, expect: &[u64]| {
        let cut = Cut::of(&step(&records, offset, bytes_max), bytes.clone(), 100, Some(106));
        assert_eq!(served(cut).unwrap(), expect, "{offset} {bytes_max}");
    };
    check(100, usize::MAX, &[100, 102, 103]);
    check(101, usize::MAX, &[100, 102, 103]);
    check(102, usize::MAX, &[102, 103]);
    check(105, usize::MAX, &[103]);
    check(100, 0, &[100]);
    check(103, 1, &[103]);
    check(100, lengths[0], &[100]);
    check(100, lengths[0] + lengths[1], &[100, 102]);
    check(100, lengths[0] + lengths[1] + 1, &[100, 102]);
}

#[test]
fn a_damaged_header_that_is_skipped_moves_no_offset() {
    let records = [2, 1, 3];
    let (bytes, _) = run(&records);
    // The last offset delta of the first batch, which stands at byte 23.
    let mut damaged = BytesMut::from(&*bytes);
    damaged[26] ^= 0x04;
    let cut = Cut::of(&step(&records, 102, usize::MAX), damaged.freeze(), 100, Some(106));
    assert!(matches!(served(cut), Err(Failure::Damaged(_))));
}

#[test]
fn what_lies_before_the_damage_is_served() {
    let records = [2, 1, 3];
    let (bytes, lengths) = run(&records);
    let check = |flipped: usize, offset, expect: Option<&[u64]>| {
        let mut damaged = BytesMut::from(&*bytes);
        damaged[flipped] ^= 1;
        let found = served(Cut::of(
            &step(&records, offset, usize::MAX),
            damaged.freeze(),
            100,
            Some(106),
        ));
        assert_eq!(found.ok().as_deref(), expect, "{flipped} {offset}");
    };
    let last = |batch: usize| lengths[..=batch].iter().sum::<usize>() - 1;
    check(last(0), 100, None);
    check(last(1), 100, Some(&[100]));
    check(last(2), 100, Some(&[100, 102]));
    check(last(1), 103, Some(&[103]));
    check(last(2), 103, None);
}

#[test]
fn only_the_run_that_the_fold_means_is_taken() {
    let wanted = step(&[2], 100, 1);
    let (bytes, _) = run(&[2]);
    let runs = |topic, partition, records, bytes: &Bytes| {
        vec![entry::Run {
            topic,
            partition,
            records,
            bytes: bytes.len() as u32,
            inline: bytes.clone(),
            ..Default::default()
        }]
    };
    let check = |runs: Vec<entry::Run>, number, found| {
        let group = entry::Group { runs, request: None };
        let append = entry::Append {
            segment: None,
            groups: vec![group],
        };
        let proposal = entry::Proposal {
            kind: Some(Kind::Append(append)),
            ..Default::default()
        };
        let body = entry::body(vec![proposal]);
        assert_eq!(find_run(&body, &wanted, 0, number).is_some(), found);
        assert_eq!(find_run(&body, &wanted, 1, number), None);
    };
    check(runs(1, 2, 2, &bytes), 0, true);
    check(runs(1, 2, 2, &bytes), 1, false);
    check(runs(1, 3, 2, &bytes), 0, false);
    check(runs(2, 2, 2, &bytes), 0, false);
    check(runs(1, 2, 1, &bytes), 0, false);
    check(runs(1, 2, 2, &bytes.slice(1..)), 0, false);
}
