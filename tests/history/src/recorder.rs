//! Writes down what clients do while they do it, in the order of one clock: a counter, so that no two moments are equal.

use std::io;
use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use crate::lines::Writer;
use crate::operation::{Did, Operation, Outcome};

/// A history that is being made by clients which work at the same time.
pub struct Recorder {
    now: AtomicU64,
    pages: Mutex<Pages>,
}

struct Pages {
    out: Writer<Box<dyn Write + Send>>,
    /// How many ended well, certainly badly, and unknown.
    sends: [usize; 3],
    /// The first thing that went wrong with the output.
    error: Option<io::Error>,
}

impl std::fmt::Debug for Recorder {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Recorder")
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}

/// An operation that has begun.
#[derive(Debug)]
#[must_use]
pub struct Begun {
    process: u32,
    invoked: u64,
}

impl Recorder {
    /// Writes to this.
    ///
    /// # Errors
    /// What the output says.
    pub fn new(out: impl Write + Send + 'static) -> io::Result<Recorder> {
        let out: Box<dyn Write + Send> = Box::new(out);
        Ok(Recorder {
            now: AtomicU64::new(0),
            pages: Mutex::new(Pages {
                out: Writer::new(out)?,
                sends: [0; 3],
                error: None,
            }),
        })
    }

    /// An operation of a client begins.
    pub fn begin(&self, process: u32) -> Begun {
        Begun {
            process,
            invoked: self.tick(),
        }
    }

    /// It has ended. What goes wrong with the output is told by [`Recorder::flush`].
    pub fn end(&self, Begun { process, invoked }: Begun, did: Did, outcome: Outcome, why: Option<String>) {
        let operation = Operation {
            process,
            invoked,
            completed: self.tick(),
            outcome,
            why,
            did,
        };
        let pages = &mut *self.pages.lock();
        if matches!(operation.did, Did::Send(_)) {
            pages.sends[outcome as usize] += 1;
        }
        if let Err(error) = pages.out.write(&operation) {
            pages.error.get_or_insert(error);
        }
    }

    /// How many sends ended well, certainly badly, and unknown.
    pub fn sends(&self) -> (usize, usize, usize) {
        let [ok, fail, info] = self.pages.lock().sends;
        (ok, fail, info)
    }

    /// Everything that has ended is written.
    ///
    /// # Errors
    /// When something was not.
    pub fn flush(&self) -> io::Result<()> {
        let pages = &mut *self.pages.lock();
        match pages.error.take() {
            Some(error) => Err(error),
            None => pages.out.flush(),
        }
    }

    fn tick(&self) -> u64 {
        self.now.fetch_add(1, Ordering::SeqCst)
    }
}

#[cfg(test)]
mod tests;
