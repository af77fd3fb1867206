//! A place for objects that fails on request: slow, refusing, silent, cut off, with bits flipped, or the last thing a
//! process ever called. A wrapper of the seam, so every backend can be made to fail the same way.
//!
//! All is drawn from the chance it was given, in the order of the calls, so one seed gives one run. Every call first
//! waits for a drawn time or yields, and its answer again takes a part of it, so a simulation sees calls overtake one
//! another and effects that stand before anybody was told.

mod delay;

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::StreamExt as _;
use futures::stream::BoxStream;
use parking_lot::Mutex;
use world::World;

use crate::objects::{Backing, Fetched, Found, Objects, Staged, Tag};
use crate::{Op, StoreError};
pub use delay::Delay;

/// How often what goes wrong. Each number is a probability of one call.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Faults {
    /// How long a call takes.
    pub delay: Delay,
    /// Every delay times this: 100 makes the store a hundred times slower.
    pub slowdown: f64,
    /// Answered 503, and nothing happened. 1 is a storm.
    pub refused: f64,
    /// Happened, and answered 500 or by a broken connection.
    pub unanswered: f64,
    /// Never answered. Half of them happened.
    pub hung: f64,
    /// A conditional put answered as if something else were there, although it was never carried out.
    pub conflict: f64,
    /// A read that brings only a part, as if that were all.
    pub truncated: f64,
    /// A read that brings one bit wrong.
    pub flipped: f64,
    /// Every put finds the disk full.
    pub full: bool,
}

impl Faults {
    /// Nothing goes wrong, and calls take no time.
    pub const NONE: Faults = Faults {
        delay: Delay::None,
        slowdown: 1.0,
        refused: 0.0,
        unanswered: 0.0,
        hung: 0.0,
        conflict: 0.0,
        truncated: 0.0,
        flipped: 0.0,
        full: false,
    };
}

/// What has happened so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FaultCounts {
    /// Calls by what was asked.
    pub calls: BTreeMap<Op, u64>,
    /// Refused without effect.
    pub refused: u64,
    /// Carried out and not answered.
    pub unanswered: u64,
    /// Never answered.
    pub hung: u64,
    /// Refused by a conflict that was none.
    pub conflicts: u64,
    /// Reads cut short.
    pub truncated: u64,
    /// Reads with a wrong bit.
    pub flipped: u64,
    /// Puts that found the disk full.
    pub full: u64,
    /// Calls that the hook let hang for ever.
    pub crashed: u64,
}

/// When in a call the hook is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Nothing has happened yet.
    Before,
    /// It happened, and nobody was told.
    Applied,
}

/// A call that passes the seam.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeamCall {
    /// Counts the calls of this place, from 0.
    pub index: u64,
    /// What is asked.
    pub op: Op,
    /// The object or prefix.
    pub path: String,
    /// How far it has come.
    pub moment: Moment,
}

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// It goes on.
    Go,
    /// It never returns: its process is being killed.
    Hang,
}

type Hook = Arc<dyn Fn(&SeamCall) -> Then + Send + Sync>;

/// Told of every call that suffers a fault, by the fault's name in [`FaultCounts`].
type Watch = Arc<dyn Fn(Op, &str, &'static str) + Send + Sync>;

/// What goes wrong with one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Fine,
    Refused,
    Unanswered,
    HungBefore,
    HungAfter,
    Full,
}

/// The wrapper. Shared by all who use it, so that faults set on it hold for all.
pub struct FaultyObjects {
    inner: Arc<dyn Objects>,
    world: World,
    state: Arc<Mutex<State>>,
}

struct State {
    faults: Faults,
    counts: FaultCounts,
    calls: u64,
    hook: Option<Hook>,
    watch: Option<Watch>,
}

impl fmt::Debug for FaultyObjects {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("FaultyObjects")
            .field("inner", &self.inner)
            .field("faults", &self.faults())
            .finish_non_exhaustive()
    }
}

impl Clone for FaultyObjects {
    fn clone(&self) -> FaultyObjects {
        FaultyObjects {
            inner: Arc::clone(&self.inner),
            world: self.world.clone(),
            state: Arc::clone(&self.state),
        }
    }
}

impl FaultyObjects {
    /// Wraps a place for objects. Draws from this world's chance.
    pub fn new(inner: Arc<dyn Objects>, world: World, faults: Faults) -> FaultyObjects {
        let state = State {
            faults,
            counts: FaultCounts::default(),
            calls: 0,
            hook: None,
            watch: None,
        };
        FaultyObjects {
            inner,
            world,
            state: Arc::new(Mutex::new(state)),
        }
    }

    /// What goes wrong from now on.
    pub fn set(&self, faults: Faults) {
        self.state.lock().faults = faults;
    }

    /// What goes wrong now.
    pub fn faults(&self) -> Faults {
        self.state.lock().faults
    }

    /// What has happened so far.
    pub fn counts(&self) -> FaultCounts {
        self.state.lock().counts.clone()
    }

    /// Asks this of every call, twice. It may kill the caller's tasks and let the call hang.
    pub fn set_hook(&self, hook: impl Fn(&SeamCall) -> Then + Send + Sync + 'static) {
        self.state.lock().hook = Some(Arc::new(hook));
    }

    /// Tells this of every fault, when it strikes.
    pub fn set_watch(&self, watch: impl Fn(Op, &str, &'static str) + Send + Sync + 'static) {
        self.state.lock().watch = Some(Arc::new(watch));
    }

    fn tell(&self, op: Op, path: &str, fault: &'static str) {
        let watch = self.state.lock().watch.clone();
        if let Some(watch) = watch {
            watch(op, path, fault);
        }
    }

    /// Asks no more.
    pub fn clear_hook(&self) {
        self.state.lock().hook = None;
    }

    async fn pass<T>(
        &self,
        op: Op,
        path: &str,
        request: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let (call, fate, back) = self.enter(op, path).await;
        let failed = |what: &str| StoreError::passing(op, path, what);
        match fate {
            Fate::Refused => return Err(failed("503 slow down")),
            Fate::HungBefore => return std::future::pending().await,
            Fate::Full => {
                return Err(StoreError::Full {
                    path: path.to_owned(),
                    reason: "a full disk".to_owned(),
                });
            }
            _ => {}
        }
        let outcome = request.await;
        self.ask(call, Moment::Applied).await;
        self.wait(back).await;
        match fate {
            Fate::Unanswered => Err(failed("500 internal error")),
            Fate::HungAfter => std::future::pending().await,
            _ => outcome,
        }
    }

    /// As [`FaultyObjects::pass`]; a conflict that is none is an answer, not an error.
    async fn pass_conditional(
        &self,
        op: Op,
        path: &str,
        request: impl Future<Output = Result<bool, StoreError>> + Send,
    ) -> Result<bool, StoreError> {
        let conflict = self.state.lock().faults.conflict;
        if self.world.chance.coin(conflict) {
            self.state.lock().counts.conflicts += 1;
            self.tell(op, path, "conflict");
            return self.pass(op, path, async { Ok(false) }).await;
        }
        self.pass(op, path, request).await
    }

    /// The way there: the hook, then the delay. What will become of the call, and how long its answer takes.
    async fn enter(&self, op: Op, path: &str) -> (SeamCall, Fate, Duration) {
        let (index, faults) = {
            let mut state = self.state.lock();
            *state.counts.calls.entry(op).or_default() += 1;
            state.calls += 1;
            (state.calls - 1, state.faults)
        };
        let call = SeamCall {
            index,
            op,
            path: path.to_owned(),
            moment: Moment::Before,
        };
        let call = self.ask(call, Moment::Before).await;
        let whole = faults.delay.draw(&self.world.chance).mul_f64(faults.slowdown.max(0.0));
        let there = whole.mul_f64(self.world.chance.unit());
        let fate = self.draw(op, path, &faults);
        self.wait(there).await;
        (call, fate, whole.saturating_sub(there))
    }

    fn draw(&self, op: Op, path: &str, faults: &Faults) -> Fate {
        let chance = &self.world.chance;
        let fate = if chance.coin(faults.refused) {
            Fate::Refused
        } else if chance.coin(faults.unanswered) {
            Fate::Unanswered
        } else if chance.coin(faults.hung) {
            if chance.coin(0.5) {
                Fate::HungBefore
            } else {
                Fate::HungAfter
            }
        } else if faults.full && matches!(op, Op::Put | Op::Create | Op::Replace) {
            Fate::Full
        } else {
            Fate::Fine
        };
        self.count(op, path, fate);
        fate
    }

    fn count(&self, op: Op, path: &str, fate: Fate) {
        let name = {
            let counts = &mut self.state.lock().counts;
            let (count, name) = match fate {
                Fate::Fine => return,
                Fate::Refused => (&mut counts.refused, "refused"),
                Fate::Unanswered => (&mut counts.unanswered, "unanswered"),
                Fate::HungBefore | Fate::HungAfter => (&mut counts.hung, "hung"),
                Fate::Full => (&mut counts.full, "full"),
            };
            *count += 1;
            name
        };
        self.tell(op, path, name);
    }

    async fn ask(&self, mut call: SeamCall, moment: Moment) -> SeamCall {
        call.moment = moment;
        let hook = self.state.lock().hook.clone();
        if hook.is_some_and(|hook| hook(&call) == Then::Hang) {
            self.state.lock().counts.crashed += 1;
            return std::future::pending().await;
        }
        call
    }

    async fn wait(&self, time: Duration) {
        if time.is_zero() {
            tokio::task::yield_now().await;
        } else {
            self.world.clock.sleep(time).await;
        }
    }

    /// What a read brings, cut off or with a bit flipped.
    fn damage(&self, path: &str, mut fetched: Fetched) -> Fetched {
        let faults = self.faults();
        let chance = &self.world.chance;
        let length = u64::try_from(fetched.bytes.len()).unwrap_or(u64::MAX);
        if length > 0 && chance.coin(faults.truncated) {
            self.state.lock().counts.truncated += 1;
            self.tell(Op::Get, path, "truncated");
            let kept = usize::try_from(chance.below(length)).unwrap_or(0);
            fetched.bytes.truncate(kept);
            return fetched;
        }
        if length > 0 && chance.coin(faults.flipped) {
            self.state.lock().counts.flipped += 1;
            self.tell(Op::Get, path, "flipped");
            let (at, bit) = (chance.below(length), chance.below(8));
            fetched.bytes = flip(&fetched.bytes, at, bit);
        }
        fetched
    }
}

fn flip(bytes: &Bytes, at: u64, bit: u64) -> Bytes {
    let mut flipped = BytesMut::from(bytes.as_ref());
    if let Some(byte) = usize::try_from(at).ok().and_then(|at| flipped.get_mut(at)) {
        *byte ^= 1_u8 << (bit & 7);
    }
    flipped.freeze()
}

#[async_trait]
impl Objects for FaultyObjects {
    fn backing(&self) -> Backing {
        self.inner.backing()
    }

    fn url(&self) -> String {
        self.inner.url()
    }

    async fn put(&self, path: &str, parts: &[Bytes]) -> Result<(), StoreError> {
        self.pass(Op::Put, path, self.inner.put(path, parts)).await
    }

    async fn create(&self, path: &str, bytes: Bytes) -> Result<bool, StoreError> {
        let request = self.inner.create(path, bytes);
        self.pass_conditional(Op::Create, path, request).await
    }

    async fn replace(&self, path: &str, expected: Option<&Tag>, bytes: Bytes) -> Result<bool, StoreError> {
        let request = self.inner.replace(path, expected, bytes);
        self.pass_conditional(Op::Replace, path, request).await
    }

    async fn get(&self, path: &str, range: Option<Range<u64>>) -> Result<Fetched, StoreError> {
        let fetched = self.pass(Op::Get, path, self.inner.get(path, range)).await?;
        Ok(self.damage(path, fetched))
    }

    async fn get_tagged(&self, path: &str) -> Result<Option<(Bytes, Tag)>, StoreError> {
        self.pass(Op::Get, path, self.inner.get_tagged(path)).await
    }

    async fn delete(&self, paths: &[String]) -> Result<u64, StoreError> {
        let first = paths.first().map(String::as_str).unwrap_or_default();
        self.pass(Op::Delete, first, self.inner.delete(paths)).await
    }

    fn list(&self, folder: &str) -> BoxStream<'static, Result<Found, StoreError>> {
        let (this, folder) = (self.clone(), folder.to_owned());
        let begun = async move {
            // What is there when the call arrives, not when it was made.
            match this
                .pass(Op::List, &folder, async { Ok(this.inner.list(&folder)) })
                .await
            {
                Ok(found) => found,
                Err(failed) => futures::stream::iter([Err(failed)]).boxed(),
            }
        };
        futures::stream::once(begun).flatten().boxed()
    }

    async fn date_ms(&self) -> Result<i64, StoreError> {
        self.pass(Op::Date, "", self.inner.date_ms()).await
    }

    async fn staged(&self, folder: &str) -> Result<Vec<Staged>, StoreError> {
        self.pass(Op::List, folder, self.inner.staged(folder)).await
    }

    async fn delete_staged(&self, folder: &str, older_than: Duration) -> Result<u64, StoreError> {
        let request = self.inner.delete_staged(folder, older_than);
        self.pass(Op::Delete, folder, request).await
    }
}

#[cfg(test)]
mod tests;
