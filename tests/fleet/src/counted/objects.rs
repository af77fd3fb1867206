//! The wrapper of a place for objects. It lies below the cache and the hedges, so what it counts is what a bucket is asked.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use store::{Backing, Fetched, Found, Objects, Staged, StoreError, Tag};
use world::Clock;

use super::Counters;

/// A place for objects whose requests are counted, and whose puts of segments are timed.
#[derive(Debug)]
pub struct CountedObjects {
    inner: Arc<dyn Objects>,
    counters: Counters,
    clock: Clock,
}

impl CountedObjects {
    /// Counts the requests of this one.
    pub fn new(inner: Arc<dyn Objects>, counters: Counters, clock: Clock) -> CountedObjects {
        CountedObjects { inner, counters, clock }
    }
}

#[async_trait]
impl Objects for CountedObjects {
    fn backing(&self) -> Backing {
        self.inner.backing()
    }

    fn url(&self) -> String {
        self.inner.url()
    }

    async fn put(&self, path: &str, parts: &[Bytes]) -> Result<(), StoreError> {
        let bytes: usize = parts.iter().map(Bytes::len).sum();
        self.counters.count(|totals| {
            totals.puts += 1;
            totals.put_bytes += bytes as u64;
            totals.lake_puts += u64::from(path.ends_with(".parquet"));
            totals.table_puts += u64::from(path.contains("/metadata/"));
        });
        let began = self.clock.now();
        let put = self.inner.put(path, parts).await;
        if put.is_ok() && path.contains("/segment/") {
            self.counters.put_took(self.clock.now() - began);
        }
        put
    }

    async fn create(&self, path: &str, bytes: Bytes) -> Result<bool, StoreError> {
        self.counters.count(|totals| totals.puts += 1);
        self.inner.create(path, bytes).await
    }

    async fn replace(&self, path: &str, expected: Option<&Tag>, bytes: Bytes) -> Result<bool, StoreError> {
        self.counters.count(|totals| totals.witness_puts += 1);
        self.inner.replace(path, expected, bytes).await
    }

    async fn get(&self, path: &str, range: Option<Range<u64>>) -> Result<Fetched, StoreError> {
        self.counters.count(|totals| totals.gets += 1);
        self.inner.get(path, range).await
    }

    async fn get_tagged(&self, path: &str) -> Result<Option<(Bytes, Tag)>, StoreError> {
        self.counters.count(|totals| totals.gets += 1);
        self.inner.get_tagged(path).await
    }

    async fn delete(&self, paths: &[String]) -> Result<u64, StoreError> {
        self.counters.count(|totals| totals.deletes += 1);
        self.inner.delete(paths).await
    }

    fn list(&self, folder: &str) -> BoxStream<'static, Result<Found, StoreError>> {
        self.counters.count(|totals| totals.lists += 1);
        self.inner.list(folder)
    }

    async fn date_ms(&self) -> Result<i64, StoreError> {
        self.counters.count(|totals| totals.gets += 1);
        self.inner.date_ms().await
    }

    async fn staged(&self, folder: &str) -> Result<Vec<Staged>, StoreError> {
        self.inner.staged(folder).await
    }

    async fn delete_staged(&self, folder: &str, older_than: Duration) -> Result<u64, StoreError> {
        self.inner.delete_staged(folder, older_than).await
    }
}
