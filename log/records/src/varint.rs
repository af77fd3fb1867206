//! The variable-length integers inside records: zigzag, seven bits a byte, least first. Only the shortest form is
//! written, and only it is read. It knows no fields.

use bytes::BufMut;

use crate::RecordFault;

/// Reads a 32-bit integer at `at`, which moves behind it.
pub(crate) fn read_i32(bytes: &[u8], at: &mut usize) -> Result<i32, RecordFault> {
    let raw = u32::try_from(read(bytes, at, 32)?).map_err(|_| RecordFault::Varint)?;
    Ok((raw >> 1).cast_signed() ^ -(raw & 1).cast_signed())
}

/// Reads a 64-bit integer at `at`, which moves behind it.
pub(crate) fn read_i64(bytes: &[u8], at: &mut usize) -> Result<i64, RecordFault> {
    let raw = read(bytes, at, 64)?;
    Ok((raw >> 1).cast_signed() ^ -(raw & 1).cast_signed())
}

fn read(bytes: &[u8], at: &mut usize, bits: u32) -> Result<u64, RecordFault> {
    let mut value = 0;
    let mut shift = 0;
    loop {
        let byte = *bytes.get(*at).ok_or(RecordFault::Truncated)?;
        let low = u64::from(byte & 0x7f);
        if shift + (u64::BITS - low.leading_zeros()) > bits {
            return Err(RecordFault::Varint);
        }
        *at += 1;
        value |= low << shift;
        if byte & 0x80 == 0 {
            // A last byte of zero says nothing, so a shorter form exists.
            return if low == 0 && shift > 0 {
                Err(RecordFault::Varint)
            } else {
                Ok(value)
            };
        }
        shift += 7;
        if shift >= bits {
            return Err(RecordFault::Varint);
        }
    }
}

/// Writes `value` in its shortest form; 32-bit integers have the same one.
pub(crate) fn write(into: &mut impl BufMut, value: i64) {
    let mut rest = zigzag(value);
    while rest >= 0x80 {
        into.put_u8((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    into.put_u8(rest as u8);
}

/// Bytes that [`write`] takes for `value`.
pub(crate) fn len_bytes(value: i64) -> usize {
    let bits = u64::BITS - (zigzag(value) | 1).leading_zeros();
    bits.div_ceil(7) as usize
}

fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

#[cfg(test)]
mod tests;
