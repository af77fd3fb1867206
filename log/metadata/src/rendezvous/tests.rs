use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::entry::Retire;
use crate::entry::proposal::Kind;
use crate::fold::tests::{Fixture, registered};

/// Partitions that the laws are tried on.
const PARTITIONS: u32 = 1_024;

fn life(position: u64, index: u16, nonce: u64) -> Incarnation {
    Incarnation { position, index, nonce }
}

fn partition(partition: u32) -> PartitionId {
    PartitionId { topic: 7, partition }
}

/// Written down once: another build must find the same.
#[test]
fn scores_stay() {
    assert_eq!(score(b"sequencer", &life(1, 0, 5)), 0x547b_e838_9788_005a);
    assert_eq!(score(b"sequencer", &life(2, 0, 5)), 0x85ef_9c94_d793_41f0);
    assert_eq!(score(b"", &life(0, 0, 0)), 0x667e_9cfb_ea1f_b56c);
}

impl Fixture {
    /// An agent in a zone that serves HTTP at an address; at none when that is empty.
    fn agent(&mut self, nonce: u64, zone: &str, address: &str) {
        let mut proposal = registered(nonce, Role::Agent, self.state.position());
        if let Some(Kind::Register(register)) = &mut proposal.kind {
            (register.zone, register.http_address) = (zone.to_owned(), address.to_owned());
        }
        self.fate(proposal);
    }

    /// Agents of these zones.
    fn of_zones(zones: &[&str]) -> Fixture {
        let mut fixture = Fixture::new();
        for (nonce, zone) in (1..).zip(zones) {
            fixture.agent(nonce, zone, &format!("agent-{nonce}:80"));
        }
        fixture
    }

    fn retire_by_nonce(&mut self, nonce: u64) {
        let target = self.state.life_by_nonce(nonce).unwrap().incarnation();
        let retire = Retire {
            target: Some(target.into()),
            seen: Vec::new(),
        };
        self.control(target, Kind::Retire(retire));
    }

    fn preferred(&self, zone: &str) -> Vec<Incarnation> {
        preferred(&self.state, zone)
    }
}

/// The preferred agent of each partition.
fn preferred(state: &State, zone: &str) -> Vec<Incarnation> {
    let candidates = state.candidates(zone, Life::http_address);
    let of = |number| candidates.preferred(partition(number)).unwrap().incarnation();
    (0..PARTITIONS).map(of).collect()
}

#[test]
fn preferences_stay() {
    let fixture = Fixture::of_zones(&["a", "b", "a", "b", "c"]);
    let candidates = fixture.state.candidates("", Life::http_address);
    let nonces: Vec<u64> = (0..8)
        .map(|number| candidates.preferred(partition(number)).unwrap().incarnation().nonce)
        .collect();
    assert_eq!(nonces, [1, 4, 4, 3, 5, 3, 5, 1]);
}

#[test]
fn a_zone_has_its_own_agents_and_without_one_all_are_asked() {
    let fixture = Fixture::of_zones(&["a", "b", "a", "", "c"]);
    let nonces = |zone: &str| {
        let mut nonces: Vec<u64> = fixture.preferred(zone).iter().map(|life| life.nonce).collect();
        nonces.sort_unstable();
        nonces.dedup();
        nonces
    };
    assert_eq!(nonces("a"), [1, 3]);
    assert_eq!(nonces("c"), [5]);
    for all in ["", "d"] {
        assert_eq!(nonces(all), [1, 2, 3, 4, 5], "zone {all:?}");
    }
}

#[test]
fn who_cannot_be_reached_is_never_preferred() {
    let mut fixture = Fixture::new();
    fixture.register(1, Role::Compactor);
    let none = fixture.state.candidates("a", Life::http_address);
    assert_eq!(none.preferred(partition(0)), None);
    fixture.agent(2, "a", "");
    fixture.agent(3, "b", "agent:80");
    let found = fixture.state.candidates("a", Life::http_address);
    assert_eq!(found.preferred(partition(0)).unwrap().http_address(), "agent:80");
    let kafka = fixture.state.candidates("a", Life::kafka_address);
    assert_eq!(kafka.preferred(partition(0)), None);
}

#[test]
fn topics_are_spread_by_themselves() {
    let fixture = Fixture::of_zones(&["a"; 8]);
    let candidates = fixture.state.candidates("a", Life::http_address);
    let of = |topic| {
        let id = PartitionId { topic, partition: 0 };
        candidates.preferred(id).unwrap().incarnation()
    };
    let mut lives: Vec<Incarnation> = (0..100).map(of).collect();
    lives.sort_unstable();
    lives.dedup();
    assert_eq!(lives.len(), 8, "topics of one partition do not all go to one agent");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn only_what_must_moves_and_each_has_its_share(agents in 1_usize..17, seed in 0_u64..1 << 40) {
        let mut fixture = Fixture::new();
        for at in 0..agents as u64 {
            fixture.agent(seed + at, "a", "agent:80");
        }
        // Some of another zone, which are not asked.
        fixture.agent(seed + 100, "b", "agent:80");
        let before = fixture.preferred("a");
        let newcomer = seed + 101;
        fixture.agent(newcomer, "a", "agent:80");
        let with = fixture.preferred("a");
        for (old, new) in before.iter().zip(&with) {
            prop_assert!(old == new || new.nonce == newcomer, "only to the one who came");
        }
        let mut shares: BTreeMap<Incarnation, u32> = BTreeMap::new();
        for life in &with {
            *shares.entry(*life).or_default() += 1;
        }
        // Six standard deviations of a fair throw.
        let fair = f64::from(PARTITIONS) / (agents as f64 + 1.0);
        prop_assert_eq!(shares.len(), agents + 1);
        for share in shares.into_values() {
            prop_assert!((f64::from(share) - fair).abs() <= 6.0 * fair.sqrt(), "{} of {}", share, fair);
        }
        // Who goes leaves the others what they had.
        fixture.retire_by_nonce(newcomer);
        prop_assert_eq!(&fixture.preferred("a"), &before);
        // And one who has it from a snapshot finds the same.
        prop_assert_eq!(&preferred(&fixture.through_snapshot(), "a"), &before);
        // One of another zone coming or going moves nothing.
        fixture.retire_by_nonce(seed + 100);
        prop_assert_eq!(&fixture.preferred("a"), &before);
    }
}
