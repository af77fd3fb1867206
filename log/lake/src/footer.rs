//! What a lake file says of itself, as JSON under a key of Parquet's own metadata: which offsets of which partitions it
//! covers, in which row groups, and the hash of their records. It does not know pages.

use std::ops::Range;

use parquet::file::metadata::KeyValue;
use serde::{Deserialize, Serialize};

use crate::LakeError;
use crate::checks::Checks;
use crate::counts::Counts;
use crate::error::unreadable;

/// The key in Parquet's metadata.
const KEY: &str = "tidelog";

/// The version of the format that is written, and the newest that is read.
const VERSION: u32 = 1;

/// A partition's part of a lake file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// The partition.
    pub partition: i32,
    /// The first offset that the file covers.
    pub base: i64,
    /// The last one, which may lie beyond the last row: records that were left out.
    pub last: i64,
    /// Rows, which is records, but that a batch kept whole is one.
    pub rows: u64,
    /// Batches.
    pub batches: u64,
    /// Greatest timestamp, in ms since 1970; of no rows `i64::MIN`.
    pub max_timestamp: i64,
    /// The row groups.
    pub groups: Range<usize>,
    /// SHA-256 over the records as a consumer is told of them, in hex.
    pub hash: String,
}

/// What a lake file says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Footer {
    version: u32,
    /// The topic's id.
    pub topic: String,
    /// The partitions, in rising order.
    pub parts: Vec<Part>,
    /// Nulls and such; the first files that there were do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    counts: Option<Counts>,
    /// By which declarations its typed columns were read; not said where it has none, nor in the first files that there were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    read_by: Option<String>,
    /// Where the rows end, in bytes.
    rows_end: u64,
    /// Bytes of a block; the first files that there were do not say.
    #[serde(default = "unsaid_block_bytes")]
    block_bytes: u64,
    /// The checksums of the blocks before, as base64.
    checks: String,
}

fn unsaid_block_bytes() -> u64 {
    32 << 10
}

impl Footer {
    pub(crate) fn new(topic: &str, parts: Vec<Part>, checks: &Checks, counts: Counts, read_by: Option<String>) -> Self {
        let (rows_end, block_bytes, checks) = checks.write();
        Self {
            rows_end,
            block_bytes,
            checks,
            counts: Some(counts),
            read_by,
            version: VERSION,
            topic: topic.to_owned(),
            parts,
        }
    }

    pub(crate) fn write(&self) -> Result<KeyValue, LakeError> {
        let json = serde_json::to_string(self).map_err(|error| unreadable(error.to_string()))?;
        Ok(KeyValue::new(KEY.to_owned(), json))
    }

    /// Reads what `write` wrote, and checks that it can be true of a file with so many row groups.
    pub(crate) fn read(metadata: Option<&Vec<KeyValue>>, groups: usize) -> Result<Self, LakeError> {
        let mut ours = metadata.into_iter().flatten().filter(|pair| pair.key == KEY);
        let json = ours.next().and_then(|pair| pair.value.as_deref());
        let json = json.ok_or_else(|| unreadable("it does not say what it covers"))?;
        let footer: Self = serde_json::from_str(json).map_err(|error| unreadable(error.to_string()))?;
        if footer.version > VERSION {
            return Err(unreadable(format!(
                "its format is version {}, this build reads up to {VERSION}",
                footer.version
            )));
        }
        footer.check(groups)?;
        Ok(footer)
    }

    /// What was counted when it was written.
    pub(crate) fn counts(&self) -> Option<&Counts> {
        self.counts.as_ref()
    }

    /// By which declarations its typed columns were read, if that is said.
    pub(crate) fn read_by(&self) -> Option<&str> {
        self.read_by.as_deref()
    }

    pub(crate) fn checks(&self) -> Result<Checks, LakeError> {
        Checks::read(self.rows_end, self.block_bytes, &self.checks)
    }

    fn check(&self, groups: usize) -> Result<(), LakeError> {
        let mut next = 0;
        let mut above = None;
        for part in &self.parts {
            let rising = above.is_none_or(|above| part.partition > above) && part.partition >= 0;
            let covers = 0 <= part.base && part.base <= part.last;
            if !rising || !covers || part.groups.start != next || part.groups.end < next {
                return Err(unreadable(format!(
                    "what it says of partition {} cannot be",
                    part.partition
                )));
            }
            (next, above) = (part.groups.end, Some(part.partition));
        }
        if next == groups {
            Ok(())
        } else {
            Err(unreadable(format!(
                "{groups} row groups where its partitions have {next}"
            )))
        }
    }

    /// The part of a partition.
    pub fn part(&self, partition: i32) -> Option<&Part> {
        self.parts.iter().find(|part| part.partition == partition)
    }
}
