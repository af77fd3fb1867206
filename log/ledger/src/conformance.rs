//! What every backend must do, as one suite that any of them runs: [`all`].
//!
//! It knows a backend only through [`Backend`], and a [`Harness`] that makes fresh tables, opens them again as another
//! process would, and puts bytes into them behind everyone's back. A check that fails panics and says what it saw.

mod base;
mod damage;
mod differential;
mod loss;
mod memory;
mod order;
mod sleepers;
mod witness;

pub use differential::differential;
pub use memory::MemoryTables;

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use world::World;

use crate::backend::{Backend, Base, Looks};
use crate::chain::{Entry, EntryKind, Loss, Tip};
use crate::ids::Position;
use crate::ledger::{Appended, Ledger, ReadOutcome};
use crate::witness::MemoryWitness;

/// Makes tables for the suite.
#[async_trait]
pub trait Harness: Debug + Send + Sync {
    /// A table that holds nothing.
    async fn fresh(&self) -> Arc<dyn Table>;
}

/// A table that outlives the handles to it.
#[async_trait]
pub trait Table: Debug + Send + Sync {
    /// A handle of its own, as another process has one.
    async fn open(&self) -> Arc<dyn Backend>;

    /// Puts these bytes at a position, or removes what is there, whatever is or is not around it: what a restored
    /// backup, a put that arrives late, or a damaged disk leave.
    async fn plant(&self, position: Position, bytes: Option<Bytes>);
}

/// Runs the whole suite. The tables it uses are its own.
pub async fn all(harness: &dyn Harness, world: &World) {
    order::all(harness, world).await;
    base::all(harness, world).await;
    sleepers::all(harness, world).await;
    loss::all(harness, world).await;
    witness::all(harness, world).await;
    damage::all(harness, world).await;
}

/// A ledger on a fresh table, and a witness: what a check plays in.
#[derive(Debug)]
pub struct Yard {
    /// The table.
    pub table: Arc<dyn Table>,
    /// The witness.
    pub witness: Arc<MemoryWitness>,
    world: World,
    /// The ledger as its first process opened it.
    pub ledger: Ledger,
}

impl Yard {
    /// A ledger that has just begun.
    pub async fn new(harness: &dyn Harness, world: &World) -> Yard {
        let table = harness.fresh().await;
        let witness = Arc::new(MemoryWitness::new());
        let ledger = open(&*table, &witness, world).await;
        Yard {
            table,
            witness,
            world: world.clone(),
            ledger,
        }
    }

    /// The ledger as another process opens it.
    pub async fn reopened(&self) -> Ledger {
        open(&*self.table, &self.witness, &self.world).await
    }

    /// One that has folded what the base says, and nothing after.
    pub async fn follower(&self) -> Follower {
        let ledger = self.reopened().await;
        let tip = ledger.base().await.expect("an open ledger has a base").tip();
        let entries = Vec::new();
        Follower { ledger, tip, entries }
    }

    /// One that has appended these bodies.
    pub async fn writer_of(&self, bodies: &[&str]) -> Follower {
        let mut writer = self.follower().await;
        writer.catch_up().await;
        for body in bodies {
            writer.append(body).await;
        }
        writer
    }

    /// Moves the base to a tip.
    pub async fn move_base(&self, tip: &Tip) -> Base {
        let old = self.ledger.base().await.expect("a base");
        let new = Base {
            era: tip.era,
            position: tip.position,
            hash: tip.hash,
            snapshot: format!("snapshot-{}", tip.position),
            ..old.clone()
        };
        let moved = self
            .ledger
            .advance_base(&old, new.clone())
            .await
            .expect("the base moves");
        assert!(moved, "the base moves from {old:?} to {new:?}");
        new
    }

    /// Deletes everything below the base.
    pub async fn delete_all(&self) -> u64 {
        let mut total = 0;
        loop {
            match self.ledger.delete_below_base().await.expect("deletes") {
                0 => return total,
                some => total += some,
            }
        }
    }

    /// Forgets the entries from `first` to `last`.
    pub async fn lose(&self, first: Position, last: Position) {
        for position in first..=last {
            self.table.plant(position, None).await;
        }
    }

    /// Whether this backend leaves the looks to the layer above.
    async fn looks_after_put(&self) -> bool {
        self.table.open().await.looks() == Looks::AfterPut
    }
}

async fn open(table: &dyn Table, witness: &Arc<MemoryWitness>, world: &World) -> Ledger {
    let opened = Ledger::open(table.open().await, witness.clone(), world.clone()).await;
    opened.expect("a table opens as a ledger")
}

/// One who folds a ledger.
#[derive(Debug, Clone)]
pub struct Follower {
    /// The ledger, through a handle of its own.
    pub ledger: Ledger,
    /// The last entry it has folded.
    pub tip: Tip,
    /// What it has folded after the base at which it began.
    pub entries: Vec<Entry>,
}

/// Why a follower stopped reading.
#[derive(Debug, PartialEq)]
pub enum Stop {
    /// It is at the end.
    End,
    /// The base has moved past it.
    Reload(Base),
    /// The ledger lost its end.
    Lost(Loss),
}

impl Follower {
    /// Reads on to the end, a little at a time.
    pub async fn read_on(&mut self) -> Stop {
        loop {
            match self.ledger.read(&self.tip, 300).await.expect("the ledger reads") {
                ReadOutcome::Reload(base) => return Stop::Reload(base),
                ReadOutcome::Lost(loss) => return Stop::Lost(loss),
                ReadOutcome::Entries { entries, at_end } => {
                    assert!(at_end || !entries.is_empty(), "a read goes on or is at the end");
                    self.fold(entries);
                    if at_end {
                        return Stop::End;
                    }
                }
            }
        }
    }

    fn fold(&mut self, entries: Vec<Entry>) {
        for entry in entries {
            assert_eq!(entry.position, self.tip.position + 1, "entries come without gaps");
            self.tip = entry.tip();
            self.entries.push(entry);
        }
    }

    /// Reads on, and must reach the end.
    pub async fn catch_up(&mut self) {
        assert_eq!(self.read_on().await, Stop::End);
    }

    /// Appends until it has the position.
    pub async fn append(&mut self, body: &str) -> Tip {
        loop {
            match self.try_append(body).await {
                Appended::At(tip) => {
                    self.catch_up().await;
                    return tip;
                }
                Appended::Taken => self.catch_up().await,
                other => panic!("appending {body} gave {other:?}"),
            }
        }
    }

    /// Appends behind its tip, once, and folds nothing.
    pub async fn try_append(&self, body: &str) -> Appended {
        let body = Bytes::copy_from_slice(body.as_bytes());
        self.ledger
            .append(&self.tip, body)
            .await
            .expect("an append is answered")
    }

    /// What has been folded, one word an entry: a body, or `void`, `halt`, `misfit`, `era N`.
    pub fn story(&self) -> Vec<String> {
        let word = |entry: &Entry| match &entry.kind {
            EntryKind::Proposals(body) => String::from_utf8_lossy(body).into_owned(),
            EntryKind::Void => "void".to_owned(),
            EntryKind::Halt { misfit: true, .. } => "misfit".to_owned(),
            EntryKind::Halt { misfit: false, .. } => "halt".to_owned(),
            EntryKind::NewEra => format!("era {}", entry.era),
        };
        self.entries.iter().map(word).collect()
    }

    /// Checks what has been folded.
    pub fn expect(&self, words: &[&str]) {
        assert_eq!(self.story(), words);
    }

    /// The loss that reading must show.
    pub async fn expect_loss(&mut self) -> Loss {
        match self.read_on().await {
            Stop::Lost(loss) => loss,
            other => panic!("a lost end was read as {other:?}"),
        }
    }
}
