//! How large a batch may be, as it lies and inflated. It does not know which topic set the limits.

/// Payloads that inflate to no more than this are not held against the ratio: small and very even ones are common.
const INFLATE_RATIO_FLOOR_BYTES: usize = 1024 * 1024;

/// The limits that reading a batch respects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Largest batch with its header, in bytes (Kafka's `max.message.bytes`).
    pub batch_bytes_max: usize,
    /// Most bytes that the records of one batch may inflate to.
    pub inflate_bytes_max: usize,
    /// Most inflated bytes per compressed byte, judged beyond the first MiB.
    pub inflate_ratio_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            batch_bytes_max: 1_048_588,
            inflate_bytes_max: 64 * 1024 * 1024,
            inflate_ratio_max: 256,
        }
    }
}

impl Limits {
    /// The most bytes that `compressed_bytes` may inflate to.
    #[must_use]
    pub fn inflate_cap_bytes(&self, compressed_bytes: usize) -> usize {
        let by_ratio = compressed_bytes
            .saturating_mul(self.inflate_ratio_max)
            .max(INFLATE_RATIO_FLOOR_BYTES);
        by_ratio.min(self.inflate_bytes_max)
    }
}
