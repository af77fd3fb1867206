//! Chains of hashes over prefixes, compared with the chain over what is known to lie there.

use sha2::{Digest as _, Sha256};

use super::book::Book;
use super::ends::Ends;
use crate::anomaly::Kind;

/// A chain over records: who reads on needs no more than this. See [`crate::lines`] for what it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Chain([u8; 32]);

impl Chain {
    /// Takes in the next record.
    pub fn add(&mut self, offset: u64, value: &str) {
        let hash = Sha256::new_with_prefix(self.0);
        self.0 = hash
            .chain_update(offset.to_be_bytes())
            .chain_update(value)
            .finalize()
            .into();
    }

    /// 64 hexadecimal digits.
    pub fn hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// What somebody said of a prefix.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Said {
    pub(crate) key: u32,
    pub(crate) from: u64,
    pub(crate) end: u64,
    pub(crate) hash: String,
    pub(crate) line: u32,
}

/// Judges all prefixes. How many cannot be judged, for a record in them is known to nobody else.
pub(crate) fn judge(book: &mut Book, ends: &Ends, mut said: Vec<Said>) -> u64 {
    said.sort_unstable();
    let mut unjudged = 0;
    for same in said.chunk_by(|one, two| (one.key, one.from) == (two.key, two.from)) {
        unjudged += from_one_offset(book, ends, same);
    }
    unjudged
}

fn from_one_offset(book: &mut Book, ends: &Ends, said: &[Said]) -> u64 {
    let (Some(first), Some(last)) = (said.first(), said.last()) else {
        return 0;
    };
    let Book {
        keys,
        names,
        logs,
        found,
        ..
    } = book;
    let (key, name) = (first.key, keys.name(first.key));
    // Where offsets may have no record, only those who read everything at the end know which have.
    let sparse = keys.has_holes(key);
    let known_until = ends.of(key).map(|read| read.end).max().unwrap_or(0);
    let mut records = logs[key as usize].within(first.from..last.end).peekable();
    let (mut chain, mut next, mut dense, mut unjudged) = (Chain::default(), first.from, true, 0);
    for one in said {
        while let Some(record) = records.next_if(|record| record.offset < one.end) {
            dense &= record.offset == next;
            next = record.offset + 1;
            chain.add(record.offset, names.text(record.value));
        }
        let whole = if sparse {
            one.end <= known_until && !keys.is_compacted(key)
        } else {
            dense && next == one.end
        };
        let hash = chain.hex();
        if !whole {
            unjudged += 1;
        } else if hash != one.hash {
            found.add(Kind::PrefixHash, &[one.line], &[], || {
                let (from, end) = (one.from, one.end);
                format!("{name} from {from} to {end} was read as {}, and is {hash}", one.hash)
            });
        }
    }
    unjudged
}
