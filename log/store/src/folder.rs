//! Objects as files of a local folder, durable when acknowledged.
//!
//! A put writes `name#1` beside its place, fsyncs it, renames it and fsyncs its folder; that is `object_store`'s. What
//! it leaves open is a folder that another put has just made (`folder::durable` closes that), the replacement of an
//! object by version, and what a killed put leaves behind.

mod durable;
mod staged;

use std::fs::{File, TryLockError};
use std::io::{self, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use object_store::local::LocalFileSystem;
use sha2::{Digest as _, Sha256};
use world::World;

use crate::bucket::{Bucket, explain_io};
use crate::key::hex;
use crate::objects::{Backing, Fetched, Found, Objects, Staged, Tag};
use crate::{Op, StoreError};
use durable::Durable;

/// Held while an object is replaced by version. It lies beside the cluster's folder, where no listing looks.
const LOCK_FILE: &str = "replace.lock";
/// How often, and how long apart, the lock is tried: another process may have been stopped while it held it.
const LOCK_TRIES: u32 = 100;
const LOCK_WAIT: Duration = Duration::from_millis(20);

/// A folder that holds objects.
#[derive(Debug)]
pub struct FolderObjects {
    bucket: Bucket,
    root: PathBuf,
    durable: Arc<Durable>,
    world: World,
}

/// What came of one try to replace an object.
enum Replaced {
    Done(bool),
    Locked,
}

impl FolderObjects {
    /// Opens a folder, and makes it if it is not there. `folder` is a path, or what stands behind `file:` in a URL.
    ///
    /// # Errors
    /// [`StoreError::Setting`] when there is no path; else what the file system said.
    pub async fn open(folder: &str, world: World) -> Result<FolderObjects, StoreError> {
        let folder = folder.strip_prefix("//").unwrap_or(folder);
        if folder.is_empty() {
            let reason = "file: wants a folder behind it".to_owned();
            return Err(StoreError::Setting { reason });
        }
        let wanted = PathBuf::from(folder);
        let made = world.tasks.blocking(move || durable::make(&wanted)).await;
        let root = made.map_err(|error| explain_io(Op::Create, folder, error.to_string(), &error))?;
        let files = LocalFileSystem::new_with_prefix(&root)
            .map_err(|error| StoreError::refused(Op::Create, folder, error.to_string()))?
            .with_fsync(true);
        let files = Arc::new(files);
        Ok(FolderObjects {
            bucket: Bucket::new(files.clone(), files, ""),
            durable: Arc::new(Durable::new(root.clone())),
            root,
            world,
        })
    }

    /// Waits until the way from the root to an object is durable.
    async fn settle(&self, op: Op, path: &str) -> Result<(), StoreError> {
        let (durable, file) = (Arc::clone(&self.durable), self.root.join(path));
        let settled = self.world.tasks.blocking(move || durable.settle(&file)).await;
        settled.map_err(|error| explain_io(op, path, error.to_string(), &error))
    }
}

/// The version of bytes is their hash: a file system's times are too coarse to tell two replacements apart.
fn tag(bytes: &[u8]) -> Tag {
    Tag(hex(&Sha256::digest(bytes)))
}

fn read_if_there(file: &Path) -> io::Result<Option<Vec<u8>>> {
    match std::fs::read(file) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Compares and replaces under the lock, which the system takes away from a process that dies.
fn replace(root: &Path, path: &str, expected: Option<&Tag>, bytes: &[u8], durable: &Durable) -> io::Result<Replaced> {
    let lock = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(root.join(LOCK_FILE))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(Replaced::Locked),
        Err(TryLockError::Error(error)) => return Err(error),
    }
    let file = root.join(path);
    let found = read_if_there(&file)?.map(|bytes| tag(&bytes));
    if found.as_ref() != expected {
        return Ok(Replaced::Done(false));
    }
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    // Named as `object_store` names what it stages, so the same sweep finds it. The lock makes it ours alone.
    let temporary = root.join(format!("{path}#1"));
    let mut staged = File::create(&temporary)?;
    staged.write_all(bytes)?;
    staged.sync_all()?;
    drop(staged);
    std::fs::rename(&temporary, &file)?;
    durable.sync_entry(&file)?;
    durable.settle(&file)?;
    Ok(Replaced::Done(true))
}

#[async_trait]
impl Objects for FolderObjects {
    fn backing(&self) -> Backing {
        Backing::Folder
    }

    fn url(&self) -> String {
        format!("file://{}", self.root.display())
    }

    async fn put(&self, path: &str, parts: &[Bytes]) -> Result<(), StoreError> {
        self.bucket.put(path, parts).await?;
        self.settle(Op::Put, path).await
    }

    async fn create(&self, path: &str, bytes: Bytes) -> Result<bool, StoreError> {
        let created = self.bucket.create(path, bytes).await?;
        // Who finds the file there builds on it: it must be as durable for them as for its creator, who may not have
        // come to the fsync yet.
        let (durable, file) = (Arc::clone(&self.durable), self.root.join(path));
        let synced = self.world.tasks.blocking(move || durable.sync_entry(&file)).await;
        synced.map_err(|error| explain_io(Op::Create, path, error.to_string(), &error))?;
        self.settle(Op::Create, path).await?;
        Ok(created)
    }

    async fn replace(&self, path: &str, expected: Option<&Tag>, bytes: Bytes) -> Result<bool, StoreError> {
        for _ in 0..LOCK_TRIES {
            let (root, durable, name) = (self.root.clone(), Arc::clone(&self.durable), path.to_owned());
            let (expected, bytes) = (expected.cloned(), bytes.clone());
            let attempt = move || replace(&root, &name, expected.as_ref(), &bytes, &durable);
            match self.world.tasks.blocking(attempt).await {
                Ok(Replaced::Done(done)) => return Ok(done),
                Ok(Replaced::Locked) => self.world.clock.sleep(LOCK_WAIT).await,
                Err(error) => return Err(explain_io(Op::Replace, path, error.to_string(), &error)),
            }
        }
        Err(StoreError::Definite {
            op: Op::Replace,
            path: path.to_owned(),
            reason: format!("another process holds {LOCK_FILE}"),
            transient: true,
        })
    }

    async fn get(&self, path: &str, range: Option<Range<u64>>) -> Result<Fetched, StoreError> {
        self.bucket.get(path, range).await
    }

    async fn get_tagged(&self, path: &str) -> Result<Option<(Bytes, Tag)>, StoreError> {
        let file = self.root.join(path);
        match self.world.tasks.blocking(move || read_if_there(&file)).await {
            Ok(found) => Ok(found.map(|bytes| {
                let tag = tag(&bytes);
                (Bytes::from(bytes), tag)
            })),
            Err(error) => Err(explain_io(Op::Get, path, error.to_string(), &error)),
        }
    }

    async fn delete(&self, paths: &[String]) -> Result<u64, StoreError> {
        self.bucket.delete(paths).await
    }

    fn list(&self, folder: &str) -> BoxStream<'static, Result<Found, StoreError>> {
        self.bucket.list(folder)
    }

    async fn date_ms(&self) -> Result<i64, StoreError> {
        // A local folder has no other clock than its machine's.
        Ok(self.world.clock.wall_ms())
    }

    async fn staged(&self, folder: &str) -> Result<Vec<Staged>, StoreError> {
        let (root, below) = (self.root.clone(), folder.to_owned());
        let found = self.world.tasks.blocking(move || staged::find(&root, &below)).await;
        found.map_err(|error| explain_io(Op::List, folder, error.to_string(), &error))
    }

    async fn delete_staged(&self, folder: &str, older_than: Duration) -> Result<u64, StoreError> {
        let age_ms = i64::try_from(older_than.as_millis()).unwrap_or(i64::MAX);
        let before_ms = self.world.clock.wall_ms().saturating_sub(age_ms);
        let (root, below) = (self.root.clone(), folder.to_owned());
        let swept = self
            .world
            .tasks
            .blocking(move || staged::sweep(&root, &below, before_ms))
            .await;
        swept.map_err(|error| explain_io(Op::Delete, folder, error.to_string(), &error))
    }
}

#[cfg(test)]
mod tests;
