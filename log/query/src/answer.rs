//! An answer, and the forms in which it is written.

use std::io::Write;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::json::writer::{JsonArray, LineDelimited, WriterBuilder};
use datafusion::arrow::util::pretty::pretty_format_batches;
use datafusion::arrow::{csv, json};
use datafusion::physical_plan::SendableRecordBatchStream;
use futures::TryStreamExt as _;
use parquet::arrow::ArrowWriter;

use crate::QueryError;

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Lines and columns, for people.
    Table,
    /// A JSON array of objects.
    Json,
    /// A JSON object a line.
    Ndjson,
    /// Comma-separated values under a line of names.
    Csv,
    /// A Parquet file.
    Parquet,
}

/// An answer that comes in as it is read.
pub struct Answer(SendableRecordBatchStream);

impl std::fmt::Debug for Answer {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.debug_struct("Answer").finish_non_exhaustive()
    }
}

/// Whoever writes rows.
trait Rows {
    fn rows(&mut self, rows: &RecordBatch) -> Result<(), QueryError>;
}

impl Answer {
    pub(crate) fn new(stream: SendableRecordBatchStream) -> Self {
        Self(stream)
    }

    /// Writes it, and gives how many rows it has. A table is held in memory as a whole. Bytes are written as hex digits where
    /// a form has only text, and what is null is left out of JSON's objects.
    ///
    /// # Errors
    /// What comes up while it is read, and `Write`. Some of it may have been written then.
    pub async fn write(mut self, form: Form, to: &mut (impl Write + Send)) -> Result<u64, QueryError> {
        let schema = self.0.schema();
        match form {
            Form::Table => {
                let all: Vec<RecordBatch> = self.0.try_collect().await?;
                let all = if all.is_empty() {
                    vec![RecordBatch::new_empty(schema)]
                } else {
                    all
                };
                writeln!(to, "{}", pretty_format_batches(&all)?)?;
                Ok(all.iter().map(|rows| rows.num_rows() as u64).sum())
            }
            Form::Json => {
                let mut writer = WriterBuilder::new().build::<_, JsonArray>(&mut *to);
                let count = self.each(&mut writer).await?;
                writer.finish()?;
                drop(writer);
                writeln!(to)?;
                Ok(count)
            }
            Form::Ndjson => {
                let mut writer = WriterBuilder::new().build::<_, LineDelimited>(&mut *to);
                let count = self.each(&mut writer).await?;
                writer.finish()?;
                Ok(count)
            }
            Form::Csv => {
                let mut writer = csv::WriterBuilder::new().with_header(true).build(&mut *to);
                writer.write(&RecordBatch::new_empty(schema))?;
                self.each(&mut writer).await
            }
            Form::Parquet => {
                let writer = ArrowWriter::try_new(&mut *to, schema, None);
                let mut writer = writer.map_err(lake::LakeError::from)?;
                let count = self.each(&mut writer).await?;
                writer.close().map_err(lake::LakeError::from)?;
                Ok(count)
            }
        }
    }

    async fn each(&mut self, writer: &mut impl Rows) -> Result<u64, QueryError> {
        let mut count = 0;
        while let Some(rows) = self.0.try_next().await? {
            count += rows.num_rows() as u64;
            writer.rows(&rows)?;
        }
        Ok(count)
    }
}

impl<W: Write, F: json::writer::JsonFormat> Rows for json::Writer<W, F> {
    fn rows(&mut self, rows: &RecordBatch) -> Result<(), QueryError> {
        Ok(self.write(rows)?)
    }
}

impl<W: Write> Rows for csv::Writer<W> {
    fn rows(&mut self, rows: &RecordBatch) -> Result<(), QueryError> {
        Ok(self.write(rows)?)
    }
}

impl<W: Write + Send> Rows for ArrowWriter<W> {
    fn rows(&mut self, rows: &RecordBatch) -> Result<(), QueryError> {
        Ok(self.write(rows).map_err(lake::LakeError::from)?)
    }
}

impl From<ArrowError> for QueryError {
    fn from(error: ArrowError) -> Self {
        match error {
            ArrowError::IoError(_, error) => Self::Write(error),
            error => Self::Run(error.to_string()),
        }
    }
}
