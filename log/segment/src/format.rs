//! How a segment lies in its object. Fixed-width integers are big-endian; varints are unsigned LEB128 of at most 64 bits in
//! their shortest form.
//!
//! ```text
//! +--------+---------+---------+-----+---------+-------+------+
//! | header |  run 0  |  run 1  | ... |  run n  | index | tail |
//! +--------+---------+---------+-----+---------+-------+------+
//!
//! header, 8 bytes
//!    0  6  magic "TIDSEG"
//!    6  2  format version, 1
//!
//! run: the batches of one (topic, partition), in the order they were added, nothing between them. Runs are sorted by
//!      (topic, partition) and begin behind the header, nothing between them.
//!
//! index
//!    0 16  cluster id
//!   16  8  incarnation: position of the register entry
//!   24  2  incarnation: index in that entry
//!   26  8  incarnation: nonce
//!   34  8  flush
//!   42     varint: number of runs, then for each run
//!            varint   topic less that of the run before (0 for the first)
//!            varint   partition; if the topic is that of the run before: partition less the one before, less 1
//!            4 bytes  CRC-32C of the run
//!            varint   number of batches, at least 1, then for each batch
//!              varint   bytes, at least 1
//!              varint   records, of 32 bits
//!
//! tail, 32 bytes
//!    0  8  bytes of the object, tail included
//!    8  8  bytes of the index
//!   16  4  CRC-32C of the index
//!   20  2  format version, 1
//!   22  4  CRC-32C of the tail's bytes 0..22
//!   26  6  magic "tidseg"
//! ```
//!
//! Every byte stands under a checksum or must have one value, so every flipped bit is found: those of the index and the
//! tail on opening, those of a run by whoever reads it, all of them by `verify_whole`. Starts are not stored: they follow
//! from the lengths, and what follows must end where the index begins.
//!
//! The number of the attempt to write the object is not in it. A hedged put writes the same bytes a second time under a
//! second name, so one build serves both; which attempt counts is what the ledger says, and the name tells the rest.

use bytes::{BufMut, BytesMut};

/// Bytes of the header.
pub const HEADER_BYTES: u64 = 8;
/// Bytes of the tail.
pub const TAIL_BYTES: u64 = 32;
/// Bytes from the end of an object that a first read of it should ask for: enough for the index of most segments.
pub const OPEN_BYTES: u64 = 64 * 1024;

pub(crate) const VERSION: u16 = 1;
pub(crate) const HEADER: [u8; HEADER_BYTES as usize] = *b"TIDSEG\x00\x01";
pub(crate) const TAIL_CHECKED_BYTES: usize = 22;
pub(crate) const TAIL_MAGIC: [u8; 6] = *b"tidseg";
/// Bytes of the index before its number of runs.
pub(crate) const IDENTITY_BYTES: usize = 42;
/// Fewest bytes of a run in the index: topic, partition, checksum, number of batches, one batch.
pub(crate) const INDEX_RUN_BYTES_MIN: usize = 1 + 1 + 4 + 1 + INDEX_BATCH_BYTES_MIN;
/// Fewest bytes of a batch in the index.
pub(crate) const INDEX_BATCH_BYTES_MIN: usize = 2;

/// What the tail says, checked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tail {
    pub(crate) object_bytes: u64,
    pub(crate) index_bytes: u64,
    pub(crate) index_checksum: u32,
}

impl Tail {
    pub(crate) fn write(&self, into: &mut BytesMut) {
        let start = into.len();
        into.put_u64(self.object_bytes);
        into.put_u64(self.index_bytes);
        into.put_u32(self.index_checksum);
        into.put_u16(VERSION);
        let checksum = crc32c::crc32c(&into[start..]);
        into.put_u32(checksum);
        into.put_slice(&TAIL_MAGIC);
    }
}
