//! The body of a ledger entry: encoding, and decoding that drops nothing in silence. Knows neither the envelope around
//! it nor what any proposal does.
//!
//! ```text
//! body = Protocol Buffers message tidelog.entry.Body (proto/entry.proto)
//!        1 format     varint, FORMAT
//!        2 feature    varint, the feature level a fold must have
//!        3 proposals  repeated messages, judged in the order in which they stand
//! ```
//!
//! Protocol Buffers skip fields they do not know. A fold that skipped one would differ from its neighbours for ever, so
//! a decoder here also asks that what it understood encodes to exactly as many bytes as it was given.

use bytes::Bytes;
use prost::Message;

mod generated {
    #![expect(missing_docs, reason = "the fields are described in proto/entry.proto")]
    include!(concat!(env!("OUT_DIR"), "/tidelog.entry.rs"));
}

pub use generated::*;

/// The version of the body format that this build writes and reads.
pub const FORMAT: u32 = 1;

/// The highest feature level whose proposals this build understands.
pub const FEATURE_LEVEL: u32 = 1;

/// Most proposals in one body: their index is part of names and stands in sixteen bits.
pub const PROPOSALS_PER_BODY_MAX: usize = 1 << 16;

/// Why bytes are not what they should be. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// The bytes are no message of the format at all.
    #[error("undecodable: {0}")]
    Undecodable(String),
    /// The bytes hold fields that this build does not know, or are written in a way that its own encoder never uses.
    #[error("{length} bytes were given, of which {known} are understood")]
    UnknownFields {
        /// Bytes that were given.
        length: usize,
        /// Bytes to which what was understood encodes.
        known: usize,
    },
    /// The format's version is not one that this build reads.
    #[error("format version {0} is not known")]
    Version(u32),
    /// A newer build is needed.
    #[error("needs feature level {needed}, this build has {FEATURE_LEVEL}")]
    NeedsFeature {
        /// The level asked for.
        needed: u32,
    },
    /// More proposals than an index can name.
    #[error("{0} proposals in one body")]
    TooManyProposals(usize),
    /// The parts of a snapshot do not fit together.
    #[error("corrupt: {0}")]
    Corrupt(String),
}

/// A body of this build's format around `proposals`.
pub fn body(proposals: Vec<Proposal>) -> Body {
    Body {
        format: FORMAT,
        feature: FEATURE_LEVEL,
        proposals,
    }
}

/// The bytes of a body.
pub fn encode_body(body: &Body) -> Bytes {
    body.encode_to_vec().into()
}

/// How many bytes a proposal takes in a body, with what frames it there.
pub fn proposal_bytes(proposal: &Proposal) -> usize {
    let length = proposal.encoded_len();
    1 + prost::length_delimiter_len(length) + length
}

/// Reads a body; inline bytes are slices of `bytes`, not copies.
///
/// # Errors
/// [`FormatError`] when the bytes are damaged, of another version, or hold anything that this build does not know.
pub fn decode_body(bytes: Bytes) -> Result<Body, FormatError> {
    let length = bytes.len();
    let body = Body::decode(bytes).map_err(|error| FormatError::Undecodable(error.to_string()))?;
    check_versions(&body)?;
    let known = body.encoded_len();
    if known != length {
        return Err(FormatError::UnknownFields { length, known });
    }
    Ok(body)
}

/// What must hold of a body before a proposal of it is judged. Versions are looked at before unknown fields, so that a
/// newer body is told by its version.
pub(crate) fn check_versions(body: &Body) -> Result<(), FormatError> {
    if body.format != FORMAT {
        return Err(FormatError::Version(body.format));
    }
    if body.feature > FEATURE_LEVEL {
        return Err(FormatError::NeedsFeature { needed: body.feature });
    }
    if body.proposals.len() > PROPOSALS_PER_BODY_MAX {
        return Err(FormatError::TooManyProposals(body.proposals.len()));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
