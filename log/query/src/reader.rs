//! Gives the Parquet reader the bytes of lake files: from the store, block by block with their checksums compared, or from
//! memory.
//!
//! A file is opened for a plan, closed, and opened again when its rows are read: what an opened one holds would be gigabytes
//! for a topic of thousands of files, of which few are read at a time.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::ParquetFileReaderFactory;
use datafusion::error::{DataFusionError, Result};
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use futures::future::BoxFuture;
use futures::{FutureExt as _, TryFutureExt as _};
use lake::LakeFile;
use metadata::LakeEnd;
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::errors::ParquetError;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader};
use store::{Key, Store};

use crate::QueryError;

/// An opened file.
pub(crate) struct File {
    pub(crate) lake: LakeFile,
    /// The same, as the Parquet reader is to know it.
    pub(crate) metadata: Arc<ParquetMetaData>,
}

impl File {
    /// One that was opened by its end, which may be given with more before it.
    pub(crate) fn new(lake: LakeFile, tail: &Bytes) -> Result<Self, QueryError> {
        let mut reader = ParquetMetaDataReader::new().with_page_index_policy(PageIndexPolicy::Required);
        let read = reader
            .try_parse_sized(tail, lake.bytes())
            .and_then(|()| reader.finish());
        let metadata = Arc::new(read.map_err(lake::LakeError::from)?);
        Ok(Self { lake, metadata })
    }
}

/// Where a file is. It goes with the scan's own description of the file.
#[derive(Clone)]
pub(crate) enum Place {
    /// In memory, and opened.
    Memory(Arc<File>, Bytes),
    /// In the store, with its end where the ledger says.
    Store(Store, Key, LakeEnd),
}

impl Place {
    /// The file, opened by its end.
    pub(crate) async fn open(&self) -> Result<Arc<File>, QueryError> {
        match self {
            Place::Memory(file, _) => Ok(Arc::clone(file)),
            Place::Store(store, key, end) => {
                let tail = store.read(key, end.range()).await?;
                let lake = LakeFile::open(&tail, end.object_bytes, end.tail_checksum)?;
                Ok(Arc::new(File::new(lake, &tail)?))
            }
        }
    }
}

/// Reads a file.
struct Reading {
    place: Place,
    /// Once it was needed.
    file: Option<Arc<File>>,
}

impl Reading {
    async fn file(&mut self) -> Result<Arc<File>, QueryError> {
        let file = match self.file.take() {
            Some(file) => file,
            None => self.place.open().await?,
        };
        Ok(Arc::clone(self.file.insert(file)))
    }

    async fn read(&mut self, ranges: &[Range<u64>]) -> Result<Vec<Bytes>, QueryError> {
        let file = self.file().await?;
        let (store, key) = match &self.place {
            Place::Memory(_, bytes) => return ranges.iter().map(|range| cut(bytes, 0, range)).collect(),
            Place::Store(store, key, _) => (store, key),
        };
        let blocks = file.lake.blocks(ranges);
        let read = store.read_many(key, &blocks).await?;
        for (block, bytes) in blocks.iter().zip(&read) {
            file.lake.check(block, bytes)?;
        }
        let within = |range: &Range<u64>| {
            let mut blocks = blocks.iter().zip(&read);
            let block = blocks.find(|(block, _)| block.start <= range.start && range.end <= block.end);
            let (block, bytes) = block.ok_or_else(|| QueryError::Run("a range was not read".to_owned()))?;
            cut(bytes, block.start, range)
        };
        ranges.iter().map(within).collect()
    }
}

fn cut(bytes: &Bytes, start: u64, range: &Range<u64>) -> Result<Bytes, QueryError> {
    let place = |at: u64| usize::try_from(at.checked_sub(start)?).ok();
    let within = place(range.start).zip(place(range.end));
    let within = within.filter(|&(begin, end)| begin <= end && end <= bytes.len());
    let (begin, end) = within.ok_or_else(|| QueryError::Run(format!("{range:?} lies beyond the file")))?;
    Ok(bytes.slice(begin..end))
}

/// Reads files where they are.
#[derive(Debug)]
pub(crate) struct Readers;

impl ParquetFileReaderFactory for Readers {
    fn create_reader(
        &self,
        _: usize,
        file: PartitionedFile,
        _: Option<usize>,
        _: &ExecutionPlanMetricsSet,
    ) -> Result<Box<dyn AsyncFileReader + Send>> {
        match file.extension::<Place>() {
            Some(place) => Ok(Box::new(Reading {
                place: place.clone(),
                file: None,
            })),
            None => Err(DataFusionError::Internal(
                "a file of which nobody said where it is".to_owned(),
            )),
        }
    }
}

impl AsyncFileReader for Reading {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, Result<Bytes, ParquetError>> {
        async move {
            let mut read = self.read(std::slice::from_ref(&range)).await.map_err(external)?;
            Ok(read.pop().unwrap_or_default())
        }
        .boxed()
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, Result<Vec<Bytes>, ParquetError>> {
        async move { self.read(&ranges).map_err(external).await }.boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        _: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, Result<Arc<ParquetMetaData>, ParquetError>> {
        async move {
            let file = self.file().await.map_err(external)?;
            Ok(Arc::clone(&file.metadata))
        }
        .boxed()
    }
}

fn external(error: QueryError) -> ParquetError {
    ParquetError::External(Box::new(error))
}
