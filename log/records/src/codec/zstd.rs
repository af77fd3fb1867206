//! Zstandard, level 3 on writing. Frames are inflated in one call straight into the output, so that no window has to be
//! allocated: a header may claim one of gigabytes.

use ::zstd::zstd_safe::{DCtx, get_error_name, get_frame_content_size};

use super::{Codec, CodecError, corrupt, make_room};

const LEVEL: i32 = 3;
/// `ZSTD_error_dstSize_tooSmall`, negated: `zstd_errors.h` pins the numbers below 100 for ever.
const OUTPUT_TOO_SMALL: usize = 0_usize.wrapping_sub(70);
const GUESS_BYTES_MIN: usize = 16 * 1024;
/// Frames of streams do not say how long they are, so the output is guessed. A guess that was too small costs a third of
/// the work again, all of them together.
const GUESS_FACTOR: usize = 4;

pub(super) fn inflate(input: &[u8], cap: usize) -> Result<Vec<u8>, CodecError> {
    let claimed = get_frame_content_size(input).map_err(|_| corrupt(Codec::Zstd, "not a frame"))?;
    let mut guess = match claimed.map(usize::try_from) {
        Some(Ok(bytes)) if bytes <= cap => bytes,
        Some(_) => return Err(CodecError::TooLarge { cap }),
        None => input.len().saturating_mul(GUESS_FACTOR).max(GUESS_BYTES_MIN).min(cap),
    };
    let mut context = DCtx::try_create().ok_or_else(|| corrupt(Codec::Zstd, "out of memory"))?;
    loop {
        let mut out = Vec::new();
        make_room(&mut out, guess, cap);
        match context.decompress(&mut out, input) {
            Ok(_) if out.len() <= cap => return Ok(out),
            Err(OUTPUT_TOO_SMALL) if guess < cap => {
                guess = guess.saturating_mul(GUESS_FACTOR).max(GUESS_BYTES_MIN).min(cap)
            }
            Ok(_) | Err(OUTPUT_TOO_SMALL) => return Err(CodecError::TooLarge { cap }),
            Err(code) => return Err(corrupt(Codec::Zstd, get_error_name(code))),
        }
    }
}

pub(super) fn compress(input: &[u8]) -> Result<Vec<u8>, CodecError> {
    ::zstd::bulk::compress(input, LEVEL).map_err(|e| corrupt(Codec::Zstd, e))
}
