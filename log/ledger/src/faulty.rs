//! A backend that fails: each call draws whether it happens and whether it is answered, how long it takes, and
//! whether it arrives late or twice. Every draw comes from `world`, so a seed gives the same faults again.
//!
//! A hook sees every call before it reaches the backend, when it has, and when it is answered, and can let the caller's
//! process crash there.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use parking_lot::Mutex;
use world::World;

use crate::backend::{Append, Backend, Base, Looks, RawRead};
use crate::error::LedgerError;
use crate::ids::{Hash, Position};

/// How likely each fault is, in parts of one. What is left over of one goes well.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Faults {
    /// Each way, to the backend and back, takes between the first and the second of these.
    pub delay: (Duration, Duration),
    /// Did not happen, and was answered: a definite error.
    pub refused: f64,
    /// Did not happen, and was not answered.
    pub lost: f64,
    /// Happened, and was not answered.
    pub unanswered: f64,
    /// A write that was not answered and happens later, up to `late_max`.
    pub late: f64,
    /// An append that happens, is answered, and arrives again later, up to `late_max`.
    pub duplicated: f64,
    /// The latest that a late write arrives.
    pub late_max: Duration,
    /// How long a caller waits for an answer that does not come.
    pub timeout: Duration,
    /// Every append finds no room: a definite error.
    pub full: bool,
}

impl Faults {
    /// None at all: every call goes straight through.
    pub const NONE: Faults = Faults {
        delay: (Duration::ZERO, Duration::ZERO),
        refused: 0.0,
        lost: 0.0,
        unanswered: 0.0,
        late: 0.0,
        duplicated: 0.0,
        late_max: Duration::ZERO,
        timeout: Duration::ZERO,
        full: false,
    };

    /// Every call takes a few milliseconds, and nothing fails.
    pub const SLOW: Faults = Faults {
        delay: (Duration::from_micros(50), Duration::from_millis(5)),
        ..Faults::NONE
    };

    /// A bad day: about one call in six fails in one way or another.
    pub const ROUGH: Faults = Faults {
        delay: (Duration::from_micros(50), Duration::from_millis(20)),
        refused: 0.04,
        lost: 0.04,
        unanswered: 0.04,
        late: 0.03,
        duplicated: 0.02,
        late_max: Duration::from_secs(30),
        timeout: Duration::from_secs(2),
        full: false,
    };
}

/// A point that a call passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Before the backend has it.
    Before,
    /// The backend has done it, and the caller has not been told. Not passed by calls that were made not to happen.
    Applied,
    /// The caller is about to be told.
    Answered,
}

/// A call at one of its moments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seam {
    /// Counts the calls through this wrapper and its clones, from 0.
    pub number: u64,
    /// The name of the call in [`Backend`].
    pub call: &'static str,
    /// The position it is about; 0 where there is none.
    pub position: Position,
    /// Where it is.
    pub moment: Moment,
}

/// What a hook decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Goes on.
    Go,
    /// The caller never hears of the call again; the hook has killed its tasks, or is about to.
    Crash,
}

/// Called at every moment of every call: writes a trace, counts, or decides where a process crashes.
pub type Hook = Arc<dyn Fn(&Seam) -> Verdict + Send + Sync>;

/// Told of every call that suffers a fault, by the fault's name in [`Faults`], when it does.
pub type Watch = Arc<dyn Fn(&Seam, &'static str) + Send + Sync>;

/// A backend behind which faults happen. Clones share faults, hook and counter.
#[derive(Clone)]
pub struct FaultyLedger {
    inner: Arc<dyn Backend>,
    world: World,
    shared: Arc<Shared>,
}

struct Shared {
    faults: Mutex<Faults>,
    hook: Mutex<Option<Hook>>,
    watch: Mutex<Option<Watch>>,
    number: AtomicU64,
    fates: Mutex<BTreeMap<Fate, u64>>,
}

impl fmt::Debug for FaultyLedger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultyLedger")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}

/// What is drawn for one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    Well,
    Refused,
    Lost,
    Unanswered,
    Late,
    Duplicated,
    Full,
}

impl Fate {
    /// Its name in [`Faults`]; none for what went well.
    fn name(self) -> Option<&'static str> {
        match self {
            Fate::Well => None,
            Fate::Refused => Some("refused"),
            Fate::Lost => Some("lost"),
            Fate::Unanswered => Some("unanswered"),
            Fate::Late => Some("late"),
            Fate::Duplicated => Some("duplicated"),
            Fate::Full => Some("full"),
        }
    }
}

/// One call on its way.
#[derive(Clone, Copy)]
struct Call {
    seam: Seam,
    writes: bool,
}

impl FaultyLedger {
    /// Wraps a backend. Late writes run as tasks of this world, which must outlive the callers: a packet on its way
    /// does not die with its sender.
    pub fn new(inner: Arc<dyn Backend>, faults: Faults, world: World) -> FaultyLedger {
        let shared = Shared {
            faults: Mutex::new(faults),
            hook: Mutex::new(None),
            watch: Mutex::new(None),
            number: AtomicU64::new(0),
            fates: Mutex::default(),
        };
        FaultyLedger {
            inner,
            world,
            shared: Arc::new(shared),
        }
    }

    /// From now on these faults.
    pub fn set_faults(&self, faults: Faults) {
        *self.shared.faults.lock() = faults;
    }

    /// From now on this hook.
    pub fn set_hook(&self, hook: Option<Hook>) {
        *self.shared.hook.lock() = hook;
    }

    /// From now on this is told of every fault.
    pub fn set_watch(&self, watch: Option<Watch>) {
        *self.shared.watch.lock() = watch;
    }

    /// How many calls have been made.
    pub fn calls(&self) -> u64 {
        self.shared.number.load(Ordering::Relaxed)
    }

    /// How many calls suffered what, by the names of [`Faults`]; those that went well are not counted.
    pub fn counts(&self) -> BTreeMap<&'static str, u64> {
        let fates = self.shared.fates.lock();
        fates
            .iter()
            .filter_map(|(fate, count)| Some((fate.name()?, *count)))
            .collect()
    }

    fn begin(&self, call: &'static str, position: Position, writes: bool) -> Call {
        let seam = Seam {
            number: self.shared.number.fetch_add(1, Ordering::Relaxed),
            call,
            position,
            moment: Moment::Before,
        };
        Call { seam, writes }
    }

    async fn pass(&self, call: Call, moment: Moment) {
        let hook = self.shared.hook.lock().clone();
        let seam = Seam { moment, ..call.seam };
        if hook.is_some_and(|hook| hook(&seam) == Verdict::Crash) {
            std::future::pending::<()>().await;
        }
    }

    async fn travel(&self) {
        let (low, high) = self.shared.faults.lock().delay;
        if high > Duration::ZERO {
            self.world.clock.sleep(self.world.chance.between(low, high)).await;
        }
    }

    /// What becomes of a call; whoever watches is told.
    fn strike(&self, call: Call) -> Fate {
        let fate = match self.draw() {
            Fate::Well if call.seam.call == "append" && self.shared.faults.lock().full => Fate::Full,
            // What only reads can neither come late nor twice.
            Fate::Late if !call.writes => Fate::Lost,
            Fate::Duplicated if !call.writes => Fate::Well,
            fate => fate,
        };
        *self.shared.fates.lock().entry(fate).or_default() += 1;
        let watch = self.shared.watch.lock().clone();
        if let (Some(watch), Some(name)) = (watch, fate.name()) {
            watch(&call.seam, name);
        }
        fate
    }

    fn draw(&self) -> Fate {
        let faults = *self.shared.faults.lock();
        let drawn = self.world.chance.unit();
        let mut upto = 0.0;
        let fates = [
            (faults.refused, Fate::Refused),
            (faults.lost, Fate::Lost),
            (faults.unanswered, Fate::Unanswered),
            (faults.late, Fate::Late),
            (faults.duplicated, Fate::Duplicated),
        ];
        for (likely, fate) in fates {
            upto += likely;
            if drawn < upto {
                return fate;
            }
        }
        Fate::Well
    }

    /// No answer comes. What was only read did not happen in any sense that matters.
    async fn no_answer(&self, call: Call) -> LedgerError {
        let patience = self.shared.faults.lock().timeout;
        self.world.clock.sleep(patience).await;
        if call.writes {
            LedgerError::unknown("no answer")
        } else {
            LedgerError::unavailable("no answer")
        }
    }

    /// Lets a write happen by itself, later.
    fn happen_later(&self, write: impl Future<Output = ()> + Send + 'static) {
        let late_max = self.shared.faults.lock().late_max;
        let wait = self.world.chance.between(Duration::ZERO, late_max);
        let clock = self.world.clock.clone();
        self.world.tasks.spawn("late write", async move {
            clock.sleep(wait).await;
            write.await;
        });
    }

    /// One call: out, there, and back. `again` makes what happens when it arrives late or once more.
    async fn through<T, L>(
        &self,
        call: Call,
        happen: impl Future<Output = Result<T, LedgerError>> + Send,
        again: impl FnOnce() -> Option<L> + Send,
    ) -> Result<T, LedgerError>
    where
        L: Future<Output = ()> + Send + 'static,
    {
        self.pass(call, Moment::Before).await;
        self.travel().await;
        let fate = self.strike(call);
        let happened = match fate {
            Fate::Full => Err(LedgerError::Full {
                reason: "no room, by request".to_owned(),
            }),
            Fate::Refused => Err(LedgerError::unavailable("refused by chance")),
            Fate::Lost => Err(self.no_answer(call).await),
            Fate::Late => {
                if let Some(write) = again() {
                    self.happen_later(write);
                }
                Err(self.no_answer(call).await)
            }
            Fate::Well | Fate::Unanswered | Fate::Duplicated => {
                let happened = happen.await;
                self.pass(call, Moment::Applied).await;
                if fate == Fate::Duplicated
                    && let Some(write) = again()
                {
                    self.happen_later(write);
                }
                match fate {
                    Fate::Unanswered => Err(self.no_answer(call).await),
                    _ => happened,
                }
            }
        };
        self.travel().await;
        self.pass(call, Moment::Answered).await;
        happened
    }
}

/// The type of a future that is never made.
type Never = std::future::Ready<()>;

#[async_trait]
impl Backend for FaultyLedger {
    async fn append(&self, position: Position, previous: Hash, envelope: Bytes) -> Result<Append, LedgerError> {
        let call = self.begin("append", position, true);
        let (inner, late) = (self.inner.clone(), envelope.clone());
        let again = move || {
            Some(async move {
                // Nobody is there to hear what becomes of it.
                let _ = inner.append(position, previous, late).await;
            })
        };
        self.through(call, self.inner.append(position, previous, envelope), again)
            .await
    }

    async fn read(&self, from: Position, max_bytes: usize) -> Result<RawRead, LedgerError> {
        let call = self.begin("read", from, false);
        self.through(call, self.inner.read(from, max_bytes), || None::<Never>)
            .await
    }

    async fn base(&self) -> Result<Option<Base>, LedgerError> {
        let call = self.begin("base", 0, false);
        self.through(call, self.inner.base(), || None::<Never>).await
    }

    async fn create_base(&self, base: &Base) -> Result<bool, LedgerError> {
        let call = self.begin("create_base", base.position, true);
        self.through(call, self.inner.create_base(base), || None::<Never>).await
    }

    async fn advance_base(&self, old: &Base, new: &Base) -> Result<bool, LedgerError> {
        let call = self.begin("advance_base", new.position, true);
        let (inner, late) = (self.inner.clone(), (old.clone(), new.clone()));
        let again = move || {
            Some(async move {
                let _ = inner.advance_base(&late.0, &late.1).await;
            })
        };
        self.through(call, self.inner.advance_base(old, new), again).await
    }

    async fn delete_below(&self, position: Position, limit: u32) -> Result<u64, LedgerError> {
        let call = self.begin("delete_below", position, true);
        self.through(call, self.inner.delete_below(position, limit), || None::<Never>)
            .await
    }

    async fn watch(&self, after: Position) -> Result<(), LedgerError> {
        let call = self.begin("watch", after, false);
        self.through(call, self.inner.watch(after), || None::<Never>).await
    }

    fn looks(&self) -> Looks {
        self.inner.looks()
    }

    fn entry_bytes_max(&self) -> usize {
        self.inner.entry_bytes_max()
    }

    fn inline_bytes_max(&self) -> usize {
        self.inner.inline_bytes_max()
    }
}

#[cfg(test)]
mod tests;
