//! What a run writes down: a digest of its trace, its counters, and whatever was found wrong.
//!
//! The trace is a line for every call that passes a seam and every operation of a client. The lines are hashed, not
//! kept; a run that is looked at prints them.

use std::fmt::{self, Write as _};
use std::sync::Arc;

use parking_lot::Mutex;
use sha2::{Digest as _, Sha256};
use world::{Clock, Instant};

use crate::Counts;
use crate::phase::{Pairs, Phase, Strike};

/// More findings than this are counted and not kept: the first ones tell.
const FINDINGS_MAX: usize = 20;

/// The journal of one run. Clones share it.
#[derive(Clone)]
pub(crate) struct Journal {
    pages: Arc<Mutex<Pages>>,
    clock: Clock,
    began: Instant,
    print: bool,
    /// Nothing is written down: what happens now has been written before.
    deaf: bool,
}

#[derive(Default)]
struct Pages {
    digest: Sha256,
    line: String,
    counts: Counts,
    pairs: Pairs,
    findings: Vec<String>,
    ordinal: u64,
    end_us: u64,
}

impl fmt::Debug for Journal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Journal").finish_non_exhaustive()
    }
}

impl Journal {
    pub(crate) fn new(clock: Clock, print: bool) -> Journal {
        Journal {
            pages: Arc::default(),
            began: clock.now(),
            clock,
            print,
            deaf: false,
        }
    }

    /// One that hears nothing, for doing again what was written down already.
    pub(crate) fn deaf(&self) -> Journal {
        Journal {
            deaf: true,
            ..self.clone()
        }
    }

    /// Whether anything is written down.
    pub(crate) fn is_deaf(&self) -> bool {
        self.deaf
    }

    /// Microseconds of virtual time since the run began.
    fn elapsed_us(&self) -> u64 {
        u64::try_from(self.clock.now().saturating_duration_since(self.began).as_micros()).unwrap_or(u64::MAX)
    }

    /// Notes that the run has come to its end. (The clock is virtual only as long as the runtime runs.)
    pub(crate) fn end(&self) {
        let elapsed = self.elapsed_us();
        self.pages.lock().end_us = elapsed;
    }

    /// When the run ended, in microseconds of virtual time since it began.
    pub(crate) fn end_us(&self) -> u64 {
        self.pages.lock().end_us
    }

    /// Writes a line of the trace.
    pub(crate) fn line(&self, text: fmt::Arguments<'_>) {
        if self.deaf {
            return;
        }
        let elapsed = self.elapsed_us();
        let pages = &mut *self.pages.lock();
        pages.line.clear();
        // Writing to a string does not fail.
        let _ = writeln!(
            pages.line,
            "{:>6}.{:06} {text}",
            elapsed / 1_000_000,
            elapsed % 1_000_000
        );
        pages.digest.update(pages.line.as_bytes());
        if self.print {
            let _ = std::io::Write::write_all(&mut std::io::stdout().lock(), pages.line.as_bytes());
        }
    }

    /// The next number of a sequence that orders all that happens in the run.
    pub(crate) fn ordinal(&self) -> u64 {
        let pages = &mut *self.pages.lock();
        pages.ordinal += 1;
        pages.ordinal
    }

    /// Counts something.
    pub(crate) fn count(&self, name: &str) {
        self.count_by(name, 1);
    }

    /// Counts several.
    pub(crate) fn count_by(&self, name: &str, by: u64) {
        if !self.deaf {
            self.pages.lock().counts.add(name, by);
        }
    }

    /// Counts that something struck a process which was doing this.
    pub(crate) fn struck(&self, strike: Strike, phases: &[Phase]) {
        self.pages.lock().pairs.count(strike, phases);
    }

    /// Evaluates a check: counts that it was, and keeps what it found when it does not hold.
    pub(crate) fn check(&self, name: &str, holds: bool, finding: impl FnOnce() -> String) {
        if self.deaf {
            return;
        }
        self.pages.lock().counts.add(&format!("check {name}"), 1);
        if holds {
            return;
        }
        let finding = format!("{name}: {}", finding());
        self.line(format_args!("FOUND {finding}"));
        let pages = &mut *self.pages.lock();
        pages.counts.add("findings", 1);
        if pages.findings.len() < FINDINGS_MAX {
            pages.findings.push(finding);
        }
    }

    /// The digest of the lines so far, in hexadecimal.
    pub(crate) fn digest(&self) -> String {
        let digest = self.pages.lock().digest.clone().finalize();
        digest.iter().take(16).fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }

    /// The counters so far.
    pub(crate) fn counts(&self) -> Counts {
        let pages = self.pages.lock();
        let mut counts = pages.counts.clone();
        for (name, count) in pages.pairs.named() {
            counts.add(&name, count);
        }
        counts
    }

    /// What was found wrong so far.
    pub(crate) fn findings(&self) -> Vec<String> {
        self.pages.lock().findings.clone()
    }
}
