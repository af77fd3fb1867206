//! Objects in this process' memory: the model the others are compared with, and the simulator's.

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use object_store::memory::InMemory;
use world::Clock;

use crate::StoreError;
use crate::bucket::Bucket;
use crate::objects::{Backing, Fetched, Found, Objects, Tag};

/// A bucket in memory. Several stores may stand on one.
#[derive(Debug)]
pub struct MemoryObjects {
    bucket: Bucket,
    clock: Clock,
}

impl MemoryObjects {
    /// An empty bucket whose date is this clock's.
    pub fn new(clock: Clock) -> MemoryObjects {
        let memory = Arc::new(InMemory::new());
        MemoryObjects {
            bucket: Bucket::new(memory.clone(), memory, ""),
            clock,
        }
    }
}

#[async_trait]
impl Objects for MemoryObjects {
    fn backing(&self) -> Backing {
        Backing::Memory
    }

    fn url(&self) -> String {
        "memory:".to_owned()
    }

    async fn put(&self, path: &str, parts: &[Bytes]) -> Result<(), StoreError> {
        self.bucket.put(path, parts).await
    }

    async fn create(&self, path: &str, bytes: Bytes) -> Result<bool, StoreError> {
        self.bucket.create(path, bytes).await
    }

    async fn replace(&self, path: &str, expected: Option<&Tag>, bytes: Bytes) -> Result<bool, StoreError> {
        match expected {
            None => self.bucket.create(path, bytes).await,
            Some(tag) => self.bucket.replace(path, tag, bytes).await,
        }
    }

    async fn get(&self, path: &str, range: Option<Range<u64>>) -> Result<Fetched, StoreError> {
        self.bucket.get(path, range).await
    }

    async fn get_tagged(&self, path: &str) -> Result<Option<(Bytes, Tag)>, StoreError> {
        self.bucket.get_tagged(path).await
    }

    async fn delete(&self, paths: &[String]) -> Result<u64, StoreError> {
        self.bucket.delete(paths).await
    }

    fn list(&self, folder: &str) -> BoxStream<'static, Result<Found, StoreError>> {
        self.bucket.list(folder)
    }

    async fn date_ms(&self) -> Result<i64, StoreError> {
        Ok(self.clock.wall_ms())
    }
}
