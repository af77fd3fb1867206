//! Snappy in the framing of snappy-java ("xerial"), or raw.
//!
//! ```text
//! 82 'S' 'N' 'A' 'P' 'P' 'Y' 00 | version i32 | oldest compatible version i32
//! then chunks: length i32, big-endian | raw snappy of at most 32 KiB (on writing)
//! ```

use super::{Codec, CodecError, corrupt, make_room};

const MAGIC: [u8; 8] = *b"\x82SNAPPY\0";
const FRAME_HEADER_BYTES: usize = 16;
const CHUNK_BYTES: usize = 32 * 1024;
/// Three bytes of raw snappy make at most 64: anything that claims more lies.
const EXPANSION_MAX: usize = 22;

pub(super) fn inflate(input: &[u8], cap: usize) -> Result<Vec<u8>, CodecError> {
    let mut out = Vec::new();
    if !input.starts_with(&MAGIC) {
        inflate_raw(input, &mut out, cap)?;
        return Ok(out);
    }
    let mut rest = input
        .get(FRAME_HEADER_BYTES..)
        .ok_or_else(|| corrupt(Codec::Snappy, "header cut short"))?;
    while !rest.is_empty() {
        let (length, behind) = rest
            .split_first_chunk()
            .ok_or_else(|| corrupt(Codec::Snappy, "length cut short"))?;
        let length = u32::from_be_bytes(*length) as usize;
        let (chunk, behind) = behind
            .split_at_checked(length)
            .ok_or_else(|| corrupt(Codec::Snappy, "chunk cut short"))?;
        inflate_raw(chunk, &mut out, cap)?;
        rest = behind;
    }
    Ok(out)
}

fn inflate_raw(chunk: &[u8], out: &mut Vec<u8>, cap: usize) -> Result<(), CodecError> {
    if chunk.is_empty() {
        return Err(corrupt(Codec::Snappy, "empty chunk"));
    }
    let claimed = snap::raw::decompress_len(chunk).map_err(|e| corrupt(Codec::Snappy, e))?;
    if claimed > cap - out.len() {
        return Err(CodecError::TooLarge { cap });
    }
    if claimed > chunk.len().saturating_mul(EXPANSION_MAX) {
        return Err(corrupt(Codec::Snappy, "claims more than it can hold"));
    }
    let start = out.len();
    make_room(out, start + claimed, cap);
    out.resize(start + claimed, 0);
    let made = snap::raw::Decoder::new()
        .decompress(chunk, &mut out[start..])
        .map_err(|e| corrupt(Codec::Snappy, e))?;
    out.truncate(start + made);
    Ok(())
}

pub(super) fn compress(input: &[u8]) -> Result<Vec<u8>, CodecError> {
    let mut out = Vec::with_capacity(input.len() / 2 + 64);
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&[0, 0, 0, 1, 0, 0, 0, 1]);
    let mut encoder = snap::raw::Encoder::new();
    let mut chunk = vec![0; snap::raw::max_compress_len(CHUNK_BYTES.min(input.len()))];
    for part in input.chunks(CHUNK_BYTES) {
        let made = encoder
            .compress(part, &mut chunk)
            .map_err(|e| corrupt(Codec::Snappy, e))?;
        out.extend_from_slice(&(made as u32).to_be_bytes());
        out.extend_from_slice(&chunk[..made]);
    }
    Ok(out)
}
