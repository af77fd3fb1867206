//! The last offset of each key. Keys are known by a hash that nobody finds two of.

use hashbrown::HashMap;
use lake::WriteSettings;
use metadata::PartitionId;
use records::Batch;
use rustc_hash::FxBuildHasher;
use sha2::{Digest as _, Sha256};

use crate::run::read::Moved;

/// The first half of SHA-256.
type KeyHash = [u8; 16];

/// The last offset of each key of some partitions, of no more keys than there may be.
#[derive(Debug)]
pub(super) struct Latest {
    keys_max: usize,
    full: bool,
    by_key: HashMap<(PartitionId, KeyHash), u64, FxBuildHasher>,
}

impl Latest {
    /// None yet.
    pub(super) fn new(keys_max: usize) -> Latest {
        Latest {
            keys_max: keys_max.max(1),
            full: false,
            by_key: HashMap::default(),
        }
    }

    /// Whether there was a key too many.
    pub(super) fn is_full(&self) -> bool {
        self.full
    }

    /// Notes a partition's records from an offset on. The first offset that was not noted, if there was no room for its key.
    pub(super) fn note(&mut self, partition: PartitionId, batches: &[Moved], from: u64) -> Option<u64> {
        let limits = WriteSettings::default().batch_limits;
        for batch in batches {
            // What cannot be told is kept whole, and has no keys that anybody knows.
            let walk = Batch::stored(batch.bytes.clone()).and_then(|batch| records::walk(&batch, &limits));
            let Ok(records) = walk else { continue };
            let Ok(records) = records.collect::<Result<Vec<_>, _>>() else {
                continue;
            };
            for record in records {
                let offset = batch.base_offset + u64::try_from(record.offset_delta).unwrap_or(0);
                let Some(key) = record.key.filter(|_| offset >= from) else {
                    continue;
                };
                let key = (partition, hash(&key));
                if self.by_key.len() >= self.keys_max && !self.by_key.contains_key(&key) {
                    self.full = true;
                    return Some(offset);
                }
                self.by_key.insert(key, offset);
            }
        }
        None
    }

    /// Whether a record behind this offset has the key.
    pub(super) fn has_later(&self, partition: PartitionId, key: &[u8], offset: u64) -> bool {
        let last = self.by_key.get(&(partition, hash(key)));
        last.is_some_and(|last| *last > offset)
    }
}

fn hash(key: &[u8]) -> KeyHash {
    let mut first = KeyHash::default();
    for (to, from) in first.iter_mut().zip(Sha256::digest(key)) {
        *to = from;
    }
    first
}
