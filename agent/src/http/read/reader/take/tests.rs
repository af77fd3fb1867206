use std::time::Duration;

use engine::Seen;
use metadata::TopicId;
use records::{BatchBuilder, Codec};

use super::*;
use crate::http::front::TopicFacts;
use crate::http::read::query::{Bounds, Form};
use crate::http::read::reply;

/// A reader of one partition of a topic of which compaction leaves out any records.
fn reader(next: u64, until: u64) -> Reader {
    Reader {
        topic: TopicFacts {
            number: 1,
            name: "t".to_owned(),
            id: TopicId([1; 16]),
            partitions: 1,
            batch_bytes_max: 1 << 20,
            keyed: true,
            public: false,
        },
        first: 0,
        closed: true,
        turn: 0,
        next: vec![next],
        until: Some(until),
        bounds: Bounds {
            limit: 100,
            bytes_max: 1 << 20,
            wait: Duration::ZERO,
        },
        seen: Seen { era: 1, position: 1 },
    }
}

/// What was fetched: batches of so many records, from these offsets on.
fn fetched(batches: &[(u64, usize)]) -> Fetched {
    let batch = |&(base_offset, count): &(u64, usize)| {
        let mut builder = BatchBuilder::new(Codec::None, None);
        for _ in 0..count {
            builder.push(0, Some(b"k"), Some(b"v"), &[]).unwrap();
        }
        FetchedBatch {
            base_offset,
            leader_epoch: 0,
            batch: builder.build().unwrap(),
        }
    };
    Fetched {
        log_start: 0,
        high_watermark: 100,
        seen: Seen { era: 1, position: 1 },
        batches: batches.iter().map(batch).collect(),
    }
}

fn check((next, until): (u64, u64), batches: &[(u64, usize)], form: Form, expected: (usize, u64)) {
    let mut reader = reader(next, until);
    let mut left = Left {
        records: 100,
        text_max: 1 << 20,
    };
    let mut page = reply::page(form, None);
    let taken = reader.take(0, &fetched(batches), &mut page, &mut left).unwrap();
    assert_eq!((taken, reader.next[0]), expected, "{next} to {until} of {batches:?}");
    assert!(reader.has_ended());
}

#[test]
fn a_reader_comes_to_its_end_also_where_there_are_no_records() {
    for form in [Form::Lines, Form::Json, Form::Events] {
        check((0, 3), &[(0, 5)], form, (3, 3));
        check((0, 3), &[(0, 3), (3, 2)], form, (3, 3));
        check((0, 4), &[(0, 2), (7, 2)], form, (2, 4));
        check((2, 4), &[(7, 2)], form, (0, 4));
        check((9, 4), &[(9, 2)], form, (0, 9));
    }
    // Batches are given whole.
    check((0, 3), &[(0, 5)], Form::Batches, (5, 5));
    check((2, 4), &[(7, 2)], Form::Batches, (0, 4));
}
