//! Follows several partitions at once: one long poll each, answered as records come.

use std::future::Future;
use std::pin::Pin;

use anyhow::Result;
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;

use super::envelope::Envelope;
use super::plan::Part;
use super::read::{PartitionRead, WAIT_S};

type Poll = Pin<Box<dyn Future<Output = (Part, Result<Vec<Envelope>>)> + Send>>;

/// The polls in flight, and the parts that wait for theirs.
pub(super) struct Follower {
    read: PartitionRead,
    idle: Vec<Part>,
    polls: FuturesUnordered<Poll>,
}

impl Follower {
    /// A follower of these parts.
    pub(super) fn new(read: PartitionRead, parts: Vec<Part>) -> Follower {
        Follower {
            read,
            idle: parts,
            polls: FuturesUnordered::new(),
        }
    }

    /// The next records of whichever partition has some first; perhaps none.
    pub(super) async fn next(&mut self, limit: u64) -> Result<Vec<Envelope>> {
        for part in std::mem::take(&mut self.idle) {
            self.polls.push(poll(self.read.clone(), part, limit));
        }
        let Some((part, records)) = self.polls.next().await else {
            return std::future::pending().await;
        };
        self.idle.push(part);
        records
    }
}

fn poll(read: PartitionRead, mut part: Part, limit: u64) -> Poll {
    Box::pin(async move {
        let records = read.next(&mut part, limit, Some(WAIT_S)).await;
        (part, records)
    })
}
