//! The auditor: it folds the one true ledger, entry by entry as they are put, and holds whatever happens below the
//! seams against that.

mod account;
mod appends;
mod entries;
mod laws;
mod lives;
mod loss;
mod named;
mod objects;
mod shadow;
mod tables;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use ledger::{Append, Base, Entry, Hash, Ledger, MemoryLedger, MemoryWitness, ReadOutcome, Tip};
use metadata::{Change, ObjectName, PartitionId, State};
use parking_lot::Mutex;
use store::MemoryObjects;
use world::World;

use crate::history::History;
use crate::journal::Journal;
use crate::value::Name;
use account::Account;
use lives::{Contents, Lives};

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
    history: Arc<Mutex<History>>,
    ledger: Option<Ledger>,
    genesis: Tip,
    /// All that follows from the true entries.
    account: Option<Account>,
    /// The true entries after genesis.
    entries: Vec<Followed>,
    /// What each sequence of a life named, whether or not its entry is still there.
    contents: Contents,
    /// Hashes of the state after entries, as far as somebody was asked for it.
    state_hashes: BTreeMap<(u64, [u8; 32]), [u8; 32]>,
    /// Ends that were lost.
    losses: u64,
    /// Entries that were lost, and the hash of the one before each.
    lost: BTreeMap<Hash, Hash>,
    /// Lives as they were known before each loss, and the end there was then: who had
    /// folded that may still act by it.
    lost_lives: Vec<(Lives, u64)>,
    /// Positions below the base at which an entry was put by one who slept while the base moved.
    false_entries: BTreeSet<u64>,
    /// Nothing may be applied before the next halt.
    halt_is_due: bool,
}

/// An entry, and when it was put.
#[derive(Clone, Debug)]
struct Followed {
    entry: Entry,
    /// Milliseconds of the store's time.
    at_ms: i64,
    /// Its place in the order of all that happens.
    ordinal: u64,
}

/// What an acknowledgement rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rests {
    /// An entry that is there.
    True,
    /// An entry that was lost.
    Lost,
    /// Nothing.
    Never,
}

/// Waits for what never waits: everything here is in memory.
fn now<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("memory answers at once")
}

impl Audit {
    pub(crate) fn new(
        table: MemoryLedger,
        place: Arc<MemoryObjects>,
        world: World,
        journal: Journal,
        history: Arc<Mutex<History>>,
    ) -> Audit {
        let books = Books {
            table,
            place,
            world,
            journal: journal.clone(),
            history,
            ledger: None,
            genesis: Tip::new(0, 0, Hash::ZERO),
            account: None,
            entries: Vec::new(),
            contents: Contents::default(),
            state_hashes: BTreeMap::new(),
            losses: 0,
            lost: BTreeMap::new(),
            lost_lives: Vec::new(),
            false_entries: BTreeSet::new(),
            halt_is_due: false,
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
        let books = &mut *self.books.lock();
        books.catch_up();
        if appended == Some(&Append::Appended) && position <= books.base_position() {
            self.journal.count("entries put below the base");
            books.false_entries.insert(position);
        }
    }

    /// Entries from `first` to `last` were read.
    pub(crate) fn entries_read(&self, first: u64, last: u64) {
        if self.books.lock().false_entries.range(first..=last).next().is_some() {
            self.journal.count("entries put below the base, read by somebody");
        }
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
        let known = books.hash_at(new.position).is_none_or(|hash| hash == new.hash);
        self.journal
            .check("the base moves forward to a true entry", forward && known, || {
                format!("{old:?} -> {new:?}")
            });
        let there = new.snapshot.is_empty() || books.is_there(&new.snapshot);
        self.journal
            .check("the base's snapshot is there", there, || new.snapshot.clone());
        let lowest = books.account.as_ref().and_then(|account| account.state.lowest_inline());
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
        let lowest = books.account.as_ref().and_then(|account| account.state.lowest_inline());
        self.journal.check(
            "no entry is deleted that is named",
            lowest.is_none_or(|lowest| first.is_some_and(|first| first <= lowest)),
            || format!("first {first:?} and lowest inline {lowest:?}"),
        );
    }

    /// A look at the true state; none before the ledger has begun.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&State) -> T) -> Option<T> {
        let books = self.books.lock();
        books.account.as_ref().map(|account| look(&account.state))
    }

    /// Whether this is a true entry: its position and its hash.
    pub(crate) fn contains(&self, (position, hash): (u64, [u8; 32])) -> bool {
        let books = self.books.lock();
        match books.hash_at(position) {
            Some(known) => known.0 == hash,
            None => position == 0,
        }
    }

    /// Where the base is, and the position of the first entry that is there.
    pub(crate) fn begins(&self) -> (u64, u64) {
        let books = self.books.lock();
        let first = books.table.entries().first().map_or(0, |entry| entry.position);
        (books.base_position(), first)
    }

    /// Where partitions ended so long ago; 0 where nothing was.
    pub(crate) fn ends_before(&self, partitions: impl Iterator<Item = PartitionId>, ago: Duration) -> Vec<u64> {
        let books = self.books.lock();
        let ago_ms = i64::try_from(ago.as_millis()).unwrap_or(i64::MAX);
        let then_ms = books.world.clock.wall_ms().saturating_sub(ago_ms);
        let newer = books.entries.iter().rev();
        let newer = newer.take_while(|followed| followed.at_ms >= then_ms).count();
        let position = u64::try_from(books.entries.len() - newer).unwrap_or(0);
        let end = |partition| {
            books
                .account
                .as_ref()
                .map_or(0, |account| account.end_at(partition, position))
        };
        partitions.map(end).collect()
    }

    /// The records of a partition that were applied, by offset.
    pub(crate) fn names(&self, partition: PartitionId) -> BTreeMap<u64, Name> {
        let books = self.books.lock();
        let account = books.account.as_ref();
        account.map(|account| account.names(partition)).unwrap_or_default()
    }

    /// The end of the true ledger; none before it has begun.
    pub(crate) fn tip(&self) -> Option<Tip> {
        self.books.lock().account.as_ref().map(|account| account.tip)
    }

    /// The hash of the true state, and its position.
    pub(crate) fn note_own_hash(&self) {
        let own = self.read(|state| (place_of(state), metadata::snapshot::state_hash_of(state)));
        if let Some((place, hash)) = own {
            self.note_hash("the auditor", place, hash);
        }
    }

    /// All who have folded the same entries must hold the same state. `place` is the last entry's position and hash.
    pub(crate) fn note_hash(&self, who: &str, place: (u64, [u8; 32]), hash: [u8; 32]) {
        let first = *self.books.lock().state_hashes.entry(place).or_insert(hash);
        self.journal
            .check("the same entries make the same state", first == hash, || {
                format!("{who} holds another state at {}", place.0)
            });
    }

    /// What an acknowledgement rests on: an applied entry.
    pub(crate) fn acknowledged(&self, send: u64, partition: PartitionId, base_offset: u64) -> Rests {
        let place = (partition, base_offset);
        let books = self.books.lock();
        let applied = books.account.as_ref().and_then(|account| account.place_of(send));
        let rests = if applied == Some(place) {
            Rests::True
        } else if books.history.lock().is_lost(send, place) {
            Rests::Lost
        } else {
            Rests::Never
        };
        self.journal
            .check("what is acknowledged was applied", rests != Rests::Never, || {
                format!("send {send} at {partition:?} {base_offset}; applied at: {applied:?}")
            });
        rests
    }

    /// An acknowledged commit rests on an applied entry.
    pub(crate) fn committed(&self, group: &str, change: Change, offset: u64) {
        let books = self.books.lock();
        let known = books
            .account
            .as_ref()
            .is_some_and(|account| account.committed(group, change) == Some(offset));
        let holds = known || books.history.lock().is_lost_commit(group, change, offset);
        self.journal
            .check("a commit that is acknowledged was applied", holds, || {
                format!("{group} {change:?} {offset}")
            });
    }
}

/// The last entry that a state holds: its position and its hash.
pub(crate) fn place_of(state: &State) -> (u64, [u8; 32]) {
    (state.position(), state.entry_hash())
}

impl Books {
    /// Folds what is new in the table.
    fn catch_up(&mut self) {
        if self.account.is_none() {
            self.begin();
        }
        loop {
            let (Some(account), Some(ledger)) = (&self.account, &self.ledger) else {
                return;
            };
            let read = now(ledger.read(&account.tip, 1 << 20));
            let followed = matches!(read, Ok(ReadOutcome::Entries { .. }));
            self.journal
                .check("the ledger can be followed", followed, || format!("{read:?}"));
            match read {
                Ok(ReadOutcome::Entries { entries, .. }) if !entries.is_empty() => {
                    entries.into_iter().for_each(|entry| self.follow(entry));
                }
                _ => return,
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
        self.ledger = Some(ledger);
        self.genesis = base.tip();
        self.account = Some(Account::genesis(base.cluster.0, base.tip()));
    }

    fn follow(&mut self, entry: Entry) {
        let followed = Followed {
            at_ms: self.world.clock.wall_ms(),
            ordinal: self.journal.ordinal(),
            entry,
        };
        self.journal.count("entries");
        self.fold(&followed, &self.journal.clone());
        self.entries.push(followed);
    }

    fn status(&self, name: &ObjectName) -> Option<metadata::ObjectStatus> {
        self.account.as_ref().map(|account| account.state.object(name))
    }

    pub(super) fn base_position(&self) -> u64 {
        let base = now(ledger::Backend::base(&self.table)).ok().flatten();
        base.map_or(0, |base| base.position)
    }

    /// The entry at a position; none at 0, where genesis stands.
    fn followed(&self, position: u64) -> Option<&Followed> {
        let index = usize::try_from(position).ok()?.checked_sub(1)?;
        self.entries.get(index)
    }

    fn hash_at(&self, position: u64) -> Option<Hash> {
        self.followed(position).map(|followed| followed.entry.hash)
    }
}
