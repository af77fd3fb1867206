//! What a log asks of its ledger and its store, counted by wrappers of the two seams, and what DynamoDB would charge for it.

mod ledger;
mod objects;

use std::ops::Sub;
use std::sync::Arc;
use std::time::Duration;

use hdrhistogram::Histogram;
use parking_lot::Mutex;
use serde::Serialize;

pub use self::ledger::CountedLedger;
pub use self::objects::CountedObjects;
use crate::latency;

/// Calls and bytes since the log was opened. A difference of two is what happened between them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Entries that were tried to put.
    pub entry_puts: u64,
    /// Of them, those that are at their position.
    pub entries: u64,
    /// Bytes of these.
    pub entry_bytes: u64,
    /// Write units that DynamoDB takes for all that were tried: one for each KiB begun, of the item and not of the envelope alone.
    pub write_units: u64,
    /// Reads of entries.
    pub entry_reads: u64,
    /// Read units beyond one a read: for each 4 KiB of an answer begun, but the first.
    pub read_units_beyond: u64,
    /// Reads of the base.
    pub base_reads: u64,
    /// Moves of the base.
    pub base_moves: u64,
    /// Objects put, of any kind but the witness.
    pub puts: u64,
    /// Bytes of these.
    pub put_bytes: u64,
    /// Of the objects put, lake files.
    pub lake_puts: u64,
    /// Of the objects put, those that describe tables.
    pub table_puts: u64,
    /// Puts of the witness.
    pub witness_puts: u64,
    /// Requests for bytes, and for the store's time.
    pub gets: u64,
    /// Listings begun.
    pub lists: u64,
    /// Requests that delete.
    pub deletes: u64,
}

impl Sub for Totals {
    type Output = Totals;

    fn sub(self, before: Totals) -> Totals {
        Totals {
            entry_puts: self.entry_puts - before.entry_puts,
            entries: self.entries - before.entries,
            entry_bytes: self.entry_bytes - before.entry_bytes,
            write_units: self.write_units - before.write_units,
            entry_reads: self.entry_reads - before.entry_reads,
            read_units_beyond: self.read_units_beyond - before.read_units_beyond,
            base_reads: self.base_reads - before.base_reads,
            base_moves: self.base_moves - before.base_moves,
            puts: self.puts - before.puts,
            put_bytes: self.put_bytes - before.put_bytes,
            lake_puts: self.lake_puts - before.lake_puts,
            table_puts: self.table_puts - before.table_puts,
            witness_puts: self.witness_puts - before.witness_puts,
            gets: self.gets - before.gets,
            lists: self.lists - before.lists,
            deletes: self.deletes - before.deletes,
        }
    }
}

impl Totals {
    /// Puts of entries for each that is there: 1 where nobody puts in vain.
    pub fn puts_per_entry(&self) -> f64 {
        per(self.entry_puts, self.entries)
    }

    /// Reads of entries and of the base for each entry.
    pub fn reads_per_entry(&self) -> f64 {
        per(self.entry_reads + self.base_reads, self.entries)
    }
}

fn per(what: u64, each: u64) -> f64 {
    what as f64 / (each as f64).max(1.0)
}

/// Counts of one log, for all of its agents. Clones share them.
#[derive(Clone, Debug)]
pub struct Counters {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    totals: Totals,
    put_times: Histogram<u64>,
}

impl Counters {
    /// Counts from nothing.
    ///
    /// # Errors
    /// None that is expected: the bounds of the histogram are constants.
    pub fn new() -> anyhow::Result<Counters> {
        let state = State {
            totals: Totals::default(),
            put_times: latency::histogram()?,
        };
        Ok(Counters {
            state: Arc::new(Mutex::new(state)),
        })
    }

    /// What was counted so far.
    pub fn totals(&self) -> Totals {
        self.state.lock().totals
    }

    /// How long puts of segments took, in microseconds, since this was asked last.
    pub fn take_put_times(&self) -> Histogram<u64> {
        let state = &mut *self.state.lock();
        let taken = state.put_times.clone();
        state.put_times.clear();
        taken
    }

    fn count(&self, change: impl FnOnce(&mut Totals)) {
        change(&mut self.state.lock().totals);
    }

    fn put_took(&self, took: Duration) {
        latency::record(&mut self.state.lock().put_times, took);
    }
}

#[cfg(test)]
mod tests;
