//! Requests under way, so that whoever misses a block that is being fetched waits for it instead of asking too.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::{BoxFuture, Shared};
use parking_lot::Mutex;
use tokio::sync::oneshot;

use crate::blocks;
use crate::cache::Place;
use crate::{Key, Op, StoreError};

/// What a request brought.
pub(super) struct Landed {
    /// The first block of the run.
    pub(super) first: u64,
    /// The run's blocks, as far as the object goes.
    pub(super) blocks: Vec<Bytes>,
    /// How long the object is.
    pub(super) object_bytes: u64,
}

type Outcome = Result<Arc<Landed>, StoreError>;

/// Resolves when the request is done.
pub(super) type Flight = Shared<BoxFuture<'static, Outcome>>;

/// Which blocks are under way.
#[derive(Clone, Default)]
pub(super) struct Flights {
    board: Arc<Mutex<BTreeMap<Place, Flight>>>,
}

impl fmt::Debug for Flights {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Flights")
            .field("blocks", &self.board.lock().len())
            .finish_non_exhaustive()
    }
}

/// A request that somebody has to make now. Dropping it (its task was killed) fails those who wait.
pub(super) struct Departure {
    key: Key,
    run: Range<u64>,
    tell: Option<oneshot::Sender<Outcome>>,
    flights: Flights,
}

impl Departure {
    /// The blocks to fetch.
    pub(super) fn run(&self) -> Range<u64> {
        self.run.clone()
    }
}

impl Drop for Departure {
    fn drop(&mut self) {
        let mut board = self.flights.board.lock();
        for block in self.run.clone() {
            board.remove(&(self.key, block));
        }
    }
}

impl Flights {
    /// Joins the flights of these blocks, which rise, and opens new ones for those that have none.
    pub(super) fn board(&self, key: Key, missing: &[u64], run_blocks_max: u64) -> (Vec<Flight>, Vec<Departure>) {
        let mut board = self.board.lock();
        let mut joined = Vec::new();
        let mut grounded = Vec::new();
        let mut seen = None;
        for &block in missing {
            match board.get(&(key, block)) {
                None => grounded.push(block),
                // A run of several blocks is waited for once.
                Some(flight) if seen.as_ref().is_some_and(|last: &Flight| last.ptr_eq(flight)) => {}
                Some(flight) => {
                    seen = Some(flight.clone());
                    joined.push(flight.clone());
                }
            }
        }
        let mut departures = Vec::new();
        for run in blocks::runs(&grounded, run_blocks_max) {
            let (tell, told) = oneshot::channel();
            let flight = told
                .map(|landed| landed.unwrap_or_else(|_| Err(cancelled())))
                .boxed()
                .shared();
            for block in run.clone() {
                board.insert((key, block), flight.clone());
            }
            joined.push(flight);
            departures.push(Departure {
                key,
                run,
                tell: Some(tell),
                flights: self.clone(),
            });
        }
        (joined, departures)
    }

    /// Ends a flight. Its blocks are in the cache by now, so whoever comes later finds them there.
    pub(super) fn land(&self, mut departure: Departure, landed: Result<Landed, StoreError>) {
        let tell = departure.tell.take();
        drop(departure);
        if let Some(tell) = tell {
            // All who waited may have gone.
            let _ = tell.send(landed.map(Arc::new));
        }
    }
}

fn cancelled() -> StoreError {
    StoreError::passing(Op::Get, "", "the process is stopping")
}
