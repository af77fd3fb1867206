//! Unsigned LEB128: seven bits a byte, least first. Only the shortest form is written and read, so that an index has one
//! encoding.

use bytes::{BufMut, BytesMut};

use crate::SegmentError;

pub(crate) fn write(into: &mut BytesMut, mut value: u64) {
    while value >= 0x80 {
        into.put_u8((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    into.put_u8(value as u8);
}

/// Takes a number off the front of `from`.
pub(crate) fn read_u64(from: &mut &[u8]) -> Result<u64, SegmentError> {
    let mut value = 0;
    let mut shift = 0;
    loop {
        let (byte, rest) = from.split_first().ok_or(SegmentError::Index("cut short"))?;
        *from = rest;
        let low = u64::from(byte & 0x7f);
        if shift + (u64::BITS - low.leading_zeros()) > u64::BITS {
            return Err(SegmentError::Index("number out of range"));
        }
        value |= low << shift;
        if byte & 0x80 == 0 {
            return if low == 0 && shift > 0 {
                Err(SegmentError::Index("number not in its shortest form"))
            } else {
                Ok(value)
            };
        }
        shift += 7;
        if shift >= u64::BITS {
            return Err(SegmentError::Index("number out of range"));
        }
    }
}

/// Takes a number of at most 32 bits off the front of `from`.
pub(crate) fn read_u32(from: &mut &[u8]) -> Result<u32, SegmentError> {
    u32::try_from(read_u64(from)?).map_err(|_| SegmentError::Index("number out of range"))
}

#[cfg(test)]
mod tests;
