//! Lives in the model.

use std::collections::BTreeMap;

use metadata::entry::{Register, Retire};
use metadata::{Applied, Change, Fate, Incarnation, Rejection, Role};

use super::{Judged, Life, Model, verdict};

impl Model {
    pub(super) fn register(&mut self, change: Change, register: &Register) -> Fate {
        const BACK: u64 = 1 << 20;
        let now = self.position;
        let known = self.nonces.get(&register.nonce).is_some_and(|at| at + BACK >= now);
        if register.seen > now || register.seen + BACK < now || known {
            return Fate::Dropped;
        }
        self.nonces.insert(register.nonce, now);
        Fate::Taken(vec![verdict(self.begin(change, register))])
    }

    fn begin(&mut self, change: Change, register: &Register) -> Judged {
        if self.halted {
            return Err(Rejection::Halted);
        }
        let role = match register.role {
            0 => Role::Agent,
            1 => Role::Compactor,
            _ => return Err(Rejection::Malformed("")),
        };
        if register.name.len() > 255 {
            return Err(Rejection::Malformed(""));
        }
        if self.level < register.feature_min || self.level > register.feature_max {
            return Err(Rejection::FeatureOutOfRange { level: self.level });
        }
        if self.lives.len() >= 10_000 {
            return Err(Rejection::TooManyLives { limit: 10_000 });
        }
        let incarnation = Incarnation {
            position: change.position,
            index: change.index as u16,
            nonce: register.nonce,
        };
        let node = self.next_node;
        self.next_node += 1;
        let features = (register.feature_min, register.feature_max);
        let life = Life {
            role,
            node,
            next: [0; 3],
            flush: [None; 3],
            last_taken: change.position,
            features,
        };
        self.lives.insert(incarnation, life);
        Ok(Applied::Registered(incarnation, node))
    }

    pub(super) fn retire(&mut self, retire: &Retire) -> Judged {
        let target = retire.target.ok_or(Rejection::Malformed(""))?;
        let target = Incarnation::try_from(target).map_err(|_| Rejection::NotLive)?;
        let life = self.lives.get(&target).ok_or(Rejection::NotLive)?;
        let mut left: BTreeMap<u32, u64> = (0..3).map(|lane| (lane, life.next[lane as usize])).collect();
        left.retain(|_, next| *next > 0);
        for seen in &retire.seen {
            if left.remove(&seen.lane) != Some(seen.next) {
                return Err(Rejection::HeardSince);
            }
        }
        if !left.is_empty() {
            return Err(Rejection::HeardSince);
        }
        self.lives.remove(&target);
        self.ended.insert(target, self.position);
        Ok(Applied::Done)
    }
}
