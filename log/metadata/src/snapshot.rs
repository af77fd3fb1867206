//! Snapshots: the folded state as bytes, and back. Knows nothing of where they lie or who asks for them.
//!
//! ```text
//! 0    8   magic "TIDESNAP"
//! 8    4   format version, big-endian: VERSION
//! 12   4   number of sections n, big-endian, at least 1
//! 16   32  state hash: SHA-256 over the sections' hashes, in order
//! 48   44n index, for each section: topic number u32 (0: the cluster), length u64, SHA-256 of the section
//! ...      the sections, one behind the other: the cluster, then one a topic, by rising number
//! ```
//!
//! A section is a message of `proto/snapshot.proto`: the first a `Cluster`, the others a `Topic`. Names of objects stand
//! in the section that uses them, so whoever needs a few topics reads the index, the cluster and those sections alone.
//!
//! Equal states have equal bytes: everything is written in an order that the state defines, and nothing that depends on
//! how a process came to the state (slots, capacities) is written. So the state hash compares states.

mod check;
mod cluster;
mod topic;

use bytes::{BufMut, Bytes, BytesMut};
use prost::Message;
use sha2::{Digest, Sha256};

use crate::entry::FormatError;
use crate::state::State;

mod wire {
    #![expect(unreachable_pub, reason = "generated; described in proto/snapshot.proto")]
    include!(concat!(env!("OUT_DIR"), "/tidelog.snapshot.rs"));
}

/// The version of the snapshot format that this build writes and reads. State hashes are compared only between equal
/// versions.
pub const VERSION: u32 = 1;

const MAGIC: &[u8; 8] = b"TIDESNAP";
const HEAD_BYTES: usize = 48;
const INDEX_BYTES: usize = 44;

/// A snapshot, in sections: the cluster, then one for each topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The cluster's section, then those of the topics by number.
    pub sections: Vec<Bytes>,
    /// SHA-256 over the hashes of the sections.
    pub state_hash: [u8; 32],
    /// Topic number and hash of each section.
    index: Vec<(u32, [u8; 32])>,
}

impl Snapshot {
    fn of(numbered: Vec<(u32, Bytes)>) -> Self {
        let index: Vec<_> = numbered
            .iter()
            .map(|(number, section)| (*number, sha256(section)))
            .collect();
        let sections = numbered.into_iter().map(|(_, section)| section).collect();
        Self {
            sections,
            state_hash: state_hash(&index),
            index,
        }
    }

    /// The bytes of a snapshot object.
    pub fn to_bytes(&self) -> Bytes {
        let content: usize = self.sections.iter().map(Bytes::len).sum();
        let mut bytes = BytesMut::with_capacity(HEAD_BYTES + INDEX_BYTES * self.index.len() + content);
        bytes.put_slice(MAGIC);
        bytes.put_u32(VERSION);
        // A topic's number has 32 bits, and there is one section more than topics, none of which has number 0.
        bytes.put_u32(u32::try_from(self.index.len()).unwrap_or(u32::MAX));
        bytes.put_slice(&self.state_hash);
        for ((number, hash), section) in self.index.iter().zip(&self.sections) {
            bytes.put_u32(*number);
            bytes.put_u64(section.len() as u64);
            bytes.put_slice(hash);
        }
        self.sections.iter().for_each(|section| bytes.put_slice(section));
        bytes.freeze()
    }
}

/// The state as a snapshot.
pub fn encode(state: &State) -> Snapshot {
    let mut sections = vec![(0, cluster::encode(state).encode_to_vec().into())];
    for number in state.topics.numbers() {
        if let Some(topic) = state.topics.get(number) {
            sections.push((number, topic::encode(state, topic).encode_to_vec().into()));
        }
    }
    Snapshot::of(sections)
}

/// The hash of the state, as its snapshot would bear it.
pub fn state_hash_of(state: &State) -> [u8; 32] {
    encode(state).state_hash
}

/// Reads a snapshot and checks all of it; the hash is the state's.
///
/// # Errors
/// [`FormatError`] when anything is damaged, or of a version this build does not read.
pub fn decode(bytes: Bytes) -> Result<(State, [u8; 32]), FormatError> {
    let (index, hash) = read_index(&bytes)?;
    let mut rest = bytes;
    rest = rest.slice(HEAD_BYTES + INDEX_BYTES * index.len()..);
    let mut state = None;
    let mut sections = Vec::with_capacity(index.len());
    for entry in &index {
        // The lengths were found to add up to exactly what is there.
        let section = rest.split_to(entry.length);
        if sha256(&section) != entry.hash {
            return Err(corrupt("a section's hash is another than the index says"));
        }
        sections.push((entry.number, section.clone()));
        match &mut state {
            None => state = Some(cluster::decode(message(section)?)?),
            Some(state) => topic::decode(state, entry.number, message(section)?)?,
        }
    }
    let state = state.ok_or_else(|| corrupt("no section"))?;
    check::whole(&state)?;
    check_form(&state, &sections)?;
    Ok((state, hash))
}

/// Equal states have equal bytes, so what is read must be what would be written: the same things in another order, or one
/// of them twice, would give this process another state hash than the one it was told.
fn check_form(state: &State, sections: &[(u32, Bytes)]) -> Result<(), FormatError> {
    for (number, section) in sections {
        // No topic has number 0.
        let written = match state.topics.get(*number) {
            None => cluster::encode(state).encode_to_vec(),
            Some(topic) => topic::encode(state, topic).encode_to_vec(),
        };
        if written != *section {
            return Err(corrupt("a section is not as it would be written"));
        }
    }
    Ok(())
}

struct IndexEntry {
    number: u32,
    length: usize,
    hash: [u8; 32],
}

/// Head and index, whose numbers are believed only as far as there are bytes for them.
fn read_index(bytes: &[u8]) -> Result<(Vec<IndexEntry>, [u8; 32]), FormatError> {
    let (head, rest) = bytes
        .split_first_chunk::<HEAD_BYTES>()
        .ok_or_else(|| corrupt("shorter than a head"))?;
    let number = |at: usize| -> u32 {
        head.iter()
            .skip(at)
            .take(4)
            .fold(0, |sum, &byte| sum << 8 | u32::from(byte))
    };
    if !head.starts_with(MAGIC) {
        return Err(corrupt("not a snapshot"));
    }
    if number(8) != VERSION {
        return Err(FormatError::Version(number(8)));
    }
    let length = (number(12) as usize)
        .checked_mul(INDEX_BYTES)
        .ok_or_else(|| corrupt("too many sections"))?;
    let (index, content) = rest
        .split_at_checked(length)
        .ok_or_else(|| corrupt("shorter than its index"))?;
    let entries: Vec<_> = index
        .chunks_exact(INDEX_BYTES)
        .map(read_entry)
        .collect::<Option<_>>()
        .unwrap_or_default();
    let total = entries
        .iter()
        .try_fold(0usize, |sum, entry| sum.checked_add(entry.length));
    if total != Some(content.len()) {
        return Err(corrupt("its length is another than the index says"));
    }
    let rising = entries.windows(2).all(|pair| pair[0].number < pair[1].number);
    if !rising || entries.first().is_none_or(|first| first.number != 0) {
        return Err(corrupt("the sections are not the cluster and topics by number"));
    }
    let hashes: Vec<_> = entries.iter().map(|entry| (entry.number, entry.hash)).collect();
    let hash = state_hash(&hashes);
    if head.get(16..) != Some(hash.as_slice()) {
        return Err(corrupt("the state hash is another than the index says"));
    }
    Ok((entries, hash))
}

fn read_entry(bytes: &[u8]) -> Option<IndexEntry> {
    let (number, rest) = bytes.split_first_chunk::<4>()?;
    let (length, rest) = rest.split_first_chunk::<8>()?;
    let length = usize::try_from(u64::from_be_bytes(*length)).ok()?;
    Some(IndexEntry {
        number: u32::from_be_bytes(*number),
        length,
        hash: rest.try_into().ok()?,
    })
}

fn message<M: Message + Default>(section: Bytes) -> Result<M, FormatError> {
    let length = section.len();
    let message = M::decode(section).map_err(|error| FormatError::Undecodable(error.to_string()))?;
    let known = message.encoded_len();
    if known == length {
        Ok(message)
    } else {
        Err(FormatError::UnknownFields { length, known })
    }
}

fn state_hash(index: &[(u32, [u8; 32])]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    index.iter().for_each(|(_, hash)| hasher.update(hash));
    hasher.finalize().into()
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

fn corrupt(what: &str) -> FormatError {
    FormatError::Corrupt(what.to_owned())
}

#[cfg(test)]
mod tests;
