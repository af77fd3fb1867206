//! Who wrote a segment, so that it describes itself and a bucket can be compared with the ledger.

use bytes::{Buf, BufMut, BytesMut};

use crate::format::IDENTITY_BYTES;

/// Which segment it is. The number of the attempt to write it is left out: see `format.rs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SegmentId {
    /// The cluster.
    pub cluster: [u8; 16],
    /// The writer's life: position of its register entry, index in that entry, and the random number it chose.
    pub incarnation: (u64, u16, u64),
    /// The writer's number of the flush.
    pub flush: u64,
}

impl SegmentId {
    pub(crate) fn write(&self, into: &mut BytesMut) {
        into.put_slice(&self.cluster);
        let (position, index, nonce) = self.incarnation;
        into.put_u64(position);
        into.put_u16(index);
        into.put_u64(nonce);
        into.put_u64(self.flush);
    }

    pub(crate) fn read(bytes: &[u8; IDENTITY_BYTES]) -> Self {
        let mut from = &bytes[..];
        let mut cluster = [0; 16];
        from.copy_to_slice(&mut cluster);
        let incarnation = (from.get_u64(), from.get_u16(), from.get_u64());
        Self {
            cluster,
            incarnation,
            flush: from.get_u64(),
        }
    }
}
