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

use super::Power;
use crate::audit::Audit;

/// The place of all processes.
#[derive(Debug)]
pub(crate) struct WatchedObjects {
    place: Arc<MemoryObjects>,
    audit: Audit,
    power: Arc<Power>,
    /// Every name that was ever put, and the hash of what was put under it.
    put: Mutex<BTreeMap<String, [u8; 32]>>,
}

impl WatchedObjects {
    pub(crate) fn new(place: Arc<MemoryObjects>, audit: Audit, power: Arc<Power>) -> WatchedObjects {
        WatchedObjects {
            place,
            audit,
            power,
            put: Mutex::default(),
        }
    }

    /// What is there now, where the power may fail before something else is durable.
    async fn before(&self, path: &str) -> Option<Bytes> {
        if !self.power.fails() {
            return None;
        }
        self.place.get(path, None).await.ok().map(|fetched| fetched.bytes)
    }

    /// The power failed before an object was durable: what was there before is there again, or nothing, or a part.
    pub(crate) async fn undo(&self, path: &str, before: Option<Bytes>, kept: Option<usize>) {
        let now = self.place.get(path, None).await.ok().map(|fetched| fetched.bytes);
        let torn = kept.and_then(|kept| Some(now.as_ref()?.slice(..kept.min(now.as_ref()?.len()))));
        // Nothing can be done about a place in memory that fails; it does not.
        match torn.or(before) {
            Some(bytes) => drop(self.place.put(path, &[bytes]).await),
            None => drop(self.place.delete(&[path.to_owned()]).await),
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

    fn url(&self) -> String {
        self.place.url()
    }

    async fn put(&self, path: &str, parts: &[Bytes]) -> Result<(), StoreError> {
        self.note_put(path, parts);
        let before = self.before(path).await;
        self.place.put(path, parts).await?;
        self.power.write_object(path, before).await;
        Ok(())
    }

    async fn create(&self, path: &str, bytes: Bytes) -> Result<bool, StoreError> {
        self.place.create(path, bytes).await
    }

    async fn replace(&self, path: &str, expected: Option<&Tag>, bytes: Bytes) -> Result<bool, StoreError> {
        let before = self.before(path).await;
        let replaced = self.place.replace(path, expected, bytes).await?;
        if replaced {
            self.power.write_object(path, before).await;
        }
        Ok(replaced)
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
