//! What was decided about one request or connection.

use std::sync::Arc;
use std::time::Duration;

use world::Chance;

use crate::Latency;
use crate::judge::Judge;
use crate::script::Fault;

/// A rule that strikes.
#[derive(Clone, Debug)]
pub(crate) struct Struck {
    pub(crate) index: usize,
    pub(crate) chance: Chance,
    pub(crate) fault: Fault,
}

/// What happens to a request or connection: any number of faults that take time, and at most one other.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) judge: Arc<Judge>,
    /// The request's number, or in tcp mode the connection's.
    pub(crate) number: u64,
    pub(crate) latency: Option<Latency>,
    /// What the latency is drawn from.
    pub(crate) pace: Chance,
    pub(crate) struck: Vec<Struck>,
}

impl Plan {
    /// The fault that does more than take time.
    pub(crate) fn effect(&self) -> Option<&Struck> {
        self.struck.iter().find(|struck| !struck.fault.only_slows())
    }

    /// The fault of this rule really happens.
    pub(crate) fn happens(&self, struck: &Struck) {
        self.judge.happened(struck.index, self.number);
    }

    /// How long this request takes more than it would.
    pub(crate) fn latency(&self) -> Duration {
        self.latency.map_or(Duration::ZERO, |latency| latency.draw(&self.pace))
    }

    /// How long the request waits before it is passed on, by the rules.
    pub(crate) fn before(&self) -> Duration {
        self.waits(|fault| match fault {
            Fault::DelayRequest { by } => Some(*by),
            _ => None,
        })
    }

    /// How long the answer waits, by the rules.
    pub(crate) fn behind(&self) -> Duration {
        self.waits(|fault| match fault {
            Fault::DelayAnswer { by } => Some(*by),
            _ => None,
        })
    }

    fn waits(&self, by: impl Fn(&Fault) -> Option<Latency>) -> Duration {
        let waits = self.struck.iter().filter_map(|struck| {
            let wait = by(&struck.fault)?.draw(&struck.chance);
            self.happens(struck);
            Some(wait)
        });
        waits.sum()
    }
}
