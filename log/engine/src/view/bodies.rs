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

    /// Keeps a body of which `bytes` bytes are held through it.
    pub(crate) fn keep(&self, position: u64, body: Arc<Body>, bytes: usize) {
        let mut held = self.held.lock();
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
        *self.held.lock() = Held::default();
    }
}

/// Whether records travel in this body.
pub(crate) fn has_inline(body: &Body) -> bool {
    body.proposals.iter().any(|proposal| match &proposal.kind {
        Some(Kind::Append(append)) => append.segment.is_none() && !append.groups.is_empty(),
        _ => false,
    })
}
