//! Bodies of entries with inline records, kept by the bytes they take: the newest, for these are read most and will
//! soon be moved into objects.

use std::collections::BTreeMap;
use std::sync::Arc;

use metadata::entry::{Body, proposal::Kind};
use parking_lot::Mutex;

/// A bounded map from position to body. Deterministic: the lowest position goes first.
#[derive(Debug)]
pub(crate) struct Bodies {
    held: Mutex<Held>,
    bytes_max: usize,
}

#[derive(Debug, Default)]
struct Held {
    bodies: BTreeMap<u64, (Arc<Body>, usize)>,
    bytes: usize,
    /// Counts the histories: positions of one say nothing of another's.
    history: u64,
}

impl Bodies {
    pub(crate) fn new(bytes_max: usize) -> Bodies {
        Bodies {
            held: Mutex::default(),
            bytes_max,
        }
    }

    pub(crate) fn get(&self, position: u64) -> Option<Arc<Body>> {
        self.held.lock().bodies.get(&position).map(|(body, _)| Arc::clone(body))
    }

    /// The history that is followed now; ask before reading what is to be kept.
    pub(crate) fn history(&self) -> u64 {
        self.held.lock().history
    }

    /// Keeps a body of the history that is followed now, of which `bytes` bytes are held through it.
    pub(crate) fn keep(&self, position: u64, body: Arc<Body>, bytes: usize) {
        self.keep_of(self.history(), position, body, bytes);
    }

    /// Keeps a body, unless the history in which it was read is over.
    pub(crate) fn keep_of(&self, history: u64, position: u64, body: Arc<Body>, bytes: usize) {
        let mut held = self.held.lock();
        if held.history != history {
            return;
        }
        if let Some((_, former)) = held.bodies.insert(position, (body, bytes)) {
            held.bytes -= former;
        }
        held.bytes += bytes;
        while held.bytes > self.bytes_max {
            let Some((_, (_, gone))) = held.bodies.pop_first() else {
                break;
            };
            held.bytes -= gone;
        }
    }

    /// Forgets everything: the history may be another one.
    pub(crate) fn clear(&self) {
        let mut held = self.held.lock();
        let history = held.history + 1;
        *held = Held {
            history,
            ..Held::default()
        };
    }
}

/// Whether records travel in this body.
pub(crate) fn has_inline(body: &Body) -> bool {
    body.proposals.iter().any(|proposal| match &proposal.kind {
        Some(Kind::Append(append)) => append.segment.is_none() && !append.groups.is_empty(),
        _ => false,
    })
}

#[cfg(test)]
mod tests;
