//! Which fault meets which request or connection. What a rule draws for the nth that it matches follows from the seed, the
//! rule's name and n alone: not from time, other rules or how many numbers were drawn before.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use world::{Chance, Instant};

use crate::counts::RuleCounts;
use crate::http::Request;
use crate::plan::{Plan, Struck};
use crate::script::{Place, Rule, ScheduledCut, Script};
use crate::{Error, Latency, Mode};

/// Places of faults that are remembered, for each rule.
const PLACES_MAX: usize = 10_000;

/// A script that is being followed.
#[derive(Debug)]
pub(crate) struct Judge {
    pub(crate) seed: u64,
    latency: Option<Latency>,
    latency_stream: u64,
    rules: Vec<Followed>,
    pub(crate) cuts: Vec<ScheduledCut>,
    pub(crate) began: Instant,
    requests: AtomicU64,
    connections: AtomicU64,
}

#[derive(Debug)]
struct Followed {
    rule: Rule,
    name: String,
    stream: u64,
    /// Held for a few instructions at a time, never over an await.
    tally: Mutex<Tally>,
}

#[derive(Debug, Default)]
struct Tally {
    matched: u64,
    struck: u64,
    happened: u64,
    at: Vec<u64>,
}

/// A stream of chance for a name, the same for the same seed.
fn stream(seed: u64, name: &str) -> u64 {
    Chance::from_seed(seed).fork(name).u64()
}

/// The draws of the nth of a stream.
fn nth(stream: u64, n: u64) -> Chance {
    // Neighbours may be alike: the generator's seeding spreads them.
    Chance::from_seed(stream.wrapping_add(n))
}

impl Judge {
    /// Begins a script.
    pub(crate) fn begin(
        script: Script,
        mode: Mode,
        seed: u64,
        latency: Option<Latency>,
        began: Instant,
    ) -> Result<Judge, Error> {
        script.check(mode)?;
        let followed = |(index, rule): (usize, Rule)| {
            let name = rule.name(index);
            let (stream, tally) = (stream(seed, &name), Mutex::default());
            Followed {
                rule,
                name,
                stream,
                tally,
            }
        };
        Ok(Judge {
            seed,
            latency: latency.or(script.latency),
            latency_stream: stream(seed, "latency"),
            rules: script.rules.into_iter().enumerate().map(followed).collect(),
            cuts: script.cuts,
            began,
            requests: AtomicU64::new(0),
            connections: AtomicU64::new(0),
        })
    }

    /// What the rules did.
    pub(crate) fn counts(&self) -> Vec<RuleCounts> {
        let counts = self.rules.iter().map(|followed| {
            let tally = followed.tally.lock();
            RuleCounts {
                name: followed.name.clone(),
                fault: followed.rule.fault.kind().to_owned(),
                matched: tally.matched,
                struck: tally.struck,
                happened: tally.happened,
                at: tally.at.clone(),
            }
        });
        counts.collect()
    }

    /// The number of the next connection.
    pub(crate) fn connection(&self) -> u64 {
        self.connections.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// What happens to a connection of tcp mode.
    pub(crate) fn judge_connection(self: &Arc<Judge>, now: Instant) -> Plan {
        let connection = self.connection();
        let place = self.place(connection, 0, now);
        self.judge(place, connection, None)
    }

    /// What happens to a request.
    pub(crate) fn judge_request(self: &Arc<Judge>, connection: u64, request: &Request, now: Instant) -> Plan {
        let number = self.requests.fetch_add(1, Ordering::Relaxed) + 1;
        let place = self.place(connection, number, now);
        self.judge(place, number, Some(request))
    }

    fn place(&self, connection: u64, request: u64, now: Instant) -> Place {
        let since = now.saturating_duration_since(self.began);
        Place {
            connection,
            request,
            since,
        }
    }

    fn judge(self: &Arc<Judge>, place: Place, number: u64, request: Option<&Request>) -> Plan {
        let mut struck = Vec::new();
        let mut ended = false;
        for (index, followed) in self.rules.iter().enumerate() {
            let slows = followed.rule.fault.only_slows();
            if !followed.rule.matches.holds(place, request) {
                continue;
            }
            if let Some(chance) = followed.strikes(slows || !ended) {
                ended |= !slows;
                let fault = followed.rule.fault.clone();
                struck.push(Struck { index, chance, fault });
            }
        }
        Plan {
            judge: Arc::clone(self),
            number,
            latency: self.latency,
            pace: nth(self.latency_stream, number),
            struck,
        }
    }

    /// The fault of a rule really happened to a request or connection.
    pub(crate) fn happened(&self, index: usize, number: u64) {
        if let Some(followed) = self.rules.get(index) {
            let mut tally = followed.tally.lock();
            tally.happened += 1;
            if tally.at.len() < PLACES_MAX {
                tally.at.push(number);
            }
        }
    }
}

impl Followed {
    /// Counts one more that matches. The draws of its fault when it is struck, which it may only be when it is free to.
    fn strikes(&self, free: bool) -> Option<Chance> {
        let mut tally = self.tally.lock();
        tally.matched += 1;
        let chance = nth(self.stream, tally.matched);
        let wanted = match (self.rule.probability, self.rule.every) {
            (Some(probability), _) => chance.coin(probability),
            (None, Some(every)) => tally.matched.is_multiple_of(every),
            (None, None) => true,
        };
        let left = self.rule.times.is_none_or(|times| tally.struck < times);
        if !(wanted && left && free) {
            return None;
        }
        tally.struck += 1;
        Some(chance)
    }
}

#[cfg(test)]
mod tests;
