//! Draws histories from live state: most proposals make sense, and some are bent so that every reason of rejection is
//! met.

mod admin;
mod append;
mod publish;
mod swap;

use std::collections::BTreeMap;

use metadata::entry::proposal::Kind;
use metadata::entry::{Beat, LaneSeen, Proposal, Register, Retire};
use metadata::{Incarnation, ObjectName, Role};

use crate::dice::Dice;
use crate::model::{Life, Model};

/// What a drawer remembers beside the model.
#[derive(Debug)]
pub(crate) struct Drawer {
    pub(crate) dice: Dice,
    nonce: u64,
    pub(crate) date: i64,
    /// Where the next run of a flush begins in its segment.
    ends: BTreeMap<(Incarnation, u64), u64>,
    /// Names that were ever proposed.
    pub(crate) names: Vec<ObjectName>,
    /// Sequences and flushes that proposals of the entry in the making use up.
    planned: BTreeMap<(Incarnation, u32), (u64, Option<u64>)>,
}

impl Drawer {
    pub(crate) fn new(seed: u64) -> Self {
        let (ends, planned) = (BTreeMap::new(), BTreeMap::new());
        Self {
            dice: Dice(seed),
            nonce: 0,
            date: 1_700_000_000_000,
            ends,
            names: Vec::new(),
            planned,
        }
    }

    /// The proposals of an entry.
    pub(crate) fn entry(&mut self, model: &Model) -> Vec<Proposal> {
        self.planned.clear();
        let count = self.dice.between(1, 3);
        (0..count).map(|_| self.proposal(model)).collect()
    }

    fn life(&mut self, model: &Model, role: Role) -> Option<Incarnation> {
        let role = if self.dice.permille(3) {
            [Role::Agent, Role::Compactor][self.dice.below(2)]
        } else {
            role
        };
        let lives: Vec<_> = model
            .lives
            .iter()
            .filter(|(_, life)| life.role == role)
            .map(|(&name, _)| name)
            .collect();
        self.dice.pick(&lives).copied()
    }

    fn proposal(&mut self, model: &Model) -> Proposal {
        let roles = |role| model.lives.values().filter(|life| life.role == role).count();
        if roles(Role::Agent) == 0 || roles(Role::Compactor) == 0 || self.dice.permille(8) {
            return self.register(model);
        }
        let choice = self.dice.below(1000);
        let (role, lane) = match choice {
            0..450 => (Role::Agent, 1 + self.dice.below(2) as u32),
            450..560 => (Role::Compactor, 0),
            _ => (Role::Agent, 0),
        };
        let lane = if self.dice.permille(3) {
            self.dice.below(4) as u32
        } else {
            lane
        };
        let Some(life) = self.life(model, role) else {
            return self.register(model);
        };
        let known = &model.lives[&life];
        let at = (lane as usize).min(2);
        let planned = self.planned.get(&(life, lane)).copied();
        let (mut sequence, floor) = planned.unwrap_or((known.next[at], known.flush[at]));
        let needs_flush = lane == 2 || (450..560).contains(&choice);
        let mut flush = needs_flush.then(|| floor.unwrap_or(0) + self.dice.below(3) as u64);
        if needs_flush && self.dice.permille(10) {
            flush = if self.dice.percent(50) {
                None
            } else {
                floor.and_then(|floor| floor.checked_sub(1))
            };
        }
        let kind = match choice {
            0..450 => self.append(model, life, lane, flush),
            450..540 => self.swap(model, life, flush, floor),
            540..560 => self.publish(model, life, flush, floor),
            _ => self.admin(model, life),
        };
        if self.dice.permille(10) {
            sequence = [sequence + 1, sequence.saturating_sub(1)][self.dice.below(2)];
        } else {
            self.planned.insert((life, lane), (sequence + 1, floor.max(flush)));
        }
        let incarnation = match self.dice.below(600) {
            0 => None,
            1 => Some(
                Incarnation {
                    nonce: life.nonce + 1,
                    ..life
                }
                .into(),
            ),
            _ => Some(life.into()),
        };
        let kind = (!self.dice.permille(2)).then_some(kind);
        Proposal {
            incarnation,
            lane,
            sequence,
            flush,
            principal: "someone".to_owned(),
            kind,
        }
    }

    fn register(&mut self, model: &Model) -> Proposal {
        self.nonce += 1;
        let dice = &mut self.dice;
        let role = if dice.percent(60) { Role::Agent } else { Role::Compactor };
        let mut register = Register {
            nonce: self.nonce,
            role: role.into(),
            seen: model.position,
            ..Default::default()
        };
        (register.feature_min, register.feature_max) = (1, 1_000_000);
        match dice.below(20) {
            0 => register.nonce = dice.between(1, self.nonce),
            1 => register.seen += 2,
            2 => register.role = 2,
            3 => register.name = "x".repeat(256),
            4 => register.feature_min = model.level + 1,
            5 => register.feature_max = model.level.saturating_sub(1),
            6 => register.seen = 0,
            _ => {}
        }
        let incarnation = dice.permille(10).then(|| {
            Incarnation {
                position: 1,
                index: 0,
                nonce: 1,
            }
            .into()
        });
        Proposal {
            incarnation,
            kind: Some(Kind::Register(register)),
            ..Default::default()
        }
    }

    pub(crate) fn beat(&self) -> Kind {
        Kind::Beat(Beat {})
    }

    pub(crate) fn retire(&mut self, model: &Model, proposer: Incarnation) -> Kind {
        // The dead have low positions; of the live, some role may always be left without, and then one registers.
        let lives: Vec<_> = model.lives.keys().copied().collect();
        let mut target = self.dice.pick(&lives).copied().unwrap_or(proposer);
        let seen = |life: &Life| {
            (0u32..3)
                .map(|lane| LaneSeen {
                    lane,
                    next: life.next[lane as usize],
                })
                .collect::<Vec<_>>()
        };
        let mut seen = model.lives.get(&target).map(seen).unwrap_or_default();
        seen.retain(|seen| seen.next > 0);
        match self.dice.below(8) {
            0 | 1 => target.nonce += 1,
            2 => seen.push(LaneSeen {
                lane: self.dice.below(4) as u32,
                next: 0,
            }),
            3 | 4 => seen.iter_mut().for_each(|seen| seen.next -= 1),
            5 => seen.extend(seen.first().copied()),
            _ if model.lives.len() < 4 => seen.clear(),
            _ => {}
        }
        Kind::Retire(Retire {
            target: Some(target.into()),
            seen,
        })
    }

    /// A topic and a partition of it, seldom one that is not.
    pub(crate) fn partition(&mut self, model: &Model) -> (u32, u32) {
        let numbers: Vec<_> = model.topics.keys().copied().collect();
        let Some(&topic) = self.dice.pick(&numbers) else {
            return (self.dice.below(3) as u32, 0);
        };
        let count = model.topics[&topic].partitions.len();
        match self.dice.below(150) {
            0 => (model.next_topic + 1, 0),
            1 => (topic, count as u32),
            _ => (topic, self.dice.below(count) as u32),
        }
    }
}
