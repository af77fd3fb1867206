//! The calls of one process as they pass its seams: each is a line of the trace, and at one of them the process may be
//! made to die, before it happens, when it has happened and nobody was told, or when it was about to be answered.

use std::sync::Arc;

use ledger::FaultyLedger;
use parking_lot::Mutex;
use store::FaultyObjects;
use world::Tasks;

use crate::journal::Journal;

/// At which point of a call a process dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    Before,
    Applied,
    Answered,
}

/// After how many such points it dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Crash {
    pub(crate) when: When,
    pub(crate) after: u64,
}

/// The seams of one process. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Seams {
    name: String,
    journal: Journal,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    crash: Option<Crash>,
    crashed: bool,
    tasks: Option<Tasks>,
}

impl Seams {
    pub(super) fn new(name: String, journal: Journal) -> Seams {
        Seams {
            name,
            journal,
            state: Arc::default(),
        }
    }

    /// From now on these are the tasks of the process.
    pub(super) fn set_tasks(&self, tasks: Tasks) {
        self.state.lock().tasks = Some(tasks);
    }

    /// Sets where to die, or nowhere. Whether it died since this was last set.
    pub(super) fn arm(&self, crash: Option<Crash>) -> bool {
        let state = &mut *self.state.lock();
        state.crash = crash;
        std::mem::take(&mut state.crashed)
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
            if when == When::Before {
                seams.journal.count(&format!("ledger call {}", seam.call));
            }
            match seams.pass(when, format_args!("ledger {} {}", seam.call, seam.position)) {
                true => ledger::faulty::Verdict::Crash,
                false => ledger::faulty::Verdict::Go,
            }
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
    }

    /// Whether the process dies here.
    fn pass(&self, when: When, call: std::fmt::Arguments<'_>) -> bool {
        self.journal.line(format_args!("{} {when:?} {call}", self.name));
        let state = &mut *self.state.lock();
        let Some(crash) = state.crash.as_mut().filter(|crash| crash.when == when) else {
            return false;
        };
        if crash.after > 0 {
            crash.after -= 1;
            return false;
        }
        state.crash = None;
        state.crashed = true;
        self.journal.line(format_args!("{} dies", self.name));
        self.journal.count(&format!("crash {when:?}"));
        if let Some(tasks) = &state.tasks {
            tasks.kill();
        }
        true
    }
}
