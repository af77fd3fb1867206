//! Row groups of a file on their way into it. Columns that a fetch decodes row by row have short pages, the others long ones,
//! and Parquet's own writer knows one length for all: so its parts are put together here.

use std::io::{Sink, sink};
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use bytes::Bytes;
use parquet::arrow::ArrowSchemaConverter;
use parquet::arrow::arrow_writer::{ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves};
use parquet::errors::ParquetError;
use parquet::file::metadata::{KeyValue, ParquetMetaData};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;

use crate::columns::{PageLength, page_length, properties};
use crate::counts::{Counting, Counts};
use crate::error::unreadable;
use crate::{LakeError, WriteSettings};

/// A file, of which the last row group may be open.
pub(crate) struct RowGroups {
    file: SerializedFileWriter<Vec<u8>>,
    schema: SchemaRef,
    short: ArrowRowGroupWriterFactory,
    long: ArrowRowGroupWriterFactory,
    /// Of the open row group, one for each leaf; empty when none is.
    open: Vec<ArrowColumnWriter>,
    /// Bytes of its rows as they lie in memory.
    open_raw_bytes: usize,
    counting: Counting,
}

impl std::fmt::Debug for RowGroups {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RowGroups")
            .field("written", &self.file.bytes_written())
            .field("open", &self.open)
            .finish_non_exhaustive()
    }
}

impl RowGroups {
    pub(crate) fn new(schema: SchemaRef, settings: &WriteSettings) -> Result<Self, LakeError> {
        let root = ArrowSchemaConverter::new().convert(&schema)?.root_schema_ptr();
        let of = |pages| -> Result<Arc<WriterProperties>, LakeError> { Ok(Arc::new(properties(settings, pages)?)) };
        let file = SerializedFileWriter::new(Vec::new(), Arc::clone(&root), of(PageLength::Short)?)?;
        // Only a file's writer makes those of columns, and those have its settings: this one writes no file.
        let long = SerializedFileWriter::<Sink>::new(sink(), root, of(PageLength::Long)?)?;
        Ok(Self {
            short: ArrowRowGroupWriterFactory::new(&file, SchemaRef::clone(&schema)),
            long: ArrowRowGroupWriterFactory::new(&long, SchemaRef::clone(&schema)),
            counting: Counting::new(&schema),
            file,
            schema,
            open: Vec::new(),
            open_raw_bytes: 0,
        })
    }

    /// How many row groups have ended.
    pub(crate) fn count(&self) -> usize {
        self.file.flushed_row_groups().len()
    }

    /// Adds rows to the open row group.
    pub(crate) fn write(&mut self, rows: &RecordBatch) -> Result<(), LakeError> {
        if rows.num_rows() == 0 {
            return Ok(());
        }
        if self.open.is_empty() {
            self.open = self.begin()?;
        }
        self.counting.add(rows);
        for column in rows.columns() {
            self.open_raw_bytes += column.to_data().get_slice_memory_size()?;
        }
        let mut writers = self.open.iter_mut();
        for (field, column) in self.schema.fields().iter().zip(rows.columns()) {
            for (leaf, writer) in compute_leaves(field, column)?.iter().zip(&mut writers) {
                writer.write(leaf)?;
            }
        }
        Ok(())
    }

    fn begin(&self) -> Result<Vec<ArrowColumnWriter>, ParquetError> {
        let group = self.count();
        let short = self.short.create_column_writers(group)?;
        let long = self.long.create_column_writers(group)?;
        let pairs = short.into_iter().zip(long).enumerate();
        let chosen = pairs.map(|(leaf, (short, long))| match page_length(leaf) {
            PageLength::Short => short,
            PageLength::Long => long,
        });
        Ok(chosen.collect())
    }

    /// Bytes that the open row group has, about.
    pub(crate) fn open_bytes(&self) -> usize {
        self.open.iter().map(ArrowColumnWriter::get_estimated_total_bytes).sum()
    }

    /// Bytes of its rows before they were encoded, which is what they take when they are decoded.
    pub(crate) fn open_raw_bytes(&self) -> usize {
        self.open_raw_bytes
    }

    /// What was counted in all rows.
    pub(crate) fn counts(&self) -> &Counts {
        self.counting.counts()
    }

    /// Bytes of the row groups that have ended.
    pub(crate) fn written_bytes(&self) -> usize {
        self.file.bytes_written()
    }

    /// Ends the open row group.
    pub(crate) fn flush(&mut self) -> Result<(), LakeError> {
        if self.open.is_empty() {
            return Ok(());
        }
        let mut group = self.file.next_row_group()?;
        for (leaf, column) in std::mem::take(&mut self.open).into_iter().enumerate() {
            let mut column = column.close()?;
            self.counting.close(leaf, column.close_mut())?;
            column.append_to_row_group(&mut group)?;
        }
        group.close()?;
        self.counting.end_group();
        self.open_raw_bytes = 0;
        Ok(())
    }

    /// All that is written, row groups and nothing behind them.
    pub(crate) fn rows(&mut self) -> Result<&[u8], LakeError> {
        self.file.flush().map_err(|error| unreadable(error.to_string()))?;
        Ok(self.file.inner())
    }

    /// The whole file, with one more thing that it says of itself.
    pub(crate) fn finish(mut self, said: KeyValue) -> Result<(Bytes, ParquetMetaData), LakeError> {
        self.file.append_key_value_metadata(said);
        let metadata = self.file.finish()?;
        Ok((Bytes::from(std::mem::take(self.file.inner_mut())), metadata))
    }
}
