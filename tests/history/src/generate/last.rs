//! The last reader: when everything is at rest it reads all there is, some records at a time, and the chain of each
//! partition.

use std::collections::VecDeque;

use super::model::{Partition, name};
use super::{Generator, TICK};
use crate::check::Chain;
use crate::operation::{Basis, Did, Operation, Outcome, Poll, PollPart};

/// Records of one poll.
const RECORDS: u64 = 300;

/// Where the last reader is.
#[derive(Debug)]
pub(super) struct LastReader {
    partitions: VecDeque<usize>,
    /// Where it goes on in the first of them; none when it has not begun.
    next: Option<u64>,
}

impl Generator {
    /// Reads on. False when all is read.
    pub(super) fn read_last(&mut self) -> bool {
        let alive = self.model.alive();
        let last = self.last.get_or_insert_with(|| LastReader {
            partitions: VecDeque::from(alive),
            next: None,
        });
        let Some(at) = last.partitions.front().copied() else {
            return false;
        };
        let partition = &self.model.partitions[at];
        let (poll, next) = poll(partition, last.next);
        let mut done = vec![poll];
        if next < partition.end() {
            last.next = Some(next);
        } else {
            last.next = None;
            last.partitions.pop_front();
            done.push(chain(partition));
        }
        let process = u32::try_from(self.actors.len()).expect("a few");
        for did in done {
            self.now += 2 * TICK;
            self.ready.push_back(Operation {
                process,
                invoked: self.now - TICK,
                completed: self.now,
                outcome: Outcome::Ok,
                why: None,
                did,
            });
        }
        true
    }
}

/// Reads some records. Where it goes on.
fn poll(partition: &Partition, next: Option<u64>) -> (Did, u64) {
    let records = partition.read(next.unwrap_or(0), RECORDS);
    let records: Vec<(u64, String)> = records.map(|(offset, value)| (offset, name(value))).collect();
    // Behind the last record there may be offsets that have none.
    let whole = records.len() as u64 == RECORDS;
    let next_after = records
        .last()
        .filter(|_| whole)
        .map_or(partition.end(), |(last, _)| last + 1);
    let part = PollPart {
        key: partition.key.clone(),
        from: next.is_none().then_some(0),
        records,
        rebalanced: false,
        marks: Some(partition.marks()),
    };
    let poll = Poll {
        parts: vec![part],
        last: true,
        basis: Basis::Tip,
    };
    (Did::Poll(poll), next_after)
}

fn chain(partition: &Partition) -> Did {
    let mut chain = Chain::default();
    for (offset, value) in partition.read(0, u64::MAX) {
        chain.add(offset, &name(value));
    }
    Did::Prefix {
        key: partition.key.clone(),
        from: partition.log_start,
        end: partition.end(),
        hash: chain.hex(),
    }
}
