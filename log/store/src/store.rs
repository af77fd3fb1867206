//! The store of one cluster, as the rooms above see it: by key, never by path.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use ledger::ClusterId;
use metadata::TopicId;
use world::{Instant, World};

use crate::allowance::Allowance;
use crate::folder::FolderObjects;
use crate::hedge::Hedger;
use crate::key;
use crate::measured::Measured;
use crate::memory::MemoryObjects;
use crate::objects::{Backing, Objects, Staged};
use crate::reader::Reader;
use crate::s3::S3Objects;
use crate::{Key, Kind, Op, ReadClass, StoreError, StoreOptions, SweepRule};

/// Objects of one cluster. Cheap to clone; clones share the cache and the budgets.
#[derive(Debug, Clone)]
pub struct Store {
    room: Arc<Room>,
    cluster: Option<ClusterId>,
    class: ReadClass,
}

#[derive(Debug)]
struct Room {
    objects: Arc<dyn Objects>,
    reader: Arc<Reader>,
    hedger: Hedger,
    keep_written: bool,
}

/// One object of a listing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    /// Its key; `None` where the path is not one of ours.
    pub key: Option<Key>,
    /// Its path below the store's prefix.
    pub path: String,
    /// Its length in bytes.
    pub bytes: u64,
}

impl Store {
    /// Opens the store at a URL: `file:DIR` (made if it is not there), `memory:`, or `s3://BUCKET/PREFIX`.
    ///
    /// # Errors
    /// [`StoreError::Setting`] for a URL or setting that makes no sense; any of a folder that cannot be made.
    pub async fn open(url: &str, options: StoreOptions, world: World) -> Result<Store, StoreError> {
        let objects: Arc<dyn Objects> = if let Some(folder) = url.strip_prefix("file:") {
            Arc::new(FolderObjects::open(folder, world.clone()).await?)
        } else if url.starts_with("s3:") {
            Arc::new(S3Objects::open(url, &options)?)
        } else if url == "memory:" {
            Arc::new(MemoryObjects::new(world.clock.clone()))
        } else {
            let reason = format!("{url:?} is none of file:DIR, s3://BUCKET/PREFIX, memory:");
            return Err(StoreError::Setting { reason });
        };
        Ok(Store::with_objects(objects, options, world))
    }

    /// A store of its own in memory.
    pub fn memory(world: World) -> Store {
        let objects = Arc::new(MemoryObjects::new(world.clock.clone()));
        Store::with_objects(objects, StoreOptions::default(), world)
    }

    /// A store on any place for objects. Each process of a simulation has one of its own on a shared place.
    pub fn with_objects(objects: Arc<dyn Objects>, options: StoreOptions, world: World) -> Store {
        let objects: Arc<dyn Objects> = Arc::new(Measured::new(objects, world.clock.clone(), &options));
        let retries = Arc::new(Allowance::new(options.retries_per_hundred, 10, 10));
        let keep_written = options.keep_written.unwrap_or(objects.backing() == Backing::S3);
        let hedger = Hedger::new(
            Arc::clone(&objects),
            Arc::clone(&retries),
            options.clone(),
            world.clone(),
        );
        let reader = Reader::new(Arc::clone(&objects), retries, options, world);
        let room = Room {
            objects,
            reader: Arc::new(reader),
            hedger,
            keep_written,
        };
        Store {
            room: Arc::new(room),
            cluster: None,
            class: ReadClass::Tail,
        }
    }

    /// The same store, for the keys of this cluster. Before this only `cluster.json` can be read or made.
    #[must_use]
    pub fn with_cluster(&self, cluster: ClusterId) -> Store {
        Store {
            cluster: Some(cluster),
            ..self.clone()
        }
    }

    /// The same store, whose reads take from this budget.
    #[must_use]
    pub fn with_class(&self, class: ReadClass) -> Store {
        Store { class, ..self.clone() }
    }

    /// Where the objects lie.
    pub fn backing(&self) -> Backing {
        self.room.objects.backing()
    }

    /// Where an object lies, as other programs find it: a URL.
    ///
    /// # Errors
    /// [`StoreError::Definite`] for a name that no object can have, or when the store has no cluster yet.
    pub fn location(&self, key: &Key) -> Result<String, StoreError> {
        let path = self.path(Op::Get, key)?;
        Ok(format!("{}/{path}", self.room.objects.url()))
    }

    /// The folder of a topic's lake objects, as other programs find it: a URL without a slash at its end.
    ///
    /// # Errors
    /// [`StoreError::Definite`] when the store has no cluster yet.
    pub fn lake_location(&self, topic: TopicId) -> Result<String, StoreError> {
        let folder = key::lake_folder(topic, &self.own_cluster(Op::Get)?);
        Ok(format!("{}/{folder}", self.room.objects.url()))
    }

    /// How many puts a second are worth their price: 4 on S3, no bound elsewhere.
    pub fn puts_per_second_default(&self) -> Option<f64> {
        (self.backing() == Backing::S3).then_some(4.0)
    }

    /// Writes an object once, under a name nobody has used or will use for other bytes. The parts are not copied.
    /// After `Ok` the object survives a power cut.
    ///
    /// # Errors
    /// [`StoreError::Full`] or [`StoreError::Definite`]: it is not there. [`StoreError::Unknown`]: it may be.
    pub async fn put(&self, key: &Key, parts: Vec<Bytes>) -> Result<(), StoreError> {
        let path = self.writable(key)?;
        self.room.objects.put(&path, &parts).await
    }

    /// Writes an object under one of several names: a second attempt begins when the first is slower than nearly all
    /// were lately, or when it has failed. Which attempt won; the others, should they land, are garbage. What is put for
    /// the tail is kept in the cache where [`StoreOptions::keep_written`] says so.
    ///
    /// # Errors
    /// As [`Store::put`], of the last attempt; unknown when any attempt is, or when the deadline passed.
    pub async fn put_hedged(
        &self,
        attempts: impl Fn(u16) -> Key,
        parts: Vec<Bytes>,
        deadline: Instant,
    ) -> Result<u16, StoreError> {
        let path = |attempt| self.writable(&attempts(attempt));
        let keep = self.room.keep_written && self.class == ReadClass::Tail;
        let kept = keep.then(|| parts.clone());
        let attempt = self.room.hedger.put(path, parts, deadline).await?;
        if let Some(parts) = kept {
            self.remember(&attempts(attempt), &parts);
        }
        Ok(attempt)
    }

    /// Reads a range of bytes, from the cache where it holds them.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Truncated`] when the object ends before the range does; else whatever
    /// failed.
    pub async fn read(&self, key: &Key, range: Range<u64>) -> Result<Bytes, StoreError> {
        let mut bytes = self.read_many(key, std::slice::from_ref(&range)).await?;
        Ok(bytes.pop().unwrap_or_default())
    }

    /// Reads several ranges of one object, in as few requests as its blocks allow.
    ///
    /// # Errors
    /// As [`Store::read`]: all ranges are read or none.
    pub async fn read_many(&self, key: &Key, ranges: &[Range<u64>]) -> Result<Vec<Bytes>, StoreError> {
        let path = self.path(Op::Get, key)?;
        self.room.reader.read(*key, &path, ranges, self.class).await
    }

    /// How long an object is, in bytes.
    ///
    /// # Errors
    /// As [`Store::read`].
    pub async fn object_bytes(&self, key: &Key) -> Result<u64, StoreError> {
        let path = self.path(Op::Get, key)?;
        Ok(self.objects().get(&path, Some(0..1)).await?.object_bytes)
    }

    /// Reads an object or a range of it past the cache, which forgets what it held of this key.
    ///
    /// # Errors
    /// As [`Store::read`].
    pub async fn read_fresh(&self, key: &Key, range: Option<Range<u64>>) -> Result<Bytes, StoreError> {
        let path = self.path(Op::Get, key)?;
        self.room.reader.read_fresh(*key, &path, range, self.class).await
    }

    /// Keeps in the cache what was just written under this key. The bytes are copied: the parts may be slices of much
    /// larger buffers, which the cache would keep alive without counting them.
    fn remember(&self, key: &Key, parts: &[Bytes]) {
        self.room.reader.remember(*key, parts);
    }

    /// Every object of a kind, ordered by path. Paths that are none of our keys come with every kind whose folder
    /// they lie in.
    ///
    /// # Errors
    /// Any of a listing; then nothing is known.
    pub async fn list(&self, kind: Kind) -> Result<Vec<Listed>, StoreError> {
        let mut listed = Vec::new();
        let mut stream = self.list_stream(Some(kind))?;
        while let Some(next) = stream.next().await {
            listed.push(next?);
        }
        listed.sort_unstable_by(|left, right| left.path.cmp(&right.path));
        Ok(listed)
    }

    /// The objects of a kind, or all of this cluster, as they come.
    ///
    /// # Errors
    /// [`StoreError::Definite`] when the store has no cluster yet.
    pub fn list_stream(
        &self,
        kind: Option<Kind>,
    ) -> Result<BoxStream<'static, Result<Listed, StoreError>>, StoreError> {
        let cluster = self.own_cluster(Op::List)?;
        let folder = match kind {
            Some(kind) => kind.prefix(&cluster),
            None => format!("{cluster}/"),
        };
        let listed = self.room.objects.list(&folder).map(move |found| {
            found.map(|found| Listed {
                key: Key::parse(&found.path, &cluster),
                path: found.path,
                bytes: found.bytes,
            })
        });
        let wanted = move |listed: &Result<Listed, StoreError>| {
            let found = listed.as_ref().ok().and_then(|listed| listed.key);
            kind.is_none_or(|kind| found.is_none_or(|key| key.kind() == kind))
        };
        Ok(listed.filter(move |listed| std::future::ready(wanted(listed))).boxed())
    }

    /// Deletes objects; those that are not there count as deleted. How many are gone.
    ///
    /// # Errors
    /// [`StoreError::Definite`] for a key that is never deleted, before anything is; else whatever failed, and some
    /// may be gone.
    pub async fn delete(&self, keys: &[Key]) -> Result<u64, StoreError> {
        let mut paths = Vec::with_capacity(keys.len());
        for key in keys {
            let path = self.path(Op::Delete, key)?;
            if key.sweep_rule() == SweepRule::Never {
                return Err(StoreError::refused(Op::Delete, &path, "it is never deleted"));
            }
            paths.push(path);
        }
        let mut gone = 0;
        for batch in paths.chunks(DELETE_KEYS_MAX) {
            gone += self.room.objects.delete(batch).await?;
        }
        // Their bytes stay in the cache until they fall out: nobody asks for a key that nothing names, and nobody
        // writes it again.
        Ok(gone)
    }

    /// The store's own time in milliseconds since 1970, from an answer to a request made now.
    ///
    /// # Errors
    /// Any of a read.
    pub async fn date_ms(&self) -> Result<i64, StoreError> {
        self.room.objects.date_ms().await
    }

    /// What killed puts left behind in a folder, hidden from every listing. Puts under way show up here too.
    ///
    /// # Errors
    /// Any of a listing.
    pub async fn staged(&self) -> Result<Vec<Staged>, StoreError> {
        let cluster = self.own_cluster(Op::List)?;
        self.room.objects.staged(&format!("{cluster}/")).await
    }

    /// Removes what killed puts left behind and nobody wrote to for this long, and empty folders. How many files are
    /// gone. A put so slow that its file is taken away fails definitely.
    ///
    /// # Errors
    /// Any of a deletion; some may be gone.
    pub async fn sweep_staged(&self, older_than: Duration) -> Result<u64, StoreError> {
        let cluster = self.own_cluster(Op::Delete)?;
        let folder = format!("{cluster}/");
        self.room.objects.delete_staged(&folder, older_than).await
    }

    /// The cluster whose keys this store speaks of.
    pub fn cluster_id(&self) -> Option<ClusterId> {
        self.cluster
    }

    pub(crate) fn objects(&self) -> &dyn Objects {
        self.room.objects.as_ref()
    }

    fn own_cluster(&self, op: Op) -> Result<ClusterId, StoreError> {
        self.cluster
            .ok_or_else(|| StoreError::refused(op, "", "the store was not told its cluster"))
    }

    pub(crate) fn path(&self, op: Op, key: &Key) -> Result<String, StoreError> {
        key.check(op)?;
        Ok(key.path(&self.own_cluster(op)?))
    }

    /// The path of a key that may be put: all but the two that have rules of their own.
    fn writable(&self, key: &Key) -> Result<String, StoreError> {
        let path = self.path(Op::Put, key)?;
        if matches!(key, Key::Cluster | Key::Witness) {
            return Err(StoreError::refused(
                Op::Put,
                &path,
                "it is not written by an ordinary put",
            ));
        }
        Ok(path)
    }
}

/// What S3 takes in one request.
const DELETE_KEYS_MAX: usize = 1000;

#[cfg(test)]
mod tests;
