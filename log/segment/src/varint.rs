//! Unsigned LEB128 of 32 bits: seven bits a byte, least first. Only the shortest form is written and read, so that an
//! index has one encoding.

use bytes::{BufMut, BytesMut};

use crate::SegmentError;

pub(crate) fn write(into: &mut BytesMut, mut value: u32) {
    while value >= 0x80 {
        into.put_u8((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    into.put_u8(value as u8);
}

/// Takes a number off the front of `from`.
pub(crate) fn read(from: &mut &[u8]) -> Result<u32, SegmentError> {
    let mut value = 0_u64;
    for shift in (0..35).step_by(7) {
        let (byte, rest) = from.split_first().ok_or(SegmentError::Index("cut short"))?;
        *from = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            if *byte == 0 && shift > 0 {
                return Err(SegmentError::Index("number not in its shortest form"));
            }
            return u32::try_from(value).map_err(|_| SegmentError::Index("number out of range"));
        }
    }
    Err(SegmentError::Index("number out of range"))
}

#[cfg(test)]
mod tests;
