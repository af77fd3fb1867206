//! Makes histories that are right: a model of a log, and clients that work on it at the same time. Some of what they do
//! has an unknown outcome and takes effect later or never; records are deleted, retained and compacted; clients crash,
//! and readers begin anew. At the end everything comes to rest and one more client reads all there is.
//!
//! An operation takes effect at one moment between its two ends, or, when its client gave up, at any moment after it
//! began. So every history is right by construction. The same plan makes the same history.

mod act;
mod effect;
mod last;
mod model;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};

use world::Chance;

use crate::operation::{Did, Operation, Outcome, TopicLike};

use act::{Actor, Role};
use effect::Effect;
use last::LastReader;
use model::Model;

/// What is made.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Operations before the last readers; a little more or less.
    pub operations: u64,
    /// What everything is drawn from.
    pub seed: u64,
}

/// Something that happens at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// A client does the next thing.
    Step(usize),
    /// An operation takes effect.
    Effect(u64),
    /// An operation ends.
    End(u64),
}

/// What will become of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// It takes effect, and the client is told.
    Done,
    /// It takes no effect, and the client is told.
    Refused,
    /// It takes effect before the client gives up.
    Unanswered,
    /// It takes effect after the client gave up.
    Late,
    /// It takes no effect, and the client is not told.
    Lost,
}

/// An operation that is under way.
#[derive(Debug)]
struct Underway {
    actor: usize,
    operation: Operation,
    effect: Effect,
    /// Events of it that are still to come: its effect, its end.
    events: u32,
}

/// A history in the making: an iterator over its operations, in the order in which they end.
#[derive(Debug)]
pub struct Generator {
    chance: Chance,
    model: Model,
    actors: Vec<Actor>,
    /// What happens next, the number of the event deciding between those of one moment.
    events: BinaryHeap<Reverse<(u64, u64, Event)>>,
    underway: BTreeMap<u64, Underway>,
    numbers: u64,
    now: u64,
    ready: VecDeque<Operation>,
    left: u64,
    /// The last reader, once everything is at rest.
    last: Option<LastReader>,
}

/// Moments lie so far apart, so that there is room between them.
const TICK: u64 = 10;

impl Generator {
    /// The history of a plan.
    pub fn new(plan: Plan) -> Generator {
        let chance = Chance::from_seed(plan.seed);
        let mut generator = Generator {
            model: Model::new(),
            actors: act::cast(),
            events: BinaryHeap::new(),
            underway: BTreeMap::new(),
            numbers: 0,
            now: TICK,
            ready: VecDeque::new(),
            left: plan.operations,
            last: None,
            chance,
        };
        let likes: Vec<TopicLike> = generator.model.likes().cloned().collect();
        for like in likes {
            let operation = Operation {
                process: 0,
                invoked: 0,
                completed: 0,
                outcome: Outcome::Ok,
                why: None,
                did: Did::Topic(like),
            };
            generator.ready.push_back(operation);
        }
        for actor in 0..generator.actors.len() {
            let at = generator.wait(40);
            generator.at(at, Event::Step(actor));
        }
        generator
    }

    fn at(&mut self, time: u64, event: Event) {
        self.numbers += 1;
        self.events.push(Reverse((time, self.numbers, event)));
    }

    /// Some moment after now.
    fn wait(&self, ticks: u64) -> u64 {
        self.now + TICK * (1 + self.chance.below(ticks))
    }

    /// An operation begins. When its client will be told.
    fn begin(&mut self, actor: usize, did: Did, effect: Effect, fate: Fate) -> u64 {
        self.numbers += 1;
        let number = self.numbers;
        let (mut takes_effect, mut ends) = (self.wait(20), self.wait(40));
        match fate {
            Fate::Done | Fate::Unanswered => {
                // What is sent in sequence takes effect in sequence.
                if matches!(self.actors[actor].role, Role::Numbered | Role::Apart) {
                    takes_effect = takes_effect.max(self.actors[actor].last_effect + 1);
                }
                ends = ends.max(takes_effect + TICK - takes_effect % TICK);
            }
            Fate::Late => takes_effect = (ends + self.chance.below(300)).max(self.actors[actor].last_effect + 1),
            Fate::Refused | Fate::Lost => {}
        }
        let has_effect = !matches!(fate, Fate::Refused | Fate::Lost);
        if has_effect {
            self.actors[actor].last_effect = takes_effect;
            self.at(takes_effect, Event::Effect(number));
        }
        self.at(ends, Event::End(number));
        let outcome = match fate {
            Fate::Done => Outcome::Ok,
            Fate::Refused => Outcome::Fail,
            _ => Outcome::Info,
        };
        let operation = Operation {
            process: self.actors[actor].process,
            invoked: self.now,
            completed: ends,
            outcome,
            why: (outcome != Outcome::Ok).then(|| format!("{fate:?}").to_lowercase()),
            did,
        };
        let underway = Underway {
            actor,
            operation,
            effect,
            events: 1 + u32::from(has_effect),
        };
        self.underway.insert(number, underway);
        ends
    }

    /// An operation takes effect, or ends.
    fn happen(&mut self, number: u64, is_end: bool) {
        let Some(mut underway) = self.underway.remove(&number) else {
            return;
        };
        underway.events -= 1;
        if is_end {
            self.left = self.left.saturating_sub(1);
            self.ready.push_back(underway.operation.clone());
        } else {
            self.take_effect(&mut underway);
        }
        if underway.events > 0 {
            self.underway.insert(number, underway);
        }
    }

    /// The next thing happens. False when there is none.
    fn advance(&mut self) -> bool {
        let Some(Reverse((time, _, event))) = self.events.pop() else {
            return self.read_last();
        };
        self.now = time;
        match event {
            // Nothing new begins any more; what is under way comes to its end.
            Event::Step(_) if self.left == 0 => {}
            Event::Step(actor) => self.step(actor),
            Event::Effect(number) => self.happen(number, false),
            Event::End(number) => self.happen(number, true),
        }
        true
    }
}

impl Iterator for Generator {
    type Item = Operation;

    fn next(&mut self) -> Option<Operation> {
        loop {
            if let Some(operation) = self.ready.pop_front() {
                return Some(operation);
            }
            if !self.advance() {
                return None;
            }
        }
    }
}

#[cfg(test)]
mod tests;
