//! The seam: what a place for objects must be able to do. Everything above it (caching, hedging, retries) is written
//! once; faults are a wrapper of it. A path is relative to the store's prefix; this file knows no keys.

use std::fmt;
use std::ops::Range;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;

use crate::StoreError;

/// Where objects lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backing {
    /// In this process' memory.
    Memory,
    /// In a local folder.
    Folder,
    /// In a bucket that speaks S3.
    S3,
}

/// Which version of an object was read. Opaque: only its place compares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag(pub String);

/// Bytes of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// What was there of the range.
    pub bytes: Bytes,
    /// How long the object is, in bytes.
    pub object_bytes: u64,
}

/// One object of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its path.
    pub path: String,
    /// Its length in bytes.
    pub bytes: u64,
}

/// What a killed put left behind in a folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Staged {
    /// Its path, which no listing shows.
    pub path: String,
    /// Its length in bytes.
    pub bytes: u64,
    /// When it was last written to, in milliseconds since 1970.
    pub modified_ms: i64,
}

/// A place for objects.
#[async_trait]
pub trait Objects: fmt::Debug + Send + Sync {
    /// Where they lie.
    fn backing(&self) -> Backing;

    /// Where they lie, as other programs find them: a URL without a slash at its end, before which no path stands.
    fn url(&self) -> String;

    /// Writes an object, over whatever is there. After `Ok` it survives a power cut. The parts are not copied.
    async fn put(&self, path: &str, parts: &[Bytes]) -> Result<(), StoreError>;

    /// Writes an object where nothing is: false when something is there.
    async fn create(&self, path: &str, bytes: Bytes) -> Result<bool, StoreError>;

    /// Writes an object over the version that is expected (none: where nothing is): false when another one is there.
    async fn replace(&self, path: &str, expected: Option<&Tag>, bytes: Bytes) -> Result<bool, StoreError>;

    /// Reads an object, or what there is of a range of it. A range that begins beyond the end is
    /// [`StoreError::Truncated`].
    async fn get(&self, path: &str, range: Option<Range<u64>>) -> Result<Fetched, StoreError>;

    /// Reads a small object with its version.
    async fn get_tagged(&self, path: &str) -> Result<Option<(Bytes, Tag)>, StoreError>;

    /// Deletes objects; those that are not there count as deleted. How many are gone.
    async fn delete(&self, paths: &[String]) -> Result<u64, StoreError>;

    /// Every object below a folder (`""` or ending in `/`), in no promised order.
    fn list(&self, folder: &str) -> BoxStream<'static, Result<Found, StoreError>>;

    /// The store's own time, in milliseconds since 1970, from an answer that began after the call.
    async fn date_ms(&self) -> Result<i64, StoreError>;

    /// What killed puts left behind at the top and below a folder. Only a local folder has any.
    async fn staged(&self, folder: &str) -> Result<Vec<Staged>, StoreError> {
        let _ = folder;
        Ok(Vec::new())
    }

    /// Removes what killed puts left behind at the top and below a folder and was last written to longer ago than
    /// this, and empty folders. How many files are gone.
    async fn delete_staged(&self, folder: &str, older_than: Duration) -> Result<u64, StoreError> {
        let _ = (folder, older_than);
        Ok(0)
    }
}
