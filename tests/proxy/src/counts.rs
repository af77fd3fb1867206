//! What passed, and which faults really happened.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

use crate::network::{Cut, Network};

/// Numbers since the proxy was started; those of rules since their script was begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// The seed that everything is drawn from.
    pub seed: u64,
    /// Connections that were accepted.
    pub connections: u64,
    /// Of them, those that are open.
    pub connections_open: u64,
    /// Requests whose head was read (mode http).
    pub requests: u64,
    /// Answers that were passed on whole, the proxy's own among them (mode http).
    pub answers: u64,
    /// Bytes passed to the server.
    pub bytes_up: u64,
    /// Bytes passed to clients.
    pub bytes_down: u64,
    /// Connections that the server did not take. No fault of the script's.
    pub upstream_refused: u64,
    /// Connections ended because they did not speak HTTP/1.1 (mode http). No fault of the script's.
    pub not_http: u64,
    /// Copies of requests that wait for their time.
    pub copies_waiting: u64,
    /// Copies that the server answered.
    pub copies_answered: u64,
    /// Of them, those with a status from 200 to 299.
    pub copies_taken: u64,
    /// Copies that the server did not take, or did not answer.
    pub copies_failed: u64,
    /// How often the network was cut.
    pub cuts: u64,
    /// The cut that holds now.
    pub cut: Option<Cut>,
    /// The rules in their order.
    pub rules: Vec<RuleCounts>,
}

/// What a rule did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleCounts {
    /// Its name.
    pub name: String,
    /// The kind of its fault.
    pub fault: String,
    /// Requests or connections it is about.
    pub matched: u64,
    /// Of them, those it struck.
    pub struck: u64,
    /// Of them, those to which the fault really happened: an answer may be too short to be truncated.
    pub happened: u64,
    /// The numbers of the first 10,000 requests (mode http) or connections (mode tcp) to which it happened, as they
    /// happened.
    pub at: Vec<u64>,
}

impl Counts {
    /// What a rule did.
    pub fn rule(&self, name: &str) -> Option<&RuleCounts> {
        self.rules.iter().find(|rule| rule.name == name)
    }

    /// How often a rule's fault really happened; 0 when there is no such rule.
    pub fn happened(&self, name: &str) -> u64 {
        self.rule(name).map_or(0, |rule| rule.happened)
    }
}

/// The numbers that are not a rule's.
#[derive(Debug, Default)]
pub(crate) struct Totals {
    pub(crate) connections: AtomicU64,
    pub(crate) connections_open: AtomicU64,
    pub(crate) requests: AtomicU64,
    pub(crate) answers: AtomicU64,
    pub(crate) bytes_up: AtomicU64,
    pub(crate) bytes_down: AtomicU64,
    pub(crate) upstream_refused: AtomicU64,
    pub(crate) not_http: AtomicU64,
    pub(crate) copies_waiting: AtomicU64,
    pub(crate) copies_answered: AtomicU64,
    pub(crate) copies_taken: AtomicU64,
    pub(crate) copies_failed: AtomicU64,
}

/// One more.
pub(crate) fn count(number: &AtomicU64) {
    number.fetch_add(1, Ordering::Relaxed);
}

/// One less.
pub(crate) fn discount(number: &AtomicU64) {
    number.fetch_sub(1, Ordering::Relaxed);
}

impl Totals {
    pub(crate) fn counts(&self, seed: u64, network: &Network, rules: Vec<RuleCounts>) -> Counts {
        let read = |number: &AtomicU64| number.load(Ordering::Relaxed);
        Counts {
            seed,
            connections: read(&self.connections),
            connections_open: read(&self.connections_open),
            requests: read(&self.requests),
            answers: read(&self.answers),
            bytes_up: read(&self.bytes_up),
            bytes_down: read(&self.bytes_down),
            upstream_refused: read(&self.upstream_refused),
            not_http: read(&self.not_http),
            copies_waiting: read(&self.copies_waiting),
            copies_answered: read(&self.copies_answered),
            copies_taken: read(&self.copies_taken),
            copies_failed: read(&self.copies_failed),
            cuts: network.cuts(),
            cut: network.current(),
            rules,
        }
    }
}
