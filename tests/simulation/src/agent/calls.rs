//! The calls of one process that are under way, so that it is known what it was doing when something struck. Two thin
//! wrappers around the process' network enter each call and take it out when it is over, answered or given up.

mod ledger;
mod objects;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use metadata::entry::proposal::Kind;
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::phase::Phase;

pub(super) use ledger::CountedLedger;
pub(super) use objects::CountedObjects;

/// A call that is under way.
#[derive(Clone, Debug)]
pub(super) enum Call {
    /// An entry is put: its envelope.
    Append(Bytes),
    AdvanceBase,
    DeleteBelow,
    /// An object is put: its path.
    Put(String),
    Get(String),
    Replace,
    /// Objects are listed or deleted.
    Sweep,
}

/// The calls of one process. Clones share them.
#[derive(Clone, Debug, Default)]
pub(super) struct Calls {
    state: Arc<Mutex<State>>,
    /// Tells that another one is under way.
    begun: Arc<Notify>,
}

#[derive(Debug, Default)]
struct State {
    next: u64,
    under_way: BTreeMap<u64, Call>,
    /// Segments and lake files that were put and, as far as is known here, not named.
    put: BTreeSet<String>,
    asked: Asked,
}

/// What one run of the process has asked of its store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Asked {
    /// First attempts to put a segment or a lake file, and further ones.
    pub(super) puts: u64,
    pub(super) puts_again: u64,
    /// Requests for bytes.
    pub(super) gets: u64,
}

/// Takes its call out when it is dropped.
#[derive(Debug)]
pub(super) struct UnderWay {
    calls: Calls,
    ticket: u64,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.calls.state.lock().under_way.remove(&self.ticket);
    }
}

/// Whether records lie in it.
fn has_records(path: &str) -> bool {
    path.contains("/segment/") || path.contains("/lake/")
}

/// Whether it is the first attempt.
fn is_first(path: &str) -> bool {
    let name = [".parquet", ".metadata.json", ".avro"]
        .iter()
        .find_map(|suffix| path.strip_suffix(suffix));
    name.unwrap_or(path).ends_with("-00")
}

impl Calls {
    pub(super) fn enter(&self, call: Call) -> UnderWay {
        let state = &mut *self.state.lock();
        state.next += 1;
        let ticket = state.next;
        match &call {
            Call::Put(path) if has_records(path) && is_first(path) => state.asked.puts += 1,
            Call::Put(path) if has_records(path) => state.asked.puts_again += 1,
            Call::Get(_) => state.asked.gets += 1,
            _ => {}
        }
        state.under_way.insert(ticket, call);
        self.begun.notify_waiters();
        UnderWay {
            calls: self.clone(),
            ticket,
        }
    }

    /// Returns when another call is under way.
    pub(super) async fn next(&self) {
        self.begun.notified().await;
    }

    /// A put was answered: the object is there.
    fn is_put(&self, path: &str) {
        if has_records(path) {
            self.state.lock().put.insert(path.to_owned());
        }
    }

    /// A run of the process is over: what it has asked of its store. Another one knows nothing of what it had put.
    pub(super) fn finish(&self) -> Asked {
        let state = &mut *self.state.lock();
        state.put.clear();
        std::mem::take(&mut state.asked)
    }

    /// What the calls tell. `is_own` tells a compactor's segments from an agent's, `waits` whether a segment that is
    /// there may still be named.
    pub(super) fn phases(&self, rewritten: impl Fn(&str) -> bool, waits: impl Fn(&str) -> bool) -> BTreeSet<Phase> {
        let state = &mut *self.state.lock();
        let mut phases = BTreeSet::new();
        for call in state.under_way.values() {
            match call {
                Call::Append(envelope) => {
                    phases.insert(Phase::Appending);
                    if holds_swap(envelope) {
                        phases.insert(Phase::Swapping);
                    }
                }
                Call::AdvanceBase => drop(phases.insert(Phase::MovingBase)),
                Call::DeleteBelow => drop(phases.insert(Phase::DeletingEntries)),
                Call::Replace => drop(phases.insert(Phase::Witnessing)),
                Call::Sweep => drop(phases.insert(Phase::Sweeping)),
                Call::Put(path) | Call::Get(path) if path.contains("/snapshot/") => {
                    phases.insert(Phase::Snapshotting);
                }
                Call::Put(path) if has_records(path) => {
                    let rewrites = rewritten(path);
                    phases.insert(if rewrites { Phase::Rewriting } else { Phase::Flushing });
                }
                Call::Get(path) if has_records(path) => drop(phases.insert(Phase::Fetching)),
                Call::Put(_) | Call::Get(_) => {}
            }
        }
        state.put.retain(|path| waits(path));
        if state.put.iter().any(|path| !rewritten(path)) {
            phases.insert(Phase::FlushWaits);
        }
        phases
    }
}

fn holds_swap(envelope: &Bytes) -> bool {
    // The position does not matter to who only looks at the body.
    let Some(position) = envelope.get(16..24).and_then(|bytes| bytes.try_into().ok()) else {
        return false;
    };
    let opened = ::ledger::Envelope::open(u64::from_be_bytes(position), envelope);
    let body = opened.ok().and_then(|opened| metadata::decode_body(opened.body).ok());
    let proposals = body.map(|body| body.proposals).unwrap_or_default();
    proposals
        .iter()
        .any(|proposal| matches!(proposal.kind, Some(Kind::Swap(_))))
}
