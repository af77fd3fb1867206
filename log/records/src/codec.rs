//! The codecs of record batches in Kafka's framings: gzip and zstd plain, snappy in xerial's chunks (or raw, on
//! reading), lz4 in its frame format. Inflating never makes more than the cap, whatever the input claims. It does not
//! know what it inflates.

use bytes::Bytes;

mod gzip;
mod lz4;
mod snappy;
mod zstd;

/// How the records of a batch are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Codec {
    /// Not at all.
    #[default]
    None,
    /// gzip.
    Gzip,
    /// Snappy.
    Snappy,
    /// LZ4.
    Lz4,
    /// Zstandard.
    Zstd,
}

impl Codec {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 5] = [Self::None, Self::Gzip, Self::Snappy, Self::Lz4, Self::Zstd];

    /// The codec with `number` in the attributes of a batch.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// Its number in the attributes of a batch.
    #[must_use]
    pub fn number(self) -> u8 {
        self as u8
    }

    /// Its name as in Kafka's `compression.type`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Snappy => "snappy",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        }
    }
}

/// Why bytes could not be inflated or compressed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CodecError {
    /// Not what the codec makes, or cut short.
    #[error("{}: {reason}", codec.name())]
    Corrupt {
        /// The codec.
        codec: Codec,
        /// What is wrong.
        reason: String,
    },
    /// More than the caller allows, now or by the input's own claim.
    #[error("inflates to more than {cap} bytes")]
    TooLarge {
        /// The cap, in bytes.
        cap: usize,
    },
}

fn corrupt(codec: Codec, reason: impl Into<Box<dyn std::error::Error>>) -> CodecError {
    CodecError::Corrupt {
        codec,
        reason: reason.into().to_string(),
    }
}

/// Inflates `input` to at most `cap` bytes.
///
/// # Errors
/// `Corrupt`; `TooLarge` as soon as the cap is known to be passed.
pub fn inflate(codec: Codec, input: &[u8], cap: usize) -> Result<Bytes, CodecError> {
    if codec == Codec::None {
        let fits = input.len() <= cap;
        return if fits {
            Ok(Bytes::copy_from_slice(input))
        } else {
            Err(CodecError::TooLarge { cap })
        };
    }
    if input.is_empty() {
        return Err(corrupt(codec, "no bytes"));
    }
    let inflated = match codec {
        Codec::None | Codec::Gzip => gzip::inflate(input, cap)?,
        Codec::Snappy => snappy::inflate(input, cap)?,
        Codec::Lz4 => lz4::inflate(input, cap)?,
        Codec::Zstd => zstd::inflate(input, cap)?,
    };
    Ok(Bytes::from(inflated))
}

/// Compresses `input` in the framing that Kafka's clients read.
///
/// # Errors
/// `Corrupt`, if the codec itself fails (out of memory).
pub fn compress(codec: Codec, input: &[u8]) -> Result<Bytes, CodecError> {
    let compressed = match codec {
        Codec::None => return Ok(Bytes::copy_from_slice(input)),
        Codec::Gzip => gzip::compress(input)?,
        Codec::Snappy => snappy::compress(input)?,
        Codec::Lz4 => lz4::compress(input)?,
        Codec::Zstd => zstd::compress(input)?,
    };
    Ok(Bytes::from(compressed))
}

/// Makes room for `need` bytes in all, which is at most `cap`: doubles as a vector does, but not beyond the cap.
fn make_room(out: &mut Vec<u8>, need: usize, cap: usize) {
    if out.capacity() < need {
        let target = out.capacity().saturating_mul(2).clamp(need, cap.max(need));
        out.reserve_exact(target - out.len());
    }
}

#[cfg(test)]
mod tests;
