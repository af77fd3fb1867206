//! The lives this process leads: their registration, sequences and flush numbers. Knows nothing of what is proposed.

use std::collections::BTreeMap;

use std::time::Duration;

use metadata::entry::{self, proposal::Kind};
use metadata::{Incarnation, Lane, Rejection, Role, State};
use world::{Backoff, Chance, Instant};

/// Waits after a register was refused: whatever the reason is, it does not pass within milliseconds.
const REFUSED: Backoff = Backoff {
    first: Duration::from_millis(100),
    max: Duration::from_secs(30),
    deadline: Duration::MAX,
};

/// One life for each role of the process.
#[derive(Debug)]
pub(crate) struct Lives {
    lives: BTreeMap<Role, Life>,
    chance: Chance,
    refused: Refused,
}

/// Registers that were refused, since the last one that was not.
#[derive(Debug, Default)]
struct Refused {
    count: u32,
    /// Why, as the fold said last.
    why: Option<Rejection>,
    /// When to ask again; none: now.
    until: Option<Instant>,
}

#[derive(Debug)]
struct Life {
    /// What the register says, but for nonce and position.
    register: entry::Register,
    standing: Standing,
    /// By lane: the sequence the next proposal gets.
    next_sequence: [u64; 3],
    /// By lane: the number the next flush gets.
    next_flush: [u64; 3],
    /// When the fold last took something of it.
    heard: Instant,
    /// It is being ended on purpose: there will be no other.
    ending: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// Asks to live under this nonce.
    Registering {
        nonce: u64,
    },
    Live(Incarnation),
    /// Ended on purpose; there will be no other.
    Ended,
}

impl Lives {
    /// Lives that are still to be registered, one for each register.
    pub(crate) fn new(registers: Vec<entry::Register>, chance: Chance, now: Instant) -> Lives {
        let begin = |register: entry::Register| {
            let standing = Standing::Registering { nonce: chance.u64() };
            let life = Life {
                register,
                standing,
                next_sequence: [0; 3],
                next_flush: [0; 3],
                heard: now,
                ending: false,
            };
            (life.register.role(), life)
        };
        Lives {
            lives: registers.into_iter().map(begin).collect(),
            chance,
            refused: Refused::default(),
        }
    }

    /// The life of this role, while it is live.
    pub(crate) fn incarnation(&self, role: Role) -> Option<Incarnation> {
        match self.lives.get(&role)?.standing {
            Standing::Live(incarnation) => Some(incarnation),
            Standing::Registering { .. } | Standing::Ended => None,
        }
    }

    /// The role of one of these lives.
    pub(crate) fn role_of(&self, incarnation: &Incarnation) -> Option<Role> {
        let mut roles = self.lives.keys().copied();
        roles.find(|role| self.incarnation(*role).as_ref() == Some(incarnation))
    }

    /// Register proposals for the lives that are not there yet, unless it is too soon to ask again; `folded` is a position this process has folded.
    pub(crate) fn registers(&self, folded: u64) -> Vec<entry::Proposal> {
        let may_ask = self.lives.values().filter(|_| self.asks());
        let asking = may_ask.filter_map(|life| match life.standing {
            Standing::Registering { nonce } => Some((nonce, &life.register)),
            Standing::Live(_) | Standing::Ended => None,
        });
        asking
            .map(|(nonce, register)| entry::Proposal {
                kind: Some(Kind::Register(entry::Register {
                    nonce,
                    seen: folded,
                    ..register.clone()
                })),
                ..Default::default()
            })
            .collect()
    }

    /// Whether this role lives or asks to: what waits for its life does not wait in vain.
    pub(crate) fn is_led(&self, role: Role) -> bool {
        self.lives
            .get(&role)
            .is_some_and(|life| life.standing != Standing::Ended)
    }

    /// Whether some life waits to be registered.
    pub(crate) fn is_registering(&self) -> bool {
        self.lives
            .values()
            .any(|life| matches!(life.standing, Standing::Registering { .. }))
    }

    /// Whether a register is to be proposed now.
    pub(crate) fn asks(&self) -> bool {
        self.refused.until.is_none() && self.is_registering()
    }

    /// When to ask again, after a register was refused.
    pub(crate) fn ask_at(&self) -> Option<Instant> {
        self.refused.until.filter(|_| self.is_registering())
    }

    /// Time has gone by.
    pub(crate) fn tick(&mut self, now: Instant) {
        self.refused.until = self.refused.until.filter(|until| *until > now);
    }

    /// Why the last register was refused, while no later one was taken.
    pub(crate) fn refusal(&self) -> Option<&Rejection> {
        self.refused.why.as_ref()
    }

    /// Compares with the fold: lives whose register was taken begin, and those that are no longer live are over. Gives
    /// the roles of the latter, which ask for another life from now on.
    pub(crate) fn learn(&mut self, state: &State, now: Instant) -> Vec<Role> {
        let mut over = Vec::new();
        for (role, life) in &mut self.lives {
            match life.standing {
                Standing::Registering { nonce } => {
                    if let Some(begun) = state.life_by_nonce(nonce) {
                        life.begin(begun.incarnation(), now);
                        self.refused = Refused::default();
                    }
                }
                Standing::Live(incarnation) if state.incarnation(&incarnation).is_none() => {
                    life.over(&self.chance);
                    over.push(*role);
                }
                Standing::Live(_) | Standing::Ended => {}
            }
        }
        over
    }

    /// Gives up the life of a role, though it is live: another begins in its place.
    pub(crate) fn give_up(&mut self, role: Role) {
        if let Some(life) = self.lives.get_mut(&role) {
            life.over(&self.chance);
        }
    }

    /// Draws new nonces for the lives that were not registered though their registers were folded: those nonces are
    /// used up. They ask again after a while. `why` is what the fold said of it. Whether there are any.
    pub(crate) fn refused(&mut self, why: Option<Rejection>, now: Instant) -> bool {
        let mut any = false;
        for life in self.lives.values_mut() {
            if let Standing::Registering { nonce } = &mut life.standing {
                *nonce = self.chance.u64();
                any = true;
            }
        }
        if any {
            self.refused.until = Some(now + REFUSED.bound(self.refused.count.min(16)));
            self.refused.count = self.refused.count.saturating_add(1);
            self.refused.why = why;
        }
        any
    }

    /// The sequence that the next proposal of a lane will get.
    pub(crate) fn upcoming(&self, role: Role, lane: Lane) -> Option<u64> {
        Some(self.lives.get(&role)?.next_sequence[lane as usize])
    }

    /// The next sequence of a lane, with the life it is of.
    pub(crate) fn next_sequence(&mut self, role: Role, lane: Lane) -> Option<(Incarnation, u64)> {
        let incarnation = self.incarnation(role)?;
        let next = &mut self.lives.get_mut(&role)?.next_sequence[lane as usize];
        let sequence = *next;
        *next += 1;
        Some((incarnation, sequence))
    }

    /// Takes a sequence back that no one has ever been shown, nor any after it.
    pub(crate) fn withdraw(&mut self, role: Role, lane: Lane, sequence: u64) {
        if let Some(life) = self.lives.get_mut(&role) {
            let next = &mut life.next_sequence[lane as usize];
            *next = (*next).min(sequence);
        }
    }

    /// The next flush number of a lane, with the life it is of.
    pub(crate) fn next_flush(&mut self, role: Role, lane: Lane) -> Option<(Incarnation, u64)> {
        let incarnation = self.incarnation(role)?;
        let next = &mut self.lives.get_mut(&role)?.next_flush[lane as usize];
        let flush = *next;
        *next += 1;
        Some((incarnation, flush))
    }

    /// Something of this life was taken.
    pub(crate) fn heard(&mut self, role: Role, now: Instant) {
        if let Some(life) = self.lives.get_mut(&role) {
            life.heard = now;
        }
    }

    /// Live roles, and when something of each was last taken.
    pub(crate) fn silent_since(&self) -> impl Iterator<Item = (Role, Instant)> {
        let live = self
            .lives
            .iter()
            .filter(|(_, life)| matches!(life.standing, Standing::Live(_)));
        live.map(|(role, life)| (*role, life.heard))
    }

    /// Leads the roles of `other`, too, that are not led here yet.
    #[cfg(test)]
    pub(crate) fn join_for_test(&mut self, other: Lives) {
        for (role, life) in other.lives {
            self.lives.entry(role).or_insert(life);
        }
    }

    /// When this life is over, no other follows: the process stops.
    pub(crate) fn end(&mut self, role: Role) {
        if let Some(life) = self.lives.get_mut(&role) {
            life.ending = true;
        }
    }
}

impl Life {
    fn over(&mut self, chance: &Chance) {
        self.standing = match self.ending {
            true => Standing::Ended,
            false => Standing::Registering { nonce: chance.u64() },
        };
    }

    fn begin(&mut self, incarnation: Incarnation, now: Instant) {
        self.standing = Standing::Live(incarnation);
        self.next_sequence = [0; 3];
        self.next_flush = [0; 3];
        self.heard = now;
    }
}

#[cfg(test)]
mod tests;
