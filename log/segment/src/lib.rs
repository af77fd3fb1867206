//! The object that holds record batches of many partitions: build and open.
//!
//! Pure: bytes in, bytes out. It knows batches only as bytes with a number of records, topics only as numbers, and no
//! offsets. The format is drawn in `format.rs`. Whatever the input, it answers with an error and never panics; an index
//! in memory is at most eight times as large as its bytes.

mod builder;
mod error;
mod format;
mod identity;
mod index;
#[cfg(test)]
mod sample;
mod varint;
mod whole;

pub use builder::{Added, Built, SegmentBuilder};
pub use error::SegmentError;
pub use format::{HEADER_BYTES, OPEN_BYTES, TAIL_BYTES};
pub use identity::SegmentId;
pub use index::{Index, Located, PlacedBatch, Run};
pub use whole::verify_whole;
