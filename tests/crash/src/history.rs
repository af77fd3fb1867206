//! What clients did and what they were told, in the order of one clock. Knows nothing of how they did it.

use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

/// A record at its place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Placed {
    /// The partition.
    pub partition: u32,
    /// The offset.
    pub offset: u64,
    /// The value; no two sends have the same.
    pub value: String,
}

/// What a client did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Sent one request for one partition.
    Send {
        /// Its records' values, in order.
        values: Vec<String>,
        /// Where the acknowledgement says they are, in the same order; empty without one.
        placed: Vec<Placed>,
    },
    /// Read, going on where its process had stopped.
    Poll {
        /// In the order in which they came.
        reads: Vec<Placed>,
    },
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Done.
    Ok,
    /// Certainly not done, now or ever.
    Fail(String),
    /// Nobody knows. So it is with every operation of which one attempt had no definite answer.
    Info(String),
}

/// One operation of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// The client; it does one thing at a time.
    pub process: u32,
    /// When it began, on the history's own clock.
    pub invoked: u64,
    /// When it ended.
    pub completed: u64,
    /// What it was.
    pub action: Action,
    /// How it ended.
    pub outcome: Outcome,
}

/// Operations of clients that work at the same time.
#[derive(Debug, Default)]
pub struct History {
    now: AtomicU64,
    operations: Mutex<Vec<Operation>>,
}

/// An operation that has begun.
#[derive(Debug)]
#[must_use]
pub struct Begun {
    process: u32,
    invoked: u64,
}

impl History {
    /// An operation of a client begins.
    pub fn begin(&self, process: u32) -> Begun {
        Begun {
            process,
            invoked: self.tick(),
        }
    }

    /// It has ended.
    pub fn end(&self, Begun { process, invoked }: Begun, action: Action, outcome: Outcome) {
        let operation = Operation {
            process,
            invoked,
            completed: self.tick(),
            action,
            outcome,
        };
        self.operations.lock().push(operation);
    }

    /// What has ended so far.
    pub fn operations(&self) -> Vec<Operation> {
        self.operations.lock().clone()
    }

    /// How many ended well, definitely badly, and unknown.
    pub fn counts(&self) -> (usize, usize, usize) {
        let operations = self.operations.lock();
        let count = |is: fn(&Outcome) -> bool| operations.iter().filter(|done| is(&done.outcome)).count();
        (
            count(|outcome| *outcome == Outcome::Ok),
            count(|outcome| matches!(outcome, Outcome::Fail(_))),
            count(|outcome| matches!(outcome, Outcome::Info(_))),
        )
    }

    fn tick(&self) -> u64 {
        self.now.fetch_add(1, Ordering::SeqCst)
    }
}
