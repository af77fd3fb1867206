//! Snapshots from a store that may have damaged them, or that somebody else wrote.
//!
//! The bytes are tried as they are, and once more with the hashes put right, so that a fuzzer, which cannot guess one, comes
//! to the sections. What is accepted is exactly what would be written, and entries can be folded on top of it.

use bytes::Bytes;
use metadata::entry::proposal::Kind;
use metadata::entry::{self, Trim};
use metadata::{EntryRef, Event, Lane, Role, State, snapshot};
use sha2::{Digest as _, Sha256};

use crate::memory::peak_bytes;
use crate::{adapt, fold};

pub(crate) const HEAD_BYTES: usize = 48;
pub(crate) const INDEX_BYTES: usize = 44;
const MAGIC: &[u8; 8] = b"TIDESNAP";
/// What a state weighs in memory for each byte of its snapshot, at most, and a floor beyond that.
const MEMORY_FACTOR: usize = 512;
const FLOOR_BYTES: usize = 64 << 10;

pub(crate) fn check(data: &[u8]) {
    read(&Bytes::copy_from_slice(data));
    let sealed = sealed(data);
    if sealed != data {
        read(&Bytes::from(sealed));
    }
}

/// The bytes with the head and the hashes that belong to their sections. The last section takes what is left.
pub(crate) fn sealed(data: &[u8]) -> Vec<u8> {
    let mut bytes = data.to_vec();
    if bytes.len() < HEAD_BYTES + INDEX_BYTES {
        return bytes;
    }
    bytes[..8].copy_from_slice(MAGIC);
    bytes[8..12].copy_from_slice(&snapshot::VERSION.to_be_bytes());
    let room = (bytes.len() - HEAD_BYTES) / INDEX_BYTES;
    let claimed = u32::from_be_bytes([bytes[12], bytes[13], bytes[14], bytes[15]]) as usize;
    let count = if (1..=room).contains(&claimed) { claimed } else { 1 };
    // At most as many as there is room for.
    bytes[12..16].copy_from_slice(&u32::try_from(count).unwrap_or(1).to_be_bytes());
    let (head, rest) = bytes.split_at_mut(HEAD_BYTES);
    let (index, mut content) = rest.split_at_mut(INDEX_BYTES * count);
    let mut state = Sha256::new();
    for (at, row) in index.chunks_exact_mut(INDEX_BYTES).enumerate() {
        let claimed = u64::from_be_bytes(std::array::from_fn(|byte| row[4 + byte]));
        let fits = usize::try_from(claimed).ok().filter(|length| *length <= content.len());
        let length = if at + 1 == count {
            content.len()
        } else {
            fits.unwrap_or(0)
        };
        let (section, behind) = content.split_at_mut(length);
        content = behind;
        let hash = Sha256::digest(&*section);
        row[4..12].copy_from_slice(&(length as u64).to_be_bytes());
        row[12..].copy_from_slice(&hash);
        state.update(hash);
    }
    head[16..].copy_from_slice(&state.finalize());
    bytes
}

fn read(bytes: &Bytes) {
    let (decoded, peak) = peak_bytes(|| snapshot::decode(bytes.clone()));
    let bound = FLOOR_BYTES + MEMORY_FACTOR * bytes.len();
    assert!(
        peak <= bound,
        "{peak} bytes are taken for a snapshot of {}",
        bytes.len()
    );
    let Ok((mut state, hash)) = decoded else { return };
    assert_eq!(hash, snapshot::state_hash_of(&state), "the hash is the state's");
    assert_eq!(snapshot::encode(&state).to_bytes(), bytes, "a snapshot has one form");
    fold::sound(&state);
    goes_on(&mut state);
    fold::sound(&state);
    fold::round_trip(&state);
}

/// Entries on top of it: lives, everything trimmed, topics deleted, a new era.
fn goes_on(state: &mut State) {
    let lives: Vec<_> = state.incarnations().map(metadata::Life::incarnation).collect();
    for body in adapt::first(0) {
        apply(state, &adapt::body(body, state));
    }
    let trims = state
        .topics()
        .flat_map(metadata::Topic::partition_ids)
        .map(|id| entry::PartitionTrim {
            topic: id.topic,
            partition: id.partition,
            before: state.partition(id).map_or(0, |partition| partition.high_watermark()),
            seen_start: None,
            lake_before: None,
        });
    let trim = Kind::Trim(Trim {
        partitions: trims.take(1 << 10).collect(),
    });
    let numbers: Vec<_> = state.topics().map(metadata::Topic::number).take(8).collect();
    let mut kinds = vec![trim];
    kinds.extend(
        numbers
            .into_iter()
            .map(|topic| Kind::DeleteTopic(entry::DeleteTopic { topic })),
    );
    let asker = state
        .incarnations()
        .find(|life| life.role() == Role::Agent)
        .map(metadata::Life::incarnation);
    for (sequence, kind) in (0..).zip(kinds) {
        let Some(asker) = asker else { break };
        let next = state.next_sequence(&asker, Lane::Control).unwrap_or(sequence);
        let proposal = entry::Proposal {
            incarnation: Some(asker.into()),
            sequence: next,
            kind: Some(kind),
            ..Default::default()
        };
        apply(state, &entry::body(vec![proposal]));
    }
    for target in lives.into_iter().take(8) {
        let retire = Kind::Retire(entry::Retire {
            target: Some(target.into()),
            seen: Vec::new(),
        });
        apply(
            state,
            &adapt::body(entry::body(vec![adapt::of_life(0, 0, retire)]), state),
        );
    }
    new_era(state);
}

fn new_era(state: &mut State) {
    let Some(era) = state.era().checked_add(1) else { return };
    let entry = EntryRef {
        position: state.position() + 1,
        era,
        hash: [2; 32],
        event: Event::NewEra,
    };
    // The last position there is may have been reached.
    let _ = state.apply(entry);
}

fn apply(state: &mut State, body: &entry::Body) {
    let entry = EntryRef {
        position: state.position() + 1,
        era: state.era(),
        hash: [1; 32],
        event: Event::Proposals(body),
    };
    let _ = state.apply(entry);
}
