//! The auditor: it folds the one true ledger, entry by entry as they are put, and holds whatever happens below the
//! seams against that.

mod entries;
mod objects;

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::FutureExt as _;
use ledger::{Append, Base, Hash, Ledger, MemoryLedger, MemoryWitness, ReadOutcome, Tip};
use metadata::{ObjectName, PartitionId, State};
use parking_lot::Mutex;
use store::MemoryObjects;
use world::World;

use crate::journal::Journal;

/// The auditor of one run. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Audit {
    books: Arc<Mutex<Books>>,
    journal: Journal,
}

#[derive(Debug)]
struct Books {
    table: MemoryLedger,
    place: Arc<MemoryObjects>,
    world: World,
    journal: Journal,
    following: Option<Following>,
    /// When the entry at each position was folded, in milliseconds of the store's time.
    folded_ms: BTreeMap<u64, i64>,
    entry_hashes: BTreeMap<u64, Hash>,
    /// Hashes of the state at positions, as far as somebody was asked for it.
    state_hashes: BTreeMap<u64, [u8; 32]>,
    /// Runs that the fold applied: where, and how many records.
    applied: BTreeMap<(PartitionId, u64), u32>,
}

#[derive(Debug)]
struct Following {
    ledger: Ledger,
    tip: Tip,
    state: State,
}

/// Waits for what never waits: everything here is in memory.
fn now<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("memory answers at once")
}

impl Audit {
    pub(crate) fn new(table: MemoryLedger, place: Arc<MemoryObjects>, world: World, journal: Journal) -> Audit {
        let books = Books {
            table,
            place,
            world,
            journal: journal.clone(),
            following: None,
            folded_ms: BTreeMap::new(),
            entry_hashes: BTreeMap::new(),
            state_hashes: BTreeMap::new(),
            applied: BTreeMap::new(),
        };
        Audit {
            books: Arc::new(Mutex::new(books)),
            journal,
        }
    }

    /// Something was put at a position, or was not.
    pub(crate) fn appended(&self, position: u64, bytes: usize, appended: Option<&Append>) {
        self.journal
            .line(format_args!("table append {position} {bytes} bytes {appended:?}"));
        self.books.lock().catch_up();
    }

    /// The base moved: forward, to a true entry, and to a snapshot that is there; the entries whose inline bytes it
    /// leaves behind are named by nobody.
    pub(crate) fn base_moved(&self, old: &Base, new: &Base) {
        self.journal.count("base moved");
        let books = &mut *self.books.lock();
        books.catch_up();
        self.journal.line(format_args!(
            "table base {} -> {} {}",
            old.position, new.position, new.snapshot
        ));
        let forward = new.position >= old.position;
        let known = books
            .entry_hashes
            .get(&new.position)
            .is_none_or(|hash| *hash == new.hash);
        self.journal
            .check("the base moves forward to a true entry", forward && known, || {
                format!("{old:?} -> {new:?}")
            });
        let there = new.snapshot.is_empty() || books.is_there(&new.snapshot);
        self.journal
            .check("the base's snapshot is there", there, || new.snapshot.clone());
        let lowest = books
            .following
            .as_ref()
            .and_then(|following| following.state.lowest_inline());
        self.journal.check(
            "the base passes no inline bytes that are named",
            lowest.is_none_or(|lowest| lowest >= new.position),
            || format!("base {} and lowest inline {lowest:?}", new.position),
        );
    }

    /// Entries were deleted: only below the base, and none that is still named.
    pub(crate) fn entries_deleted(&self, deleted: u64) {
        self.journal.count_by("entries deleted", deleted);
        let books = &mut *self.books.lock();
        books.catch_up();
        let first = books.table.entries().first().map(|entry| entry.position);
        self.journal
            .line(format_args!("table delete {deleted}, first is {first:?}"));
        let base = now(ledger::Backend::base(&books.table))
            .ok()
            .flatten()
            .map(|base| base.position);
        self.journal.check(
            "entries are deleted below the base alone",
            first.is_some() && first <= base,
            || format!("first {first:?} and base {base:?}"),
        );
        let lowest = books
            .following
            .as_ref()
            .and_then(|following| following.state.lowest_inline());
        self.journal.check(
            "no entry is deleted that is named",
            lowest.is_none_or(|lowest| first.is_some_and(|first| first <= lowest)),
            || format!("first {first:?} and lowest inline {lowest:?}"),
        );
    }

    /// A look at the true state; none before the ledger has begun.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&State) -> T) -> Option<T> {
        self.books
            .lock()
            .following
            .as_ref()
            .map(|following| look(&following.state))
    }

    /// The hash of the true state, and its position.
    pub(crate) fn note_own_hash(&self) {
        let own = self.read(|state| (state.position(), metadata::snapshot::state_hash_of(state)));
        if let Some((position, hash)) = own {
            self.note_hash("the auditor", position, hash);
        }
    }

    /// All who have folded as far as this must hold the same state.
    pub(crate) fn note_hash(&self, who: &str, position: u64, hash: [u8; 32]) {
        let first = *self.books.lock().state_hashes.entry(position).or_insert(hash);
        self.journal
            .check("the same entries make the same state", first == hash, || {
                format!("{who} holds another state at {position}")
            });
    }

    /// An acknowledgement rests on an applied entry.
    pub(crate) fn acknowledged(&self, partition: PartitionId, base_offset: u64, records: u32) {
        let applied = self.books.lock().applied.get(&(partition, base_offset)).copied();
        self.journal
            .check("what is acknowledged was applied", applied == Some(records), || {
                format!("{records} records at {partition:?} {base_offset}; applied there: {applied:?}")
            });
    }
}

impl Books {
    /// Folds what is new in the table.
    fn catch_up(&mut self) {
        if self.following.is_none() {
            self.begin();
        }
        loop {
            let Some(following) = &self.following else { return };
            match now(following.ledger.read(&following.tip, 1 << 20)) {
                Ok(ReadOutcome::Entries { entries, .. }) if entries.is_empty() => return,
                Ok(ReadOutcome::Entries { entries, .. }) => entries.iter().for_each(|entry| self.fold(entry)),
                other => {
                    self.journal
                        .check("the ledger can be followed", false, || format!("{other:?}"));
                    return;
                }
            }
        }
    }

    /// Begins to follow when somebody has written the base.
    fn begin(&mut self) {
        if !matches!(now(ledger::Backend::base(&self.table)), Ok(Some(_))) {
            return;
        }
        let (table, witness) = (Arc::new(self.table.clone()), Arc::new(MemoryWitness::default()));
        let ledger = now(Ledger::open(table, witness, self.world.clone())).expect("the ledger has a base");
        let base = now(ledger.base()).expect("the ledger has a base");
        let tip = base.tip();
        self.following = Some(Following {
            ledger,
            tip,
            state: State::genesis(base.cluster.0, tip.era, tip.hash.0),
        });
    }

    fn status(&self, name: &ObjectName) -> Option<metadata::ObjectStatus> {
        self.following.as_ref().map(|following| following.state.object(name))
    }
}
