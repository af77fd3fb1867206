//! The shared place for objects, watched.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use parking_lot::Mutex;
use sha2::{Digest as _, Sha256};
use store::{Backing, Fetched, Found, MemoryObjects, Objects, StoreError, Tag};

use crate::audit::Audit;

/// The place of all processes.
#[derive(Debug)]
pub(crate) struct WatchedObjects {
    place: Arc<MemoryObjects>,
    audit: Audit,
    /// Every name that was ever put, and the hash of what was put under it.
    put: Mutex<BTreeMap<String, [u8; 32]>>,
}

impl WatchedObjects {
    pub(crate) fn new(place: Arc<MemoryObjects>, audit: Audit) -> WatchedObjects {
        WatchedObjects {
            place,
            audit,
            put: Mutex::default(),
        }
    }

    fn note_put(&self, path: &str, parts: &[Bytes]) {
        let mut hasher = Sha256::new();
        parts.iter().for_each(|part| hasher.update(part));
        let hash: [u8; 32] = hasher.finalize().into();
        let before = *self.put.lock().entry(path.to_owned()).or_insert(hash);
        let bytes = parts.iter().map(Bytes::len).sum();
        self.audit.object_put(path, bytes, before == hash);
    }
}

#[async_trait]
impl Objects for WatchedObjects {
    fn backing(&self) -> Backing {
        self.place.backing()
    }

    async fn put(&self, path: &str, parts: &[Bytes]) -> Result<(), StoreError> {
        self.note_put(path, parts);
        self.place.put(path, parts).await
    }

    async fn create(&self, path: &str, bytes: Bytes) -> Result<bool, StoreError> {
        self.place.create(path, bytes).await
    }

    async fn replace(&self, path: &str, expected: Option<&Tag>, bytes: Bytes) -> Result<bool, StoreError> {
        self.place.replace(path, expected, bytes).await
    }

    async fn get(&self, path: &str, range: Option<Range<u64>>) -> Result<Fetched, StoreError> {
        let fetched = self.place.get(path, range).await;
        if matches!(fetched, Err(StoreError::NotFound { .. })) {
            self.audit.object_missed(path);
        }
        fetched
    }

    async fn get_tagged(&self, path: &str) -> Result<Option<(Bytes, Tag)>, StoreError> {
        self.place.get_tagged(path).await
    }

    async fn delete(&self, paths: &[String]) -> Result<u64, StoreError> {
        self.audit.objects_deleted(paths);
        self.place.delete(paths).await
    }

    fn list(&self, folder: &str) -> BoxStream<'static, Result<Found, StoreError>> {
        self.place.list(folder)
    }

    async fn date_ms(&self) -> Result<i64, StoreError> {
        self.place.date_ms().await
    }
}
