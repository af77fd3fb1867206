//! Requests full of random bytes, made before the clock runs.

use anyhow::Result;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use bytes::Bytes;
use clap::ValueEnum;
use records::{BatchBuilder, Codec};
use world::Chance;

/// How requests and answers are encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Encoding {
    /// Ready record batches, stored without decoding
    Batch,
    /// JSON lines
    Ndjson,
}

impl Encoding {
    /// The name in reports.
    pub(super) fn name(self) -> &'static str {
        match self {
            Encoding::Batch => "batch",
            Encoding::Ndjson => "ndjson",
        }
    }

    /// The media type of bodies and answers.
    pub(super) fn media_type(self) -> &'static str {
        match self {
            Encoding::Batch => "application/vnd.tidelog.batch",
            Encoding::Ndjson => "application/x-ndjson",
        }
    }
}

/// Random bytes of this length.
pub(super) fn random(chance: &Chance, length: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        bytes.extend_from_slice(&chance.u64().to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// A request body with this many records.
pub(super) fn body(encoding: Encoding, records: u32, record_bytes: usize, chance: &Chance) -> Result<Bytes> {
    match encoding {
        Encoding::Batch => {
            let mut batch = BatchBuilder::new(Codec::None, None);
            for _ in 0..records {
                batch.push(1_700_000_000_000, None, Some(&random(chance, record_bytes)), &[])?;
            }
            Ok(batch.build()?.into_bytes())
        }
        Encoding::Ndjson => {
            let mut lines = Vec::new();
            for _ in 0..records {
                lines.extend_from_slice(&json_line(record_bytes, chance));
                lines.push(b'\n');
            }
            Ok(Bytes::from(lines))
        }
    }
}

/// A JSON string of exactly this many bytes, quotes included.
fn json_line(bytes: usize, chance: &Chance) -> Vec<u8> {
    let text = BASE64.encode(random(chance, bytes));
    let inner = bytes.saturating_sub(2).min(text.len());
    format!("\"{}\"", &text[..inner]).into_bytes()
}

#[cfg(test)]
mod tests;
