//! The hash that spreads keyed records over partitions, as Kafka's Java client computes it
//! (`org.apache.kafka.common.utils.Utils.murmur2`), so that records of both kinds of client meet in one partition.

const SEED: u32 = 0x9747_b28c;
const MULTIPLIER: u32 = 0x5bd1_e995;
const SHIFT: u32 = 24;

/// Kafka's murmur2 of `key`.
#[must_use]
pub fn murmur2(key: &[u8]) -> i32 {
    // Java's length is an i32; a longer key cannot be in a record, and wraps here.
    let mut hash = SEED ^ key.len() as u32;
    let (words, tail) = key.as_chunks::<4>();
    for word in words {
        let mut k = u32::from_le_bytes(*word).wrapping_mul(MULTIPLIER);
        k = (k ^ (k >> SHIFT)).wrapping_mul(MULTIPLIER);
        hash = hash.wrapping_mul(MULTIPLIER) ^ k;
    }
    if !tail.is_empty() {
        let last = tail.iter().rev().fold(0, |word, byte| (word << 8) | u32::from(*byte));
        hash = (hash ^ last).wrapping_mul(MULTIPLIER);
    }
    hash = (hash ^ (hash >> 13)).wrapping_mul(MULTIPLIER);
    (hash ^ (hash >> 15)).cast_signed()
}

/// The partition of `key` among `partitions`: `toPositive(murmur2(key)) % partitions`. With no partitions it is 0.
#[must_use]
pub fn partition_for_key(key: &[u8], partitions: u32) -> u32 {
    let positive = murmur2(key).cast_unsigned() & 0x7fff_ffff;
    positive.checked_rem(partitions).unwrap_or(0)
}

#[cfg(test)]
mod tests;
