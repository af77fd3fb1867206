//! Lives: registering and retiring.

use std::collections::BTreeMap;

use seeded::Bug;

use crate::entry::{Register, Retire, Role};
use crate::ids::{Change, Incarnation, Lane};
use crate::limits::{LIVES_MAX, NONCE_ENTRIES, REGISTER_TEXT_BYTES_MAX};
use crate::outcome::{Applied, Fate, Rejection};
use crate::state::State;
use crate::state::life::{LaneState, Life};

impl State {
    /// A copy of a register, or one from too long ago to know whether it is a copy, is dropped. The nonce of a rejected
    /// one is remembered too: its process was told that it has no life, so a copy must not make one.
    pub(super) fn register(&mut self, change: Change, register: &Register) -> Fate {
        let age = change.position.checked_sub(register.seen);
        let young = age.is_some_and(|age| age <= NONCE_ENTRIES);
        let copy = self.lives.nonces.contains(register.nonce) && !seeded::is(Bug::GhostLife);
        if !young || copy {
            return Fate::Dropped;
        }
        self.lives.nonces.insert(change.position, register.nonce);
        Fate::Taken(vec![self.begin_life(change, register).into()])
    }

    fn begin_life(&mut self, change: Change, register: &Register) -> Result<Applied, Rejection> {
        if self.halted {
            return Err(Rejection::Halted);
        }
        let role = Role::try_from(register.role).map_err(|_| Rejection::Malformed("unknown role"))?;
        let Register {
            name,
            zone,
            http_address,
            kafka_address,
            peer_address,
            software_version,
            ..
        } = register;
        let texts = [name, zone, http_address, kafka_address, peer_address, software_version];
        if texts.iter().any(|text| text.len() > REGISTER_TEXT_BYTES_MAX) {
            return Err(Rejection::Malformed("a text of the register is too long"));
        }
        if !(register.feature_min..=register.feature_max).contains(&self.feature_level) {
            return Err(Rejection::FeatureOutOfRange {
                level: self.feature_level,
            });
        }
        let node_id = self.lives.next_node_id;
        let full = self.lives.live.len() >= LIVES_MAX as usize || node_id >= i32::MAX as u32;
        let (false, Ok(index)) = (full, u16::try_from(change.index)) else {
            return Err(Rejection::TooManyLives { limit: LIVES_MAX });
        };
        self.lives.next_node_id += 1;
        let incarnation = Incarnation {
            position: change.position,
            index,
            nonce: register.nonce,
        };
        let life = Life {
            incarnation,
            node_id,
            role,
            name: name.clone(),
            zone: zone.clone(),
            http_address: http_address.clone(),
            kafka_address: kafka_address.clone(),
            peer_address: peer_address.clone(),
            software_version: software_version.clone(),
            feature_min: register.feature_min,
            feature_max: register.feature_max,
            last_taken: change.position,
            lanes: [LaneState::default(); 3],
        };
        self.lives.live.insert(incarnation, life);
        self.lives.changes += 1;
        Ok(Applied::Registered(incarnation, node_id))
    }

    /// Ends a life that has not been heard since the proposer saw it. For ever: no register makes the same name again.
    pub(super) fn retire(&mut self, retire: &Retire) -> Result<Applied, Rejection> {
        let target = retire.target.as_ref().ok_or(Rejection::Malformed("no target"))?;
        let target = Incarnation::try_from(target).map_err(|_| Rejection::NotLive)?;
        let life = self.lives.live.get(&target).ok_or(Rejection::NotLive)?;
        let now: BTreeMap<u32, u64> = life
            .lanes_seen()
            .iter()
            .map(|&(lane, next)| (Lane::number(lane), next))
            .collect();
        let seen: BTreeMap<u32, u64> = retire.seen.iter().map(|seen| (seen.lane, seen.next)).collect();
        let heard = seen != now || seen.len() != retire.seen.len();
        if heard && !seeded::is(Bug::RetireBlind) {
            return Err(Rejection::HeardSince);
        }
        self.lives.end(&target, self.position);
        Ok(Applied::Done)
    }
}
