//! gzip: one or more members, level 6 on writing.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::bufread::MultiGzDecoder;
use flate2::write::GzEncoder;

use super::{Codec, CodecError, corrupt, make_room};

const STEP_BYTES: usize = 16 * 1024;

pub(super) fn inflate(input: &[u8], cap: usize) -> Result<Vec<u8>, CodecError> {
    let mut decoder = MultiGzDecoder::new(input);
    let mut out = Vec::new();
    loop {
        let room = STEP_BYTES.max(out.len()).min(cap - out.len());
        if room == 0 {
            return at_the_cap(&mut decoder, out, cap);
        }
        let start = out.len();
        make_room(&mut out, start + room, cap);
        let read = decoder
            .by_ref()
            .take(room as u64)
            .read_to_end(&mut out)
            .map_err(|e| corrupt(Codec::Gzip, e))?;
        if read < room {
            return Ok(out);
        }
    }
}

/// Whether the stream, too, ends where the cap is.
fn at_the_cap(decoder: &mut impl Read, out: Vec<u8>, cap: usize) -> Result<Vec<u8>, CodecError> {
    match decoder.read(&mut [0]) {
        Ok(0) => Ok(out),
        Ok(_) => Err(CodecError::TooLarge { cap }),
        Err(e) => Err(corrupt(Codec::Gzip, e)),
    }
}

pub(super) fn compress(input: &[u8]) -> Result<Vec<u8>, CodecError> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(input.len() / 2 + 32), Compression::new(6));
    encoder
        .write_all(input)
        .and_then(|()| encoder.finish())
        .map_err(|e| corrupt(Codec::Gzip, e))
}
