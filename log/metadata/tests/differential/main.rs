//! The fold against a naive model of the same rules, over random histories drawn from live state: outcomes are compared
//! entry by entry, everything that can be seen every so often. A second state starts from snapshots in the middle and
//! must come to the same hash.

#![expect(clippy::unwrap_used, reason = "what is not there fails the test")]

mod compare;
mod count;
mod dice;
mod draw;
mod model;

use metadata::entry::{Body, Proposal, Register, body, proposal::Kind};
use metadata::{EntryRef, Event, Outcome, State, decode_body, encode_body, snapshot};

use count::Counts;
use draw::Drawer;
use model::Model;

struct Run {
    state: State,
    /// Folds the same entries, but from a snapshot of the middle.
    late: State,
    model: Model,
}

impl Run {
    fn new() -> Self {
        let state = State::genesis([9; 16], 1, [1; 32]);
        Self {
            late: state.clone(),
            state,
            model: Model::new(),
        }
    }

    fn event(&mut self, event: Event<'_>, era: u64) -> Vec<Outcome> {
        let position = self.state.position() + 1;
        let mut hash = [0; 32];
        hash[..8].copy_from_slice(&position.to_be_bytes());
        let entry = EntryRef {
            position,
            era,
            hash,
            event,
        };
        let outcomes = self.state.apply(entry).unwrap();
        assert_eq!(self.late.apply(entry).unwrap(), outcomes, "from a snapshot");
        outcomes
    }

    fn proposals(&mut self, proposals: Vec<Proposal>) -> (Body, Vec<Outcome>) {
        let body = body(proposals);
        let decoded = decode_body(encode_body(&body)).unwrap();
        assert_eq!(decoded, body);
        let era = self.state.era();
        let outcomes = self.event(Event::Proposals(&decoded), era);
        let expected = self.model.apply(&body);
        let (found, expected) = (compare::plain(outcomes.clone()), compare::plain(expected));
        for ((proposal, found), expected) in body.proposals.iter().zip(&found).zip(&expected) {
            assert_eq!(found, expected, "{proposal:?}");
        }
        (body, outcomes)
    }

    fn any_event(&mut self, drawer: &mut Drawer) -> Option<(Body, Vec<Outcome>)> {
        let era = self.state.era();
        match drawer.dice.below(1000) {
            0 => {
                self.event(Event::Void, 0);
                self.model.position += 1;
            }
            1 if era > 1 => {
                self.event(Event::Halt, era - 1);
                self.model.position += 1;
            }
            2 | 3 => {
                self.event(Event::Halt, era);
                self.model.position += 1;
                self.model.halted = true;
            }
            4..104 if self.model.halted => {
                self.event(Event::NewEra, era + 1);
                self.model.new_era();
            }
            _ => return Some(self.proposals(drawer.entry(&self.model))),
        }
        None
    }

    fn compare(&mut self, drawer: &mut Drawer) {
        let names = std::mem::take(&mut drawer.names);
        compare::compare(&self.state, &self.model, &names);
        let whole = snapshot::encode(&self.state);
        let late = snapshot::encode(&self.late);
        assert_eq!(
            (whole.state_hash, self.state.memory_bytes()),
            (late.state_hash, self.late.memory_bytes())
        );
        let (read, hash) = snapshot::decode(whole.to_bytes()).unwrap();
        assert_eq!(hash, whole.state_hash);
        if drawer.dice.percent(30) {
            self.late = read;
        }
    }
}

fn history(seed: u64, proposals: u64, counts: &mut Counts) {
    let (mut run, mut drawer) = (Run::new(), Drawer::new(seed));
    let until = counts.proposals + proposals;
    let mut entries = 0;
    while counts.proposals < until {
        if let Some((body, outcomes)) = run.any_event(&mut drawer) {
            counts.count(&body, &outcomes);
        }
        entries += 1;
        if entries % 40 == 0 {
            counts.longer_tables(&run.model);
            run.compare(&mut drawer);
        }
    }
    run.compare(&mut drawer);
}

/// As many lives as there may be, and more who ask.
fn crowd(more: u64, counts: &mut Counts) {
    let mut run = Run::new();
    for nonces in (0..10_000 + more).collect::<Vec<_>>().chunks(500) {
        let register = |&nonce| Register {
            nonce,
            feature_min: 1,
            feature_max: 1,
            ..Default::default()
        };
        let kinds = nonces.iter().map(register).map(Kind::Register);
        let proposals = kinds.map(|kind| Proposal {
            kind: Some(kind),
            ..Default::default()
        });
        let (body, outcomes) = run.proposals(proposals.collect());
        counts.count(&body, &outcomes);
    }
    run.compare(&mut Drawer::new(0));
}

fn differential(histories: u64, proposals: u64, least: u64) {
    let mut counts = Counts::default();
    for seed in 0..histories {
        history(seed, proposals, &mut counts);
    }
    crowd(least, &mut counts);
    counts.assert_reached(least);
}

#[test]
fn the_fold_agrees_with_the_model() {
    differential(12, 2_500, 5);
}

/// Run by name, in release: `cargo test -p metadata --release --test differential -- --ignored`.
#[test]
#[ignore = "a million proposals"]
fn the_fold_agrees_with_the_model_over_a_million_proposals() {
    differential(250, 4_000, 1_000);
}
