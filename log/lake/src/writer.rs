//! Builds one lake file in memory, out of the batches of one topic.
//!
//! The caller brings partitions in rising order and each one's batches in the order of their offsets; control batches and
//! aborted records it leaves out. A row group ends between two batches, so that each can be read alone.

use bytes::Bytes;
use metadata::LakeColumns;
use records::{Batch, Record};

use crate::checks::Checks;
use crate::columns::with_typed;
use crate::footer::{Footer, Part};
use crate::groups::RowGroups;
use crate::row::{Hasher, Head, Row, Sink, Whole};
use crate::rows::Rows;
use crate::source::{Dropped, Source};
use crate::typed::read_by;
use crate::{LakeError, WriteSettings};

/// A lake file being built.
#[derive(Debug)]
pub struct LakeWriter {
    groups: RowGroups,
    settings: WriteSettings,
    topic: String,
    read_by: Option<String>,
    /// Of the open partition.
    rows: Rows,
    parts: Vec<Part>,
    open: Option<Open>,
}

/// The partition being written.
#[derive(Debug)]
struct Open {
    partition: i32,
    base: i64,
    next: i64,
    first_group: usize,
    max_timestamp: i64,
    hasher: Hasher,
}

/// A lake file that was built.
#[derive(Debug, Clone)]
pub struct Written {
    /// The file.
    pub bytes: Bytes,
    /// Bytes at its end that must be read to open it: page indexes and footer.
    pub tail_bytes: u64,
    /// CRC-32C of these.
    pub tail_checksum: u32,
    /// What it says of itself.
    pub footer: Footer,
}

impl LakeWriter {
    /// An empty file for a topic with this id, with typed columns besides those that every file has.
    ///
    /// # Errors
    /// Settings that Parquet does not take.
    pub fn new(topic: &str, columns: &LakeColumns, settings: WriteSettings) -> Result<Self, LakeError> {
        Ok(Self {
            groups: RowGroups::new(with_typed(columns), &settings)?,
            settings,
            topic: topic.to_owned(),
            read_by: read_by(columns),
            rows: Rows::new(columns),
            parts: Vec::new(),
            open: None,
        })
    }

    /// Begins a partition, whose first offset in this file is `base`.
    ///
    /// # Errors
    /// `Order` when another is open, or one as high was there.
    pub fn begin(&mut self, partition: i32, base: i64) -> Result<(), LakeError> {
        let above = self.parts.last().is_none_or(|last| partition > last.partition);
        if self.open.is_some() || !above || partition < 0 || base < 0 {
            return Err(order(partition, "it cannot begin here"));
        }
        self.rows.begin_partition(partition);
        self.open = Some(Open {
            partition,
            base,
            next: base,
            first_group: self.groups.count(),
            max_timestamp: i64::MIN,
            hasher: Hasher::default(),
        });
        Ok(())
    }

    /// Adds a batch of the open partition that lies at `base_offset`.
    ///
    /// # Errors
    /// `Order` when it does not lie behind the one before, or no partition is open.
    pub fn push(&mut self, batch: &Batch, base_offset: i64) -> Result<(), LakeError> {
        self.push_kept(batch, base_offset, |_, _| true).map(|_| ())
    }

    /// The same, without the records that `keeps` does not want: it is asked for each by its offset. A batch whose records
    /// cannot be told is kept whole, and one of which nothing is left is left out.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub fn push_kept(
        &mut self,
        batch: &Batch,
        base_offset: i64,
        keeps: impl FnMut(i64, &Record) -> bool,
    ) -> Result<Dropped, LakeError> {
        let Some(open) = &mut self.open else {
            return Err(order(-1, "no partition is open"));
        };
        if base_offset < open.next {
            return Err(order(
                open.partition,
                &format!("a batch at {base_offset} where {} is next", open.next),
            ));
        }
        let mut source = Source::read(batch, base_offset, &self.settings);
        open.next = source.head.last_offset.saturating_add(1);
        let dropped = source.retain(&self.settings, keeps)?;
        if source.rows() == 0 {
            return Ok(dropped);
        }
        open.max_timestamp = open.max_timestamp.max(source.max_timestamp());
        let mut lots = Lots {
            hasher: &mut open.hasher,
            rows: &mut self.rows,
            groups: &mut self.groups,
            settings: &self.settings,
        };
        lots.make_room(source.rows())?;
        source.feed(&mut lots)?;
        let is_full = self.groups.open_bytes() >= self.settings.group_bytes;
        if is_full || self.groups.open_raw_bytes() >= self.settings.group_raw_bytes_max {
            self.flush()?;
        }
        Ok(dropped)
    }

    /// Ends the open partition; the file covers it up to offset `last`.
    ///
    /// # Errors
    /// `Order` when there is more, or no partition is open.
    pub fn end(&mut self, last: i64) -> Result<(), LakeError> {
        self.flush()?;
        let Some(open) = self.open.take() else {
            return Err(order(-1, "no partition is open"));
        };
        if last < open.base || last < open.next.saturating_sub(1) {
            return Err(order(open.partition, &format!("it ends at {last}, before what it has")));
        }
        let (rows, batches) = (open.hasher.records, open.hasher.batches);
        self.parts.push(Part {
            partition: open.partition,
            base: open.base,
            last,
            rows,
            batches,
            max_timestamp: open.max_timestamp,
            groups: open.first_group..self.groups.count(),
            hash: hex(&open.hasher.finish()),
        });
        Ok(())
    }

    /// Bytes of the file so far, about: what is written and what waits for its row group to end.
    pub fn bytes(&self) -> usize {
        self.groups.written_bytes() + self.groups.open_bytes()
    }

    fn flush(&mut self) -> Result<(), LakeError> {
        if self.rows.count() > 0 {
            self.groups.write(&self.rows.take()?)?;
        }
        self.groups.flush()
    }

    /// The file, when its last partition has ended.
    ///
    /// # Errors
    /// `Order` when one is open.
    pub fn finish(mut self) -> Result<Written, LakeError> {
        if let Some(open) = &self.open {
            return Err(order(open.partition, "it has not ended"));
        }
        let checks = Checks::of(self.groups.rows()?);
        let footer = Footer::new(
            &self.topic,
            self.parts,
            &checks,
            self.groups.counts().clone(),
            self.read_by,
        );
        let (bytes, metadata) = self.groups.finish(footer.write()?)?;
        let columns = metadata.row_groups().iter().flat_map(|group| group.columns());
        let starts = columns.flat_map(|column| [column.column_index_offset(), column.offset_index_offset()]);
        let start = starts.flatten().min().and_then(|start| usize::try_from(start).ok());
        let tail = bytes.slice(start.unwrap_or(0)..);
        Ok(Written {
            tail_checksum: crc32c::crc32c(&tail),
            tail_bytes: tail.len() as u64,
            bytes,
            footer,
        })
    }
}

/// Hands rows on in lots, each of which is a page of every column whose pages are short, so that a fetch decodes the same
/// rows of all. The hash is of what was read, not of what is written.
struct Lots<'a> {
    hasher: &'a mut Hasher,
    rows: &'a mut Rows,
    groups: &'a mut RowGroups,
    settings: &'a WriteSettings,
}

impl Lots<'_> {
    /// Ends a lot that is half full before a batch which would not fit into it, about: a page that begins with a batch saves
    /// a fetch the one before.
    fn make_room(&mut self, batch_rows: usize) -> Result<(), LakeError> {
        let (rows, bytes) = (self.rows.count(), self.rows.bytes());
        let (rows_max, bytes_max) = (self.settings.page_rows_max, self.settings.page_bytes_max);
        let half_full = rows * 2 >= rows_max || bytes * 2 >= bytes_max;
        let batch_bytes = bytes.checked_div(rows).unwrap_or(0).saturating_mul(batch_rows);
        let fits = rows + batch_rows <= rows_max && bytes.saturating_add(batch_bytes) <= bytes_max;
        if half_full && !fits {
            self.groups.write(&self.rows.take()?)?;
        }
        Ok(())
    }

    fn pass_on(&mut self) -> Result<(), LakeError> {
        if self.rows.count() >= self.settings.page_rows_max || self.rows.bytes() >= self.settings.page_bytes_max {
            self.groups.write(&self.rows.take()?)?;
        }
        Ok(())
    }
}

impl Sink for Lots<'_> {
    type Error = LakeError;

    fn begin(&mut self, head: &Head) -> Result<(), LakeError> {
        let Ok(()) = self.hasher.begin(head);
        self.rows.begin(head)
    }

    fn record(&mut self, head: &Head, row: &Row<'_>) -> Result<(), LakeError> {
        let Ok(()) = self.hasher.record(head, row);
        self.rows.record(head, row)?;
        self.pass_on()
    }

    fn whole(&mut self, head: &Head, whole: &Whole<'_>) -> Result<(), LakeError> {
        let Ok(()) = self.hasher.whole(head, whole);
        self.rows.whole(head, whole)?;
        self.pass_on()
    }
}

fn order(partition: i32, what: &str) -> LakeError {
    LakeError::Order {
        partition,
        what: what.to_owned(),
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
