//! Who wrote a segment, so that it describes itself and a bucket can be compared with the ledger.

use bytes::{Buf, BufMut, BytesMut};

use crate::format::IDENTITY_BYTES;

/// One life of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Incarnation {
    /// Position of its register entry in the ledger.
    pub position: u64,
    /// Index of the register in that entry.
    pub index: u16,
    /// The random number it chose.
    pub nonce: u64,
}

/// Which segment it is. The number of the attempt to write it is left out: see `format.rs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SegmentId {
    /// The cluster.
    pub cluster: [u8; 16],
    /// The writer.
    pub incarnation: Incarnation,
    /// The writer's number of the flush.
    pub flush: u64,
}

impl SegmentId {
    pub(crate) fn write(&self, into: &mut BytesMut) {
        into.put_slice(&self.cluster);
        into.put_u64(self.incarnation.position);
        into.put_u16(self.incarnation.index);
        into.put_u64(self.incarnation.nonce);
        into.put_u64(self.flush);
    }

    pub(crate) fn read(bytes: &[u8; IDENTITY_BYTES]) -> Self {
        let mut from = &bytes[..];
        let mut cluster = [0; 16];
        from.copy_to_slice(&mut cluster);
        let incarnation = Incarnation {
            position: from.get_u64(),
            index: from.get_u16(),
            nonce: from.get_u64(),
        };
        Self {
            cluster,
            incarnation,
            flush: from.get_u64(),
        }
    }
}
