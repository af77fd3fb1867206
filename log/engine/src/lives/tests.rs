use metadata::{EntryRef, Event};

use super::*;

fn lives(roles: &[Role]) -> Lives {
    let register = |role: &Role| entry::Register {
        role: (*role).into(),
        feature_min: 1,
        feature_max: 1,
        ..Default::default()
    };
    let now = world::World::simulated(1).clock.now();
    Lives::new(roles.iter().map(register).collect(), Chance::from_seed(1), now)
}

fn apply(state: &mut State, proposals: Vec<entry::Proposal>) {
    let entry = EntryRef {
        position: state.position() + 1,
        era: 1,
        hash: [0; 32],
        event: Event::Proposals(&entry::body(proposals)),
    };
    state.apply(entry).unwrap();
}

fn nonces(proposals: &[entry::Proposal]) -> Vec<u64> {
    let nonce = |proposal: &entry::Proposal| match &proposal.kind {
        Some(Kind::Register(register)) => register.nonce,
        _ => panic!("not a register"),
    };
    proposals.iter().map(nonce).collect()
}

#[tokio::test]
async fn a_life_begins_when_its_register_is_folded_and_another_follows_when_it_is_retired() {
    let mut lives = lives(&[Role::Agent, Role::Compactor]);
    let mut state = State::genesis([1; 16], 1, [0; 32]);
    let now = world::World::simulated(1).clock.now();
    assert_eq!(lives.next_sequence(Role::Agent, Lane::Inline), None);
    let registers = lives.registers(state.position());
    assert_eq!(
        nonces(&registers),
        nonces(&lives.registers(0)),
        "the same until it is folded"
    );
    apply(&mut state, registers.clone());
    assert_eq!(lives.learn(&state, now), []);
    let first = lives.incarnation(Role::Agent).unwrap();
    assert_eq!(lives.role_of(&first), Some(Role::Agent));
    assert_eq!(lives.next_sequence(Role::Agent, Lane::Inline), Some((first, 0)));
    assert_eq!(lives.next_sequence(Role::Agent, Lane::Inline), Some((first, 1)));
    assert_eq!(lives.next_sequence(Role::Agent, Lane::Control), Some((first, 0)));
    assert_eq!(lives.next_flush(Role::Agent, Lane::Object), Some((first, 0)));
    assert_eq!(lives.next_flush(Role::Agent, Lane::Object), Some((first, 1)));
    let retire = entry::Proposal {
        incarnation: Some(lives.incarnation(Role::Compactor).unwrap().into()),
        kind: Some(Kind::Retire(entry::Retire {
            target: Some(first.into()),
            seen: Vec::new(),
        })),
        ..Default::default()
    };
    apply(&mut state, vec![retire]);
    assert_eq!(lives.learn(&state, now), [Role::Agent]);
    assert_eq!(lives.learn(&state, now), [], "told once");
    assert!(lives.is_led(Role::Agent) && lives.is_registering());
    let again = lives.registers(state.position());
    assert_eq!(again.len(), 1);
    assert_ne!(nonces(&again)[0], nonces(&registers)[0]);
    apply(&mut state, again);
    lives.learn(&state, now);
    let second = lives.incarnation(Role::Agent).unwrap();
    assert_ne!(second, first);
    assert_eq!(lives.next_sequence(Role::Agent, Lane::Inline), Some((second, 0)));
    assert_eq!(lives.next_flush(Role::Agent, Lane::Object), Some((second, 0)));
}

#[tokio::test]
async fn a_nonce_that_was_folded_in_vain_is_not_used_again() {
    let mut lives = lives(&[Role::Agent]);
    let before = nonces(&lives.registers(0));
    let now = world::World::simulated(1).clock.now();
    assert!(lives.refused(None, now));
    lives.tick(now + Duration::from_secs(1));
    assert_ne!(nonces(&lives.registers(0)), before);
}

#[tokio::test]
async fn who_was_refused_asks_again_ever_later_and_at_once_when_it_has_lived() {
    let mut lives = lives(&[Role::Agent]);
    let mut state = State::genesis([1; 16], 1, [0; 32]);
    let mut now = world::World::simulated(1).clock.now();
    for wait in [100, 200, 400, 800] {
        assert!(lives.asks() && lives.ask_at().is_none());
        assert!(lives.refused(Some(Rejection::TooManyLives { limit: 3 }), now));
        assert_eq!((lives.registers(0), lives.asks()), (vec![], false));
        let at = lives.ask_at().unwrap();
        assert_eq!(at, now + Duration::from_millis(wait));
        lives.tick(at - Duration::from_millis(1));
        assert!(!lives.asks() && lives.is_registering());
        lives.tick(at);
        now = at;
    }
    assert_eq!(lives.refusal(), Some(&Rejection::TooManyLives { limit: 3 }));
    apply(&mut state, lives.registers(0));
    lives.learn(&state, now);
    assert_eq!((lives.refusal(), lives.ask_at()), (None, None));
    assert!(!lives.refused(None, now), "it lives");
}

#[tokio::test]
async fn a_life_that_is_ended_has_no_successor() {
    let mut lives = lives(&[Role::Agent]);
    let mut state = State::genesis([1; 16], 1, [0; 32]);
    let now = world::World::simulated(1).clock.now();
    apply(&mut state, lives.registers(0));
    lives.learn(&state, now);
    let life = lives.incarnation(Role::Agent).unwrap();
    lives.end(Role::Agent);
    let retire = entry::Proposal {
        incarnation: Some(life.into()),
        kind: Some(Kind::Retire(entry::Retire {
            target: Some(life.into()),
            seen: Vec::new(),
        })),
        ..Default::default()
    };
    apply(&mut state, vec![retire]);
    assert_eq!(lives.learn(&state, now), [Role::Agent]);
    assert!(!lives.is_led(Role::Agent) && !lives.is_registering());
    assert_eq!(lives.registers(9), []);
}

#[tokio::test]
async fn a_sequence_that_is_taken_back_is_the_next() {
    let mut lives = lives(&[Role::Agent]);
    let mut state = State::genesis([1; 16], 1, [0; 32]);
    apply(&mut state, lives.registers(0));
    lives.learn(&state, world::World::simulated(1).clock.now());
    for _ in 0..3 {
        lives.next_sequence(Role::Agent, Lane::Object);
    }
    for sequence in [1, 2] {
        lives.withdraw(Role::Agent, Lane::Object, sequence);
    }
    let next = lives.next_sequence(Role::Agent, Lane::Object);
    assert_eq!(next.map(|(_, sequence)| sequence), Some(1));
}
