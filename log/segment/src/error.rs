//! Why bytes are not a segment.

/// Why a segment could not be opened or read. Opening changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SegmentError {
    /// The index begins before the bytes that were given: read this many from the end of the object.
    #[error("the last {bytes} bytes of the object are needed")]
    NeedMore {
        /// Bytes counted from the end of the object.
        bytes: u64,
    },
    /// The object is smaller than any segment, or not as long as it says.
    #[error("object of {object_bytes} bytes, a segment of {expected} was expected")]
    Length {
        /// Bytes of the object.
        object_bytes: u64,
        /// Bytes it says it has, or the fewest a segment can have.
        expected: u64,
    },
    /// Magic bytes are missing at the start or the end.
    #[error("not a segment: no magic in the {part}")]
    Magic {
        /// Header or tail.
        part: &'static str,
    },
    /// A format that this version does not read.
    #[error("segment format version {0} is not supported, only 1 is")]
    Version(u16),
    /// The bytes are not those the writer made.
    #[error("checksum of the {part} does not fit")]
    Checksum {
        /// Index or tail.
        part: &'static str,
    },
    /// The checksums fit but the index contradicts itself: it was written wrongly.
    #[error("malformed index: {0}")]
    Index(&'static str),
    /// The bytes of a run are not those the writer made.
    #[error("run of topic {topic}, partition {partition}, is damaged")]
    Run {
        /// The topic's number.
        topic: u32,
        /// The partition.
        partition: u32,
    },
}
