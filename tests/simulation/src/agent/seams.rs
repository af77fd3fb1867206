//! The calls of one process as they pass its seams: each is a line of the trace, and at one of them the process may be
//! made to die, before it happens, when it has happened and nobody was told, or when it was about to be answered.

use std::sync::Arc;

use ledger::FaultyLedger;
use parking_lot::Mutex;
use store::FaultyObjects;
use world::Tasks;

use crate::journal::Journal;
use crate::phase::{Phase, Strike};

/// At which point of a call a process dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    Before,
    Applied,
    Answered,
}

impl When {
    pub(crate) const ALL: [When; 3] = [When::Before, When::Applied, When::Answered];

    /// Its name in a replay.
    pub(crate) fn name(self) -> &'static str {
        match self {
            When::Before => "before",
            When::Applied => "applied",
            When::Answered => "answered",
        }
    }

    fn strike(self) -> Strike {
        match self {
            When::Before => Strike::CrashBefore,
            When::Applied => Strike::CrashApplied,
            When::Answered => Strike::CrashAnswered,
        }
    }
}

/// After how many such points it dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Crash {
    pub(crate) when: When,
    pub(crate) after: u64,
    /// Only points that it passes while it does this count, if anything is said.
    pub(crate) during: Option<Phase>,
}

/// Tells what the process is doing.
type Doing = Arc<dyn Fn() -> Vec<Phase> + Send + Sync>;

/// The seams of one process. Clones share them.
#[derive(Clone)]
pub(crate) struct Seams {
    name: String,
    journal: Journal,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    crash: Option<Crash>,
    crashed: bool,
    tasks: Option<Tasks>,
    doing: Option<Doing>,
    /// Points that were passed, by [`When`].
    passed: [u64; 3],
}

impl std::fmt::Debug for Seams {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Seams")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Seams {
    pub(super) fn new(name: String, journal: Journal) -> Seams {
        Seams {
            name,
            journal,
            state: Arc::default(),
        }
    }

    /// A run begins, with these tasks.
    pub(super) fn set_tasks(&self, tasks: Tasks) {
        let state = &mut *self.state.lock();
        state.tasks = Some(tasks);
        state.crashed = false;
    }

    /// Asks this what the process is doing when something strikes it.
    pub(super) fn set_doing(&self, doing: Doing) {
        self.state.lock().doing = Some(doing);
    }

    /// Sets where to die. That it has died at a call stays known: whoever asks first has to start it again, and two may
    /// have set where.
    pub(super) fn arm(&self, crash: Crash) {
        self.state.lock().crash = Some(crash);
    }

    /// It dies nowhere from now on. Whether it has, and nobody was told yet.
    pub(super) fn disarm(&self) -> bool {
        let state = &mut *self.state.lock();
        state.crash = None;
        std::mem::take(&mut state.crashed)
    }

    /// Whether the process has died at one of its calls.
    pub(super) fn has_crashed(&self) -> bool {
        self.state.lock().crashed
    }

    /// Whether it is to die at one of its next calls, or did.
    pub(super) fn is_armed(&self) -> bool {
        let state = self.state.lock();
        state.crashed || state.crash.is_some()
    }

    /// How many points of a kind were passed.
    pub(super) fn passed(&self, when: When) -> u64 {
        self.state.lock().passed[when as usize]
    }

    /// Something strikes the process now.
    pub(super) fn struck(&self, strike: Strike) {
        let doing = self.state.lock().doing.clone();
        if let Some(doing) = doing {
            self.journal.struck(strike, &doing());
        }
    }

    /// Listens to the calls of both wrappers.
    pub(super) fn listen(&self, ledger: &FaultyLedger, objects: &FaultyObjects) {
        let seams = self.clone();
        ledger.set_hook(Some(Arc::new(move |seam: &ledger::faulty::Seam| {
            let when = match seam.moment {
                ledger::faulty::Moment::Before => When::Before,
                ledger::faulty::Moment::Applied => When::Applied,
                ledger::faulty::Moment::Answered => When::Answered,
            };
            match seams.pass(when, format_args!("ledger {} {}", seam.call, seam.position)) {
                true => ledger::faulty::Verdict::Crash,
                false => ledger::faulty::Verdict::Go,
            }
        })));
        let seams = self.clone();
        ledger.set_watch(Some(Arc::new(move |_, fault| {
            Strike::of_ledger(fault)
                .into_iter()
                .for_each(|strike| seams.struck(strike));
        })));
        let seams = self.clone();
        objects.set_hook(move |call| {
            let when = match call.moment {
                store::Moment::Before => When::Before,
                store::Moment::Applied => When::Applied,
            };
            match seams.pass(when, format_args!("store {:?} {}", call.op, call.path)) {
                true => store::Then::Hang,
                false => store::Then::Go,
            }
        });
        let seams = self.clone();
        objects.set_watch(move |_, _, fault| {
            Strike::of_store(fault)
                .into_iter()
                .for_each(|strike| seams.struck(strike));
        });
    }

    /// Whether the process dies here.
    pub(super) fn pass(&self, when: When, call: std::fmt::Arguments<'_>) -> bool {
        self.journal.line(format_args!("{} {when:?} {call}", self.name));
        let Some(tasks) = self.dies(when) else { return false };
        self.journal.line(format_args!("{} dies", self.name));
        self.journal.count(&format!("crash {when:?}"));
        self.struck(when.strike());
        if let Some(tasks) = tasks {
            tasks.kill();
        }
        true
    }

    /// Counts the point. When the process dies at it, the tasks that die.
    fn dies(&self, when: When) -> Option<Option<Tasks>> {
        let (during, doing) = {
            let state = &mut *self.state.lock();
            state.passed[when as usize] += 1;
            let crash = state.crash.as_mut().filter(|crash| crash.when == when)?;
            if crash.after > 0 {
                crash.after -= 1;
                return None;
            }
            (crash.during, state.doing.clone())
        };
        // What it does is asked without the lock: whoever knows asks the seams in turn.
        if let Some(phase) = during {
            doing.filter(|doing| doing().contains(&phase))?;
        }
        let state = &mut *self.state.lock();
        state.crash = None;
        state.crashed = true;
        Some(state.tasks.clone())
    }
}
