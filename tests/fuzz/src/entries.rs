//! Bodies of ledger entries from anywhere, and what the fold makes of them.
//!
//! ```text
//! flags u8, then again and again: kind u8, and with kinds below VOID: length u16, big-endian | a body
//! ```
//!
//! Each body is decoded and folded onto a small live state. What a fuzzer cannot guess (incarnations, sequences, changes
//! that were seen) is filled in by `adapt` where the bytes ask for it.

use bytes::Bytes;
use metadata::entry::{self, Body};
use metadata::{EntryRef, Event, Fate, FoldError, State};

use crate::input::Input;
use crate::memory::peak_bytes;
use crate::{adapt, fold};

/// Kinds of entries from here on have no body.
pub(crate) const VOID: u8 = 250;
const HALT: u8 = 251;
const NEW_ERA: u8 = 252;
const RESTART: u8 = 253;
/// Entries of one input, at most: long ones would only be slow.
const ENTRIES_MAX: usize = 64;
/// What a body takes in memory for each of its bytes, at most (an empty proposal is two bytes long), and a floor beyond.
const MEMORY_FACTOR: usize = 512;
const FLOOR_BYTES: usize = 64 << 10;

pub(crate) fn check(data: &[u8]) {
    let mut input = Input::new(data);
    let flags = input.u8();
    let mut state = small(flags);
    let (mut entries, mut era) = (0, state.era());
    while !input.is_empty() && entries < ENTRIES_MAX {
        entries += 1;
        match input.u8() {
            VOID => apply(&mut state, era, Event::Void),
            HALT => apply(&mut state, era, Event::Halt),
            NEW_ERA => {
                era += 1;
                apply(&mut state, era, Event::NewEra);
            }
            RESTART.. => {
                fold::sound(&state);
                state = fold::round_trip(&state).0;
            }
            kind => {
                let length = usize::from(input.u16());
                let bytes = Bytes::copy_from_slice(input.bytes(length));
                let Some(body) = decoded(&bytes) else { continue };
                // Now and then an entry of the era before, which has no effect.
                let bears = if kind == 1 { era.saturating_sub(1) } else { era };
                let body = if kind == 2 { body } else { adapt::body(body, &state) };
                folded(&mut state, bears, &body, flags & 4 != 0);
            }
        }
    }
    fold::sound(&state);
    fold::round_trip(&state);
}

/// A body is accepted only when it says all that its bytes say.
fn decoded(bytes: &Bytes) -> Option<Body> {
    let (decoded, peak) = peak_bytes(|| entry::decode_body(bytes.clone()));
    let bound = FLOOR_BYTES + MEMORY_FACTOR * bytes.len();
    assert!(peak <= bound, "{peak} bytes are taken for a body of {}", bytes.len());
    let body = decoded.ok()?;
    let again = entry::encode_body(&body);
    assert_eq!(again.len(), bytes.len(), "a body encodes to as many bytes");
    assert_eq!(entry::decode_body(again).as_ref(), Ok(&body));
    let proposals: usize = body.proposals.iter().map(entry::proposal_bytes).sum();
    assert!(proposals <= bytes.len());
    Some(body)
}

/// Folds a body; with `compares` also tells whether what was not taken had an effect.
fn folded(state: &mut State, era: u64, body: &Body, compares: bool) {
    let before = state.position();
    let entry = EntryRef {
        position: before + 1,
        era,
        hash: [era as u8; 32],
        event: Event::Proposals(body),
    };
    let was = (compares && era == state.era()).then(|| state.clone());
    match state.apply(entry) {
        Ok(outcomes) => {
            let expected = if era == state.era() { body.proposals.len() } else { 0 };
            assert_eq!(outcomes.len(), expected, "an outcome for each proposal");
            assert_eq!(state.position(), before + 1);
            let untouched = outcomes.iter().all(|outcome| !matches!(outcome.fate, Fate::Taken(_)));
            if let Some(mut was) = was.filter(|_| untouched) {
                apply_at(&mut was, entry.hash, era);
                let hashes = [&was, state].map(metadata::snapshot::state_hash_of);
                assert_eq!(hashes[0], hashes[1], "what was not taken has no effect: {outcomes:?}");
            }
        }
        Err(error) => {
            assert!(matches!(error, FoldError::Body { .. }), "{error}");
            assert_eq!(
                state.position(),
                before,
                "a body that is not understood changes nothing"
            );
        }
    }
}

fn apply(state: &mut State, era: u64, event: Event<'_>) {
    let entry = EntryRef {
        position: state.position() + 1,
        era,
        hash: [7; 32],
        event,
    };
    let applied = state.apply(entry);
    assert_eq!(applied, Ok(Vec::new()), "{event:?}");
}

/// An entry without effect in the place of one that had none.
fn apply_at(state: &mut State, hash: [u8; 32], era: u64) {
    let entry = EntryRef {
        position: state.position() + 1,
        era,
        hash,
        event: Event::Void,
    };
    assert_eq!(state.apply(entry), Ok(Vec::new()));
}

/// A state with two lives and a topic.
pub(crate) fn small(flags: u8) -> State {
    let mut state = State::genesis([1; 16], 1, [0; 32]);
    for body in adapt::first(flags) {
        let body = adapt::body(body, &state);
        folded(&mut state, 1, &body, false);
    }
    state
}
