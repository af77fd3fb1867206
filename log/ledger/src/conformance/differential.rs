//! Random calls on a backend and on the model, whose answers must be equal: [`differential`].
//!
//! The calls are one after another, so each has exactly one right answer. What is drawn follows from the seed alone.

mod draw;

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use world::{Chance, World};

use self::draw::Draw;
use super::{Harness, Table};
use crate::backend::{Append, Backend, Base, RawRead};
use crate::error::LedgerError;
use crate::ids::{Hash, Position};
use crate::memory::MemoryLedger;

/// How many calls one table sees. A table gets only one first base record.
const CALLS_PER_TABLE: u64 = 400;
/// How many of the last calls a difference shows.
const CALLS_SHOWN: usize = 24;
/// How long a watch may take to see what is already there.
const WATCH_PATIENCE: Duration = Duration::from_secs(30);

/// Makes this many random calls, drawn from the seed, on tables of the harness through two handles each, and the same
/// calls on [`MemoryLedger`]s that judge as the backend does.
///
/// A read may end sooner than the model's when it says that there is more and went beyond the entry asked for.
///
/// # Panics
/// When an answer differs; the text holds the seed, the call's number and the calls before it.
pub async fn differential(harness: &dyn Harness, world: &World, seed: u64, calls: u64) {
    let chance = Chance::from_seed(seed);
    let mut done = 0;
    while done < calls {
        let mut pair = Pair::new(harness, world, chance.fork("table")).await;
        for _ in 0..CALLS_PER_TABLE.min(calls - done) {
            let call = pair.draw.call(&pair.model.entries(), pair.base.as_ref());
            if let Err(difference) = pair.play(&call).await {
                let shown = pair.shown.iter().cloned().collect::<Vec<_>>().join("\n  ");
                panic!("seed {seed}, call {done}: {difference}\n  {shown}\n  {call}");
            }
            if pair.shown.len() == CALLS_SHOWN {
                pair.shown.pop_front();
            }
            pair.shown.push_back(call.to_string());
            done += 1;
        }
    }
}

/// A table, and the model of it.
#[derive(Debug)]
struct Pair {
    table: Arc<dyn Table>,
    /// Two processes; a call that begins after another was answered sees its effect, whoever made it.
    handles: [Arc<dyn Backend>; 2],
    model: MemoryLedger,
    /// The model's base.
    base: Option<Base>,
    draw: Draw,
    world: World,
    shown: VecDeque<String>,
}

/// What is asked of both.
#[derive(Debug, Clone)]
enum Call {
    Append(Position, Hash, Bytes),
    Read(Position, usize),
    Base,
    CreateBase(Base),
    AdvanceBase(Base, Base),
    DeleteBelow(Position, u32),
    Watch(Position),
    /// Bytes put there, or what is there taken away, behind everyone's back.
    Plant(Position, Option<Bytes>),
    /// The last entries are lost.
    LoseEnd(usize),
}

/// What a call gave.
#[derive(Debug, PartialEq)]
enum Answer {
    Append(Result<Append, LedgerError>),
    Read(Result<RawRead, LedgerError>),
    Base(Result<Option<Base>, LedgerError>),
    Moved(Result<bool, LedgerError>),
    Deleted(Result<u64, LedgerError>),
    Watched(Result<(), LedgerError>),
}

impl Pair {
    async fn new(harness: &dyn Harness, world: &World, chance: Chance) -> Pair {
        let table = harness.fresh().await;
        let handles = [table.open().await, table.open().await];
        let model = MemoryLedger::new(handles[0].looks()).with_entry_bytes_max(handles[0].entry_bytes_max());
        Pair {
            table,
            draw: Draw::new(chance, model.entry_bytes_max()),
            handles,
            model,
            base: None,
            world: world.clone(),
            shown: VecDeque::new(),
        }
    }

    /// Makes the call on both sides and compares.
    async fn play(&mut self, call: &Call) -> Result<(), String> {
        match call {
            Call::Plant(position, bytes) => self.plant(*position, bytes.clone()).await,
            Call::LoseEnd(count) => {
                for entry in self.model.entries().iter().rev().take(*count) {
                    self.plant(entry.position, None).await;
                }
            }
            _ => self.compare(call).await?,
        }
        if matches!(call, Call::CreateBase(_) | Call::AdvanceBase(..)) {
            self.compare(&Call::Base).await?;
        }
        Ok(())
    }

    async fn plant(&self, position: Position, bytes: Option<Bytes>) {
        self.table.plant(position, bytes.clone()).await;
        self.model.plant(position, bytes);
    }

    async fn compare(&mut self, call: &Call) -> Result<(), String> {
        let expect = answer(&self.model, call).await;
        let handle = Arc::clone(&self.handles[self.draw.handle()]);
        let patient = self.world.clock.timeout(WATCH_PATIENCE, answer(&*handle, call));
        let got = patient
            .await
            .map_err(|_| format!("no answer in {WATCH_PATIENCE:?}; expected {expect:?}"))?;
        if let Answer::Base(Ok(base)) = &expect {
            self.base.clone_from(base);
        }
        match got == expect || is_shorter(&got, &expect) {
            true => Ok(()),
            false => Err(format!("{got:?} instead of {expect:?}")),
        }
    }
}

/// Whether a read stopped at a limit of its own, and says so.
fn is_shorter(got: &Answer, expect: &Answer) -> bool {
    let (Answer::Read(Ok(got)), Answer::Read(Ok(expect))) = (got, expect) else {
        return false;
    };
    got.more && got.entries.len() >= 2 && expect.entries.starts_with(&got.entries)
}

async fn answer(backend: &dyn Backend, call: &Call) -> Answer {
    match call {
        Call::Append(position, previous, bytes) => {
            Answer::Append(backend.append(*position, *previous, bytes.clone()).await)
        }
        Call::Read(from, max_bytes) => Answer::Read(backend.read(*from, *max_bytes).await),
        Call::CreateBase(base) => Answer::Moved(backend.create_base(base).await),
        Call::AdvanceBase(old, new) => Answer::Moved(backend.advance_base(old, new).await),
        Call::DeleteBelow(position, limit) => Answer::Deleted(backend.delete_below(*position, *limit).await),
        Call::Watch(after) => Answer::Watched(backend.watch(*after).await),
        Call::Base | Call::Plant(..) | Call::LoseEnd(_) => Answer::Base(backend.base().await),
    }
}

impl fmt::Display for Call {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Call::Append(position, previous, bytes) => {
                let (hash, length) = (Hash::of(bytes), bytes.len());
                write!(
                    out,
                    "append {hash:?}, {length} bytes, at {position} behind {previous:?}"
                )
            }
            Call::Plant(position, Some(bytes)) => {
                write!(out, "plant {:?}, {} bytes, at {position}", Hash::of(bytes), bytes.len())
            }
            other => write!(out, "{other:?}"),
        }
    }
}

#[cfg(test)]
mod tests;
