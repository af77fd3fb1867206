//! An opened lake file: its footer and page indexes, which say where the rows of an offset lie. It holds no rows.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use parquet::DecodeResult;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, ParquetMetaDataPushDecoder};

use crate::checks::Checks;
use crate::columns::{COLUMNS, schema};
use crate::error::{cut, unreadable};
use crate::footer::Footer;
use crate::pages::Pages;
use crate::reading::Reading;
use crate::{LakeError, Part};

/// An opened lake file.
#[derive(Debug, Clone)]
pub struct LakeFile {
    arrow: ArrowReaderMetadata,
    footer: Footer,
    checks: Arc<Checks>,
    bytes: u64,
}

impl LakeFile {
    /// Opens a file of `bytes` in all of which `tail` is the end, as long as [`Written::tail_bytes`](crate::Written)
    /// says, with the checksum that it had when it was written.
    ///
    /// # Errors
    /// `Format` for another tail, a damaged one, and a file that is not one of ours.
    pub fn open(tail: &Bytes, bytes: u64, checksum: u32) -> Result<Self, LakeError> {
        if crc32c::crc32c(tail) != checksum {
            return Err(unreadable("its end is damaged, or is not all of its end"));
        }
        let start = bytes.checked_sub(tail.len() as u64);
        let start = start.ok_or_else(|| unreadable("its end is longer than all of it"))?;
        let mut decoder = ParquetMetaDataPushDecoder::try_new(bytes)?.with_page_index_policy(PageIndexPolicy::Required);
        decoder.push_range(start..bytes, tail.clone())?;
        let metadata = loop {
            match decoder.try_decode()? {
                DecodeResult::Data(metadata) => break metadata,
                DecodeResult::Finished => return Err(unreadable("it has no footer")),
                DecodeResult::NeedsData(ranges) => {
                    let parts: Option<Vec<Bytes>> = ranges.iter().map(|range| cut(tail, start, range)).collect();
                    let parts = parts.ok_or_else(|| unreadable(format!("{} bytes do not hold its end", tail.len())))?;
                    decoder.push_ranges(ranges, parts)?;
                }
            }
        };
        Self::of(metadata, bytes)
    }

    fn of(metadata: ParquetMetaData, bytes: u64) -> Result<Self, LakeError> {
        let pairs = metadata.file_metadata().key_value_metadata();
        let footer = Footer::read(pairs, metadata.num_row_groups())?;
        let checks = Arc::new(footer.checks()?);
        let arrow = ArrowReaderMetadata::try_new(Arc::new(metadata), ArrowReaderOptions::new())?;
        let fields = arrow.schema().fields();
        let expected = schema();
        let same = expected.fields().iter().zip(fields).all(|(expected, found)| {
            expected.name() == found.name()
                && expected.is_nullable() == found.is_nullable()
                && expected.data_type().equals_datatype(found.data_type())
        });
        if fields.len() < COLUMNS || !same {
            return Err(unreadable("its columns are not those of a lake file"));
        }
        Ok(Self {
            arrow,
            footer,
            checks,
            bytes,
        })
    }

    /// What the file says of itself.
    pub fn footer(&self) -> &Footer {
        &self.footer
    }

    /// Bytes of the file.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The typed columns that it has: their names and field ids.
    pub fn typed_columns(&self) -> impl Iterator<Item = (&str, i32)> {
        let columns = self
            .arrow
            .parquet_schema()
            .root_schema()
            .get_fields()
            .iter()
            .skip(COLUMNS);
        columns.map(|column| {
            let info = column.get_basic_info();
            (info.name(), if info.has_id() { info.id() } else { -1 })
        })
    }

    /// The ranges to read so that [`check`](Self::check) can tell whether what lies in `ranges` is damaged: whole blocks.
    pub fn blocks(&self, ranges: &[Range<u64>]) -> Vec<Range<u64>> {
        self.checks.widen(ranges)
    }

    /// Checks the bytes of one of those ranges.
    ///
    /// # Errors
    /// `Format` when they are damaged.
    pub fn check(&self, blocks: &Range<u64>, bytes: &Bytes) -> Result<(), LakeError> {
        self.checks.check(blocks, bytes)
    }

    /// Bytes of memory that the opened file takes, about.
    pub fn memory_bytes(&self) -> usize {
        self.metadata().memory_size() + self.checks.memory_bytes()
    }

    pub(crate) fn metadata(&self) -> &Arc<ParquetMetaData> {
        self.arrow.metadata()
    }

    pub(crate) fn checks(&self) -> &Arc<Checks> {
        &self.checks
    }

    pub(crate) fn arrow(&self) -> &ArrowReaderMetadata {
        &self.arrow
    }

    /// The columns that records are rebuilt of.
    pub(crate) fn projection(&self) -> ProjectionMask {
        ProjectionMask::roots(self.arrow.parquet_schema(), 0..COLUMNS)
    }

    /// Begins to read a partition's batches from the one that holds `from`, or the first behind it, up to about
    /// `bytes_max` bytes of keys, values and headers and at least one batch. None where the file does not cover the offset.
    ///
    /// # Errors
    /// `Format` when the indexes do not say where.
    pub fn read(&self, partition: i32, from: i64, bytes_max: u64) -> Result<Option<Reading>, LakeError> {
        let part = self.footer.part(partition);
        let Some(part) = part.filter(|part| (part.base..=part.last).contains(&from)) else {
            return Ok(None);
        };
        let Some(group) = self.group(part, from)? else {
            return Ok(Some(Reading::empty(part.last)));
        };
        let pages = Pages::of(self.metadata(), group)?;
        let rows = pages.rows(from, bytes_max);
        let next = match rows.next_base {
            Some(base) => base,
            None => self.base_of(part, group + 1)?.unwrap_or(part.last.saturating_add(1)),
        };
        Ok(Some(Reading::new(self, group, &rows, from, next)?))
    }

    /// The first row group of a part that has a batch which ends at or behind `from`.
    fn group(&self, part: &Part, from: i64) -> Result<Option<usize>, LakeError> {
        for group in part.groups.clone() {
            if Pages::last_offset(self.metadata(), group)? >= from {
                return Ok(Some(group));
            }
        }
        Ok(None)
    }

    /// The offset at which the batches of a row group begin, when it is one of the part.
    fn base_of(&self, part: &Part, group: usize) -> Result<Option<i64>, LakeError> {
        let ours = part.groups.contains(&group);
        ours.then(|| Pages::of(self.metadata(), group).map(|pages| pages.first_base()))
            .transpose()
    }
}
