//! Kafka record batches, version 2: read, verify, patch, build and walk.
//!
//! Pure: bytes in, bytes out. It knows no topics, no partitions and no assigned offsets; it does no I/O and reads no
//! clock. Whatever the input, it answers with an error and never panics, and allocates no more than eight times the
//! input and 64 KiB beyond [`Limits::inflate_bytes_max`], not counting the fixed working state of a codec.

mod batch;
mod builder;
mod codec;
mod error;
mod header;
mod limits;
mod murmur2;
mod record;
mod varint;

pub use batch::{Batch, Split, SplitChecked, patch, patched_prefix, set_log_append_time, split, split_checked};
pub use builder::{BatchBuilder, BuildError, Producer};
pub use codec::{Codec, CodecError, compress, inflate};
pub use error::{BatchError, BatchErrorKind, RecordFault};
pub use header::{Attributes, BatchHeader, HEADER_BYTES, PREFIX_BYTES, TimestampType};
pub use limits::Limits;
pub use murmur2::{murmur2, partition_for_key};
pub use record::{Headers, HeadersIter, Record, RecordIter, first_keyless, walk};
