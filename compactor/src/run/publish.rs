//! Publishing a topic's lake files as a table: what is published is read back, the next version of it drafted, its objects
//! put one after the other, and then proposed. A crash at any point leaves at most objects that nothing names.

mod seen;
mod torn;

use std::collections::BTreeSet;

use bytes::Bytes;
use engine::Engine;
use futures::{StreamExt as _, TryStreamExt as _};
use lake::iceberg::{Draft, Next, Table, TableFile};
use metadata::entry::Publish;
use metadata::entry::proposal::Kind;
use metadata::{Describing, Incarnation, LakeEnd, ObjectName, Published, Rejection, Role, TopicNumber, Verdict};
use seeded::Bug;
use store::{Key, LakeFormat, ReadClass, Store, StoreError};

use self::seen::{Locations, Seen};
use super::{RunError, in_time};
use crate::CompactorConfig;

/// Most snapshots that a table tells of: readers read through all of them.
const SNAPSHOTS_MAX: usize = 50;

/// What came of a publishing.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Publication {
    /// It was taken.
    Taken,
    /// It was not: another may have been first, or the files may have become others meanwhile.
    Refused,
    /// Of these files a part is named no more: a table that told of them would have records twice.
    Torn(BTreeSet<ObjectName>),
}

/// One publishing.
struct Publishing<'a> {
    engine: &'a Engine,
    config: &'a CompactorConfig,
    store: Store,
    seen: Seen,
}

/// What is published, read back.
struct Standing {
    table: Table,
    /// In the order in which they are published.
    objects: Vec<Bytes>,
}

/// What was put.
struct Put {
    life: (Incarnation, u64),
    /// The metadata, the list of manifests, and these.
    objects: Vec<Describing>,
    /// Of which position the oldest snapshot tells.
    oldest: Option<u64>,
}

/// Publishes a topic's lake files as they are now, at `date_ms` by the store's clock.
///
/// With `anew`, what is published is not looked at: no older snapshot is told of.
pub(crate) async fn publish(
    engine: &Engine,
    config: &CompactorConfig,
    topic: TopicNumber,
    date_ms: i64,
    anew: bool,
) -> Result<Publication, RunError> {
    let store = engine.store().with_class(ReadClass::Backfill);
    let Some(seen) = Seen::of(engine, &store, topic).map_err(RunError::Put)? else {
        return Ok(Publication::Refused);
    };
    let publishing = Publishing {
        engine,
        config,
        store,
        seen,
    };
    let standing = match &publishing.seen.published {
        Some(published) if !anew => publishing.standing(published).await?,
        _ => None,
    };
    let files = publishing.seen.locations(&publishing.store).map_err(RunError::Put)?;
    let table = standing.as_ref().map(|standing| &standing.table);
    let new = publishing.described(&files, table).await?;
    let told = table.into_iter().flat_map(Table::told).chain(new.iter().cloned());
    let rows = told.map(|file| (file.location().to_owned(), (file.rows(), file.may_have_whole_batches())));
    let torn = publishing.torn(&files, &rows.collect()).await?;
    if !torn.is_empty() && !seeded::is(Bug::TornTold) {
        return Ok(Publication::Torn(torn));
    }
    let put = publishing.put_all(standing, &files, new, date_ms).await?;
    match publishing.propose(topic, put).await? {
        true => Ok(Publication::Taken),
        false => Ok(Publication::Refused),
    }
}

impl Publishing<'_> {
    /// Reads back what is published; none where that is no more, or is damaged.
    async fn standing(&self, published: &Published) -> Result<Option<Standing>, RunError> {
        let read = self.read_all(published).await?.and_then(|objects| {
            let table = Table::open(&self.seen.identity.uuid, &objects);
            let standing = table.map(|table| Standing { table, objects });
            standing.map_err(|error| error.to_string())
        });
        match read {
            Ok(standing) => Ok(Some(standing)),
            Err(what) => {
                let topic = &self.seen.name;
                tracing::warn!(
                    topic,
                    what,
                    "what is published as a table cannot be read; it is made anew"
                );
                Ok(None)
            }
        }
    }

    /// The bytes of all objects; why they are no more.
    async fn read_all(&self, published: &Published) -> Result<Result<Vec<Bytes>, String>, RunError> {
        let mut objects = Vec::with_capacity(published.objects.len());
        for (key, checksum) in Key::describing(self.seen.id, published) {
            let read = in_time(self.engine, 1, self.store.read_fresh(&key, None)).await;
            match read.map_err(|slow| RunError::Unreadable(slow.to_string()))? {
                Ok(bytes) if crc32c::crc32c(&bytes) == checksum => objects.push(bytes),
                Ok(_) => return Ok(Err(format!("{key:?} is damaged"))),
                Err(error @ StoreError::NotFound { .. }) => return Ok(Err(error.to_string())),
                Err(error) => return Err(RunError::Unreadable(error.to_string())),
            }
        }
        Ok(Ok(objects))
    }

    /// Drafts the version after `standing`, and puts what it is made of.
    async fn put_all(
        &self,
        standing: Option<Standing>,
        files: &Locations,
        new: Vec<TableFile>,
        date_ms: i64,
    ) -> Result<Put, RunError> {
        let (table, before) = standing.map_or((None, Vec::new()), |they| (Some(they.table), they.objects));
        let history_ms = i64::try_from(self.seen.history_ms).unwrap_or(i64::MAX);
        let published = self.seen.published.as_ref();
        let next = Next {
            identity: &self.seen.identity,
            files: files.keys().cloned().collect(),
            new,
            position: self.seen.position,
            era: self.seen.era,
            sequence: published.map_or(0, |published| published.sequence) + 1,
            at_ms: date_ms,
            since_ms: date_ms.saturating_sub(history_ms),
            snapshots_max: SNAPSHOTS_MAX,
        };
        let draft = Draft::new(table, next)?;
        // Of what is published, what is there still: nothing of it where a table is made anew.
        let held = |at: usize| Some((*published?.objects.get(at)?, before.get(at)?.clone()));
        let kept = draft.kept().iter().filter_map(|&at| held(at + 2));
        let (kept, mut manifests): (Vec<Describing>, Vec<Bytes>) = kept.unzip();
        let mut made = Vec::with_capacity(draft.manifests().len());
        for manifest in draft.manifests() {
            made.push(self.put(manifest, LakeFormat::Avro).await?.0);
            manifests.push(manifest.clone());
        }
        let made_at: Result<Vec<String>, RunError> = made.iter().map(|object| self.lies(object)).collect();
        let list = draft.list(&made_at?)?;
        let list_name = match &list {
            Some(list) => Some(self.put(list, LakeFormat::Avro).await?.0),
            None => held(1).map(|(list, _)| list),
        };
        let list_at = list.as_ref().and(list_name.as_ref()).map(|object| self.lies(object));
        let (metadata, oldest) = draft.metadata(list_at.transpose()?)?;
        if let Some(list) = list {
            let objects: Vec<Bytes> = [metadata.clone(), list].into_iter().chain(manifests).collect();
            let table = Table::open(&self.seen.identity.uuid, &objects)?;
            let told = table.files().into_keys();
            if table.entries() != files.len() || !told.eq(files.keys().map(String::as_str)) {
                return Err(RunError::Verify("it does not tell of the topic's files".to_owned()));
            }
        }
        let (name, life) = self.put(&metadata, LakeFormat::Json).await?;
        let objects = std::iter::once(name).chain(list_name).chain(kept).chain(made);
        Ok(Put {
            life,
            objects: objects.collect(),
            oldest,
        })
    }

    /// What is to be told of the files that the version before does not know: their ends are read for it.
    async fn described(&self, files: &Locations, table: Option<&Table>) -> Result<Vec<TableFile>, RunError> {
        let known = table.map(Table::files).unwrap_or_default();
        let new = files.iter().filter(|(at, _)| !known.contains_key(at.as_str()));
        let new: Vec<_> = new.map(|(at, &file)| (at.clone(), file)).collect();
        let reads = new.into_iter().map(|(at, (name, end))| self.describe(at, name, end));
        let reads = futures::stream::iter(reads).buffered(self.config.reads_at_once.max(1));
        reads.try_collect().await
    }

    async fn describe(&self, location: String, name: ObjectName, end: LakeEnd) -> Result<TableFile, RunError> {
        let file = self.open(&location, name, end).await?;
        Ok(TableFile::new(&file, &self.seen.identity, location)?)
    }

    /// Puts an object under a name of its own, which has a life and a flush.
    async fn put(&self, bytes: &Bytes, format: LakeFormat) -> Result<(Describing, (Incarnation, u64)), RunError> {
        let life = self.engine.next_flush(Role::Compactor).ok_or(RunError::NoLife)?;
        let name = |attempt| ObjectName {
            incarnation: life.0,
            flush: life.1,
            attempt,
        };
        let key = |attempt| Key::LakeMetadata(self.seen.id, name(attempt), format);
        let deadline = self.engine.world().clock.now() + self.config.put_deadline;
        let put = self.store.put_hedged(key, vec![bytes.clone()], deadline).await;
        let put = Describing {
            name: name(put.map_err(RunError::Put)?),
            checksum: crc32c::crc32c(bytes),
        };
        Ok((put, life))
    }

    fn lies(&self, object: &Describing) -> Result<String, RunError> {
        let key = Key::LakeMetadata(self.seen.id, object.name, LakeFormat::Avro);
        self.store.location(&key).map_err(RunError::Put)
    }

    async fn propose(&self, topic: TopicNumber, put: Put) -> Result<bool, RunError> {
        let position = self.seen.position;
        let replaces = self.seen.published.as_ref().and_then(Published::metadata);
        let publish = Publish {
            topic,
            replaces: replaces.map(Into::into),
            seen: position,
            oldest: put.oldest.unwrap_or(position).min(position),
            objects: put.objects.into_iter().map(Into::into).collect(),
        };
        let kind = Kind::Publish(publish);
        let verdicts = self.engine.propose(Role::Compactor, kind, Some(put.life), "").await?;
        let rejected = verdicts.into_iter().find_map(|verdict| match verdict {
            Verdict::Rejected(rejection) => Some(rejection),
            Verdict::Applied(_) => None,
        });
        match &rejected {
            None => {}
            Some(rejection @ (Rejection::SeenChanged { .. } | Rejection::UnknownTopic)) => {
                tracing::debug!(%rejection, topic = self.seen.name, "a table was published too late");
            }
            Some(rejection) => tracing::warn!(%rejection, topic = self.seen.name, "a table was not published"),
        }
        Ok(rejected.is_none())
    }
}
