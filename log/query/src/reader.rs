//! Gives the Parquet reader the bytes of lake files: from the store, block by block with their checksums compared, or from
//! memory.

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
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::errors::ParquetError;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader};
use store::{Key, Store};

use crate::QueryError;

/// An opened file. It goes with the scan's own description of the file.
#[derive(Clone)]
pub(crate) struct Opened(Arc<Inner>);

struct Inner {
    lake: LakeFile,
    metadata: Arc<ParquetMetaData>,
    bytes: From,
}

/// Where the bytes come from.
enum From {
    Memory(Bytes),
    Store(Store, Key),
}

impl Opened {
    /// Opens a file by its end.
    pub(crate) fn new(lake: LakeFile, tail: &Bytes, store: Store, key: Key) -> Result<Self, QueryError> {
        let metadata = metadata(tail, lake.bytes())?;
        Ok(Self(Arc::new(Inner {
            lake,
            metadata,
            bytes: From::Store(store, key),
        })))
    }

    /// One that lies in memory.
    pub(crate) fn in_memory(lake: LakeFile, bytes: Bytes) -> Result<Self, QueryError> {
        let metadata = metadata(&bytes, lake.bytes())?;
        Ok(Self(Arc::new(Inner {
            lake,
            metadata,
            bytes: From::Memory(bytes),
        })))
    }

    pub(crate) fn lake(&self) -> &LakeFile {
        &self.0.lake
    }

    pub(crate) fn metadata(&self) -> &Arc<ParquetMetaData> {
        &self.0.metadata
    }

    async fn read(&self, ranges: &[Range<u64>]) -> Result<Vec<Bytes>, QueryError> {
        let inner = &*self.0;
        let (store, key) = match &inner.bytes {
            From::Memory(bytes) => return ranges.iter().map(|range| cut(bytes, 0, range)).collect(),
            From::Store(store, key) => (store, key),
        };
        let blocks = inner.lake.blocks(ranges);
        let read = store.read_many(key, &blocks).await?;
        for (block, bytes) in blocks.iter().zip(&read) {
            inner.lake.check(block, bytes)?;
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

/// What the end of a file says, which may be given with more before it.
fn metadata(tail: &Bytes, bytes: u64) -> Result<Arc<ParquetMetaData>, QueryError> {
    let mut reader = ParquetMetaDataReader::new().with_page_index_policy(PageIndexPolicy::Required);
    let read = reader.try_parse_sized(tail, bytes).and_then(|()| reader.finish());
    let metadata = read.map_err(lake::LakeError::from)?;
    Ok(Arc::new(metadata))
}

fn cut(bytes: &Bytes, start: u64, range: &Range<u64>) -> Result<Bytes, QueryError> {
    let place = |at: u64| usize::try_from(at.checked_sub(start)?).ok();
    let within = place(range.start).zip(place(range.end));
    let within = within.filter(|&(begin, end)| begin <= end && end <= bytes.len());
    let (begin, end) = within.ok_or_else(|| QueryError::Run(format!("{range:?} lies beyond the file")))?;
    Ok(bytes.slice(begin..end))
}

/// Reads files by what was opened of them.
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
        match file.extension::<Opened>() {
            Some(opened) => Ok(Box::new(opened.clone())),
            None => Err(DataFusionError::Internal("a file that was not opened".to_owned())),
        }
    }
}

impl AsyncFileReader for Opened {
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
        std::future::ready(Ok(Arc::clone(&self.0.metadata))).boxed()
    }
}

fn external(error: QueryError) -> ParquetError {
    ParquetError::External(Box::new(error))
}
