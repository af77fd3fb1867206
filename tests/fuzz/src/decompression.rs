//! The codecs of record batches: whatever the input claims, no more comes out than the cap allows, and what is compressed
//! here comes back.
//!
//! The first byte chooses the codec, the second the cap, the rest is the compressed input. An LZ4 frame is tried once
//! more with its header's checksum put right.

use bytes::Bytes;
use records::{Codec, CodecError, Limits};
use twox_hash::XxHash32;

use crate::input::Input;
use crate::memory::peak_bytes;

/// Fixed state of a codec, and what the room documents beyond its factors.
const FLOOR_BYTES: usize = 256 << 10;
/// So that a bomb passes quickly.
const INFLATE_BYTES_MAX: usize = 4 << 20;
const LZ4_MAGIC: [u8; 4] = [0x04, 0x22, 0x4d, 0x18];

pub(crate) fn check(data: &[u8]) {
    let mut input = Input::new(data);
    let codec = Codec::ALL[usize::from(input.u8()) % Codec::ALL.len()];
    let choice = input.u8();
    let compressed = input.rest();
    let limits = Limits {
        inflate_bytes_max: INFLATE_BYTES_MAX,
        ..Limits::default()
    };
    let cap = match choice % 8 {
        0 => limits.inflate_cap_bytes(compressed.len()),
        1 => 0,
        2 => 1,
        3 => usize::from(choice),
        4 => 64 << 10,
        5 => compressed.len(),
        6 => compressed.len() * 4,
        _ => INFLATE_BYTES_MAX,
    };
    inflated(codec, compressed, cap);
    if codec == Codec::Lz4
        && let Some(sealed) = sealed(compressed)
    {
        inflated(codec, &sealed, cap);
    }
    comes_back(codec, compressed);
}

/// The first frame of an LZ4 input with the checksum of its header.
fn sealed(compressed: &[u8]) -> Option<Vec<u8>> {
    let flags = *compressed.get(4).filter(|_| compressed.starts_with(&LZ4_MAGIC))?;
    let end = if flags & 0b1000 == 0 { 6 } else { 14 };
    let checksum = XxHash32::oneshot(0, compressed.get(4..end)?).to_be_bytes()[2];
    let mut sealed = compressed.to_vec();
    *sealed.get_mut(end)? = checksum;
    Some(sealed)
}

fn inflated(codec: Codec, compressed: &[u8], cap: usize) {
    let (made, peak) = peak_bytes(|| records::inflate(codec, compressed, cap));
    // Growing by doubling holds the old room beside the new.
    let bound = FLOOR_BYTES + 8 * compressed.len() + cap / 2 * 3;
    assert!(
        peak <= bound,
        "{}: {peak} bytes are taken for {}, at most {bound} may be",
        codec.name(),
        compressed.len()
    );
    match made {
        Ok(made) => {
            assert!(made.len() <= cap, "{}: {} of {cap} bytes", codec.name(), made.len());
            fits_exactly(codec, compressed, &made);
            if codec == Codec::Lz4 {
                as_another_reader_does(compressed, &made);
            }
        }
        Err(CodecError::TooLarge { cap: told }) => assert_eq!(told, cap),
        Err(_) => {}
    }
}

/// The cap is the length of what comes out, no more and no less.
fn fits_exactly(codec: Codec, compressed: &[u8], made: &Bytes) {
    let exactly = records::inflate(codec, compressed, made.len());
    assert_eq!(exactly.as_ref(), Ok(made), "{}: at its own length", codec.name());
    if let Some(cap) = made.len().checked_sub(1) {
        let short = records::inflate(codec, compressed, cap);
        assert_eq!(short, Err(CodecError::TooLarge { cap }), "{}", codec.name());
    }
}

/// Where the codec's own reader of frames reads the frame, too, it reads the same.
fn as_another_reader_does(compressed: &[u8], made: &Bytes) {
    let mut other = Vec::new();
    let mut reader = lz4_flex::frame::FrameDecoder::new(compressed);
    let limit = made.len() as u64 + 1;
    if std::io::Read::read_to_end(&mut std::io::Read::take(&mut reader, limit), &mut other).is_ok() {
        // It reads the first frame alone.
        assert!(
            made.starts_with(&other),
            "lz4: {} bytes there, {} here",
            other.len(),
            made.len()
        );
    }
}

fn comes_back(codec: Codec, text: &[u8]) {
    let compressed = records::compress(codec, text).expect("there is memory");
    if compressed.is_empty() {
        assert_eq!((codec, text.len()), (Codec::None, 0));
        return;
    }
    let back = records::inflate(codec, &compressed, text.len());
    assert_eq!(back.as_deref(), Ok(text), "{}", codec.name());
}
