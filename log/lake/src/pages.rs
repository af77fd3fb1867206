//! Where in a row group the rows of an offset lie, by its page indexes: batches begin where `kafka_batch_base_offset`
//! changes, and the bytes of values say how far a read of so many bytes goes.

use std::ops::Range;

use parquet::arrow::ProjectionMask;
use parquet::file::metadata::ParquetMetaData;
use parquet::file::page_index::column_index::{ColumnIndexMetaData, PrimitiveColumnIndex};
use parquet::file::page_index::offset_index::OffsetIndexMetaData;
use parquet::file::statistics::Statistics;

use crate::LakeError;
use crate::columns::{Column, leaf};
use crate::error::unreadable;

/// Bytes that decoded rows may take at once, about: a page more, where long rows come after short ones.
const DECODED_BYTES: i64 = 16 << 20;
/// Rows that are decoded at once.
const ROWS_AT_ONCE: usize = 1024;
/// What a header takes besides its bytes, about.
const HEADER_BYTES: i64 = 16;

/// Rows of a row group to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RowRange {
    pub(crate) rows: Range<usize>,
    /// The base offset of the batch that the first row behind belongs to; none at the end of the row group.
    pub(crate) next_base: Option<i64>,
}

/// The indexes of one row group.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pages<'a> {
    rows: usize,
    bases: &'a PrimitiveColumnIndex<i64>,
    base_pages: &'a OffsetIndexMetaData,
    value_pages: &'a OffsetIndexMetaData,
    /// Those of what else may be long: keys, names and values of headers, raw records.
    others: [Option<&'a OffsetIndexMetaData>; 4],
}

impl<'a> Pages<'a> {
    pub(crate) fn of(metadata: &'a ParquetMetaData, group: usize) -> Result<Self, LakeError> {
        let missing = || unreadable(format!("row group {group} has no page index"));
        let offsets_of = |leaf: usize| metadata.offset_index()?.get(group)?.get(leaf);
        let offsets = |column| offsets_of(leaf(column));
        let bases = metadata.column_index().and_then(|index| index.get(group));
        let bases = bases.and_then(|columns| columns.get(leaf(Column::BatchBaseOffset)));
        let Some(ColumnIndexMetaData::INT64(bases)) = bases else {
            return Err(missing());
        };
        let rows = metadata.row_groups().get(group).ok_or_else(missing)?.num_rows();
        let pages = Self {
            rows: usize::try_from(rows).map_err(|_| missing())?,
            bases,
            base_pages: offsets(Column::BatchBaseOffset).ok_or_else(missing)?,
            value_pages: offsets(Column::Value).ok_or_else(missing)?,
            others: [
                offsets(Column::Key),
                offsets(Column::Headers),
                offsets_of(leaf(Column::Headers) + 1),
                offsets(Column::Raw),
            ],
        };
        let count = pages.base_pages.page_locations().len();
        let known = (0..count).all(|page| pages.bases.min_value(page).is_some());
        if count == 0 || pages.bases.num_pages() != count as u64 || !known {
            return Err(missing());
        }
        Ok(pages)
    }

    /// The last offset that the batches of a row group cover.
    pub(crate) fn last_offset(metadata: &ParquetMetaData, group: usize) -> Result<i64, LakeError> {
        let group_of = metadata.row_groups().get(group);
        let column = group_of.and_then(|group| group.columns().get(leaf(Column::BatchLastOffset)));
        match column.and_then(|column| column.statistics()) {
            Some(Statistics::Int64(values)) => values.max_opt().copied(),
            _ => None,
        }
        .ok_or_else(|| unreadable(format!("row group {group} does not say where it ends")))
    }

    /// The base offset of the first batch.
    pub(crate) fn first_base(&self) -> i64 {
        self.min(0)
    }

    fn min(&self, page: usize) -> i64 {
        self.bases.min_value(page).copied().unwrap_or(i64::MAX)
    }

    fn max(&self, page: usize) -> i64 {
        self.bases.max_value(page).copied().unwrap_or(i64::MAX)
    }

    fn first_row(&self, page: usize) -> usize {
        self.first_row_of(self.base_pages, page)
    }

    /// The first row of a column's page; that behind the last where there is no such page.
    fn first_row_of(&self, column: &OffsetIndexMetaData, page: usize) -> usize {
        let row = column.page_locations().get(page).map(|page| page.first_row_index);
        row.and_then(|row| usize::try_from(row).ok()).unwrap_or(self.rows)
    }

    /// The rows that hold the batch with `from`, or the first behind it, whole, and then about `bytes_max` of what they hold.
    pub(crate) fn rows(&self, from: i64, bytes_max: u64) -> RowRange {
        let pages = self.base_pages.page_locations().len();
        // Bases rise. The last page that begins at or below `from` is where the batch with `from` ends or begins.
        let mut begin = 0;
        while begin + 1 < pages && self.min(begin + 1) <= from {
            begin += 1;
        }
        let enough = self.row_behind(self.row_near(begin, from), bytes_max);
        let base = self.min(begin);
        let mut end = begin + 1;
        // The batch at the head of this page may have begun in those before.
        while begin > 0 && self.min(begin) == base && self.max(begin - 1) == base {
            begin -= 1;
        }
        while end < pages && (self.min(end) <= from || self.first_row(end) < enough) {
            end += 1;
        }
        RowRange {
            rows: self.first_row(begin)..self.first_row(end).min(self.rows),
            next_base: (end < pages).then(|| self.min(end)),
        }
    }

    /// The row of an offset in a page, about: as if offsets were spread evenly from its first base to the next page's, which
    /// lies behind the offset.
    fn row_near(&self, page: usize, offset: i64) -> usize {
        let rows = self.first_row(page)..self.first_row(page + 1);
        let first = self.min(page);
        let next = if rows.end < self.rows {
            self.min(page + 1)
        } else {
            self.max(page).saturating_add(1)
        };
        rows.start + share_of(rows.len(), (offset.max(first).abs_diff(first), next.abs_diff(first)))
    }

    /// Bytes of what lies in a page of values, and beside it in others that have the same rows.
    fn page_bytes(&self, page: usize) -> Option<usize> {
        let row = |pages: &OffsetIndexMetaData, page: usize| {
            pages.page_locations().get(page).map(|page| page.first_row_index)
        };
        let bytes = |pages: &OffsetIndexMetaData| {
            let size = pages.unencoded_byte_array_data_bytes()?.get(page)?;
            usize::try_from(*size).ok()
        };
        let is_beside = |pages: &&OffsetIndexMetaData| {
            (page..=page + 1).all(|page| row(pages, page) == row(self.value_pages, page))
        };
        let beside = self.others.iter().flatten().copied().filter(is_beside);
        Some(bytes(self.value_pages)? + beside.filter_map(bytes).sum::<usize>())
    }

    /// The row behind so many bytes of what rows hold from `row` on, at the end of a page; the last where they are fewer or not
    /// known.
    fn row_behind(&self, row: usize, bytes: u64) -> usize {
        let locations = self.value_pages.page_locations();
        let start = locations.partition_point(|page| page.first_row_index.cast_unsigned() <= row as u64);
        let mut left = bytes;
        for page in start.saturating_sub(1)..locations.len() {
            let size = self.page_bytes(page);
            let rows = self.first_row_of(self.value_pages, page)..self.first_row_of(self.value_pages, page + 1);
            let behind = rows.end - row.clamp(rows.start, rows.end);
            let size = size.map_or(usize::MAX, |size| share_of(size, (behind as u64, rows.len() as u64)));
            left = left.saturating_sub(size as u64);
            if left == 0 {
                return rows.end;
            }
        }
        self.rows
    }
}

/// How many rows of a row group can be decoded at once so that these columns of them take about [`DECODED_BYTES`], though there
/// be pages of few rows that are very long.
pub(crate) fn rows_at_once(metadata: &ParquetMetaData, group: usize, columns: &ProjectionMask) -> usize {
    let (Some(of_group), Some(indexes)) = (
        metadata.row_groups().get(group),
        metadata.offset_index().and_then(|index| index.get(group)),
    ) else {
        return 1;
    };
    let rows = of_group.num_rows().max(1);
    let header_values = of_group.columns().get(leaf(Column::Headers));
    let headers = header_values.map_or(0, |chunk| chunk.num_values() / rows * HEADER_BYTES);
    let wanted = indexes
        .iter()
        .enumerate()
        .filter(|(leaf, _)| columns.leaf_included(*leaf));
    let bytes: i64 = wanted.map(|(_, pages)| row_bytes_max(pages, rows)).sum();
    let most = DECODED_BYTES / bytes.saturating_add(headers).max(1);
    usize::try_from(most).unwrap_or(1).clamp(1, ROWS_AT_ONCE)
}

/// Bytes of a row in the page where they are the most, about; 0 in a column of fixed width.
fn row_bytes_max(pages: &OffsetIndexMetaData, rows: i64) -> i64 {
    let first = pages.page_locations().iter().map(|page| page.first_row_index);
    let behind = first.clone().skip(1).chain([rows]);
    let sizes = pages.unencoded_byte_array_data_bytes().into_iter().flatten();
    let mean = sizes.zip(first.zip(behind)).map(|(size, (first, behind))| {
        let rows = behind.saturating_sub(first).max(1);
        size.max(&0) / rows
    });
    mean.max().unwrap_or(0)
}

/// So many parts of all that there are; the whole where there are none.
fn share_of(whole: usize, (parts, all): (u64, u64)) -> usize {
    let share = (whole as u128 * u128::from(parts.min(all))).checked_div(u128::from(all));
    share.and_then(|share| usize::try_from(share).ok()).unwrap_or(whole)
}

#[cfg(test)]
mod tests;
