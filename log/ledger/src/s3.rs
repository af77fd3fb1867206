//! Objects of a bucket: needs nothing but a place that speaks S3, with conditional puts.
//!
//! ```text
//! <prefix>/entries/<position, 20 digits>     an entry, as it was put: If-None-Match keeps each position to one
//! <prefix>/base                              the base record, replaced by If-Match
//! <prefix>/probe                             by which a process sees, before its first write, that conditions are heeded
//! ```
//!
//! The server judges one key at a time, so base and predecessor are looked at by the layer above, after the put.
//!
//! **A conditional put is sent once.** Were it sent again after an answer that was lost, the second would be told that
//! something is there, of our own bytes. What became of it is then unknown, and reading tells. A proxy may still send a put
//! twice behind our back: [`Append::Taken`] of one's own bytes does no harm, for who is told so reads on, and folds
//! them as any others; the base is read back.

mod ahead;
pub mod client;
mod exchange;
mod failure;
mod record;
pub mod rules;
pub mod scripted;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt as _;
use object_store::aws::AmazonS3;
use object_store::list::{PaginatedListOptions, PaginatedListStore as _};
use object_store::path::Path;
use object_store::{Error, GetOptions, GetResult, ObjectStore as _, PutMode, PutOptions, PutResult, UpdateVersion};
use tokio::sync::OnceCell;
use world::{Clock, World};

use crate::backend::{Append, Backend, Base, Looks, RawRead};
use crate::error::{LedgerError, OpenError};
use crate::ids::{Hash, Position};
use crate::options::AwsOptions;
use client::Manner;
use exchange::{Exchange, NotingConnector};
use watch::Watched;

/// The most bytes of a stored entry.
const ENTRY_BYTES_MAX: usize = 1 << 20;
/// A look is three requests. A process with much to answer looks twenty times a second.
const LOOK_INTERVAL: Duration = Duration::from_millis(50);
/// An entry is a put as well, so that what travels inside one saves its own: half the price, and half the way. What speaks
/// against it is that everyone who follows reads it; a quarter of a MiB takes some milliseconds, less than the round trip saved.
const INLINE_BYTES_MAX: usize = 256 << 10;
/// How long one request may take; whoever calls may be less patient. S3 answers nearly all within a second. SeaweedFS takes
/// seconds for what many put at once.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);
/// How often a read, a list or a deletion is tried again.
const RETRIES_MAX: usize = 2;
/// How often a change of the base is tried whose race nobody has won yet, and the pause between.
const TRIES: u32 = 8;
const PAUSE: Duration = Duration::from_millis(50);
/// The most keys of one deletion; what S3 takes.
const DELETE_KEYS_MAX: u32 = 1000;
/// An `ETag` that no object has.
const NO_TAG: &str = "\"00000000000000000000000000000000\"";

/// A ledger in a bucket.
#[derive(Debug)]
pub struct S3Ledger {
    /// For conditional puts.
    once: AmazonS3,
    /// For what may be tried again.
    patient: Arc<AmazonS3>,
    /// Empty, or ending in `/`.
    prefix: String,
    clock: Clock,
    watched: Watched,
    pace: ahead::Pace,
    /// Conditions were seen to be heeded.
    heeded: OnceCell<()>,
}

/// What became of a conditional put.
enum Put {
    Done,
    /// Its condition did not hold (412, and 404 for If-Match of what is not there), or another put of the key was under way
    /// (409). Nothing was written.
    Lost,
}

impl S3Ledger {
    /// Opens `s3://BUCKET/PREFIX`. Nothing is asked of the bucket yet.
    ///
    /// # Errors
    /// When the URL or a setting makes no sense, or the bucket is of a kind that cannot hold a ledger.
    pub fn open(url: &str, aws: &AwsOptions, world: &World) -> Result<S3Ledger, OpenError> {
        let unusable = |what: String| OpenError::Unusable { what };
        let (bucket, prefix) = client::split(url).map_err(unusable)?;
        let express = aws.settings.keys().any(|name| name.ends_with("s3_express"));
        if express || bucket.ends_with("--x-s3") {
            let what = "a directory bucket lists its keys in no order, and is in one zone alone";
            return Err(unusable(what.to_owned()));
        }
        if Path::parse(prefix).is_err() {
            return Err(unusable(format!("{prefix:?} is no prefix of keys")));
        }
        let client = |retries_max: usize| {
            let manner = Manner {
                timeout: REQUEST_TIMEOUT,
                retries_max,
                retries_timeout: REQUEST_TIMEOUT,
                // Bodies are small, and their hash lets the server see damage that TLS does not cover.
                unsigned_over_tls: false,
            };
            client::client(bucket, aws, &manner, NotingConnector).map_err(unusable)
        };
        Ok(S3Ledger {
            once: client(0)?,
            patient: Arc::new(client(RETRIES_MAX)?),
            prefix: match prefix {
                "" => String::new(),
                prefix => format!("{prefix}/"),
            },
            clock: world.clock.clone(),
            watched: Watched::new(&world.clock),
            pace: ahead::Pace::default(),
            heeded: OnceCell::new(),
        })
    }

    fn entry(&self, position: Position) -> Path {
        Path::from(format!("{}entries/{position:020}", self.prefix))
    }

    fn named(&self, name: &str) -> Path {
        Path::from(format!("{}{name}", self.prefix))
    }

    async fn put(&self, key: &Path, bytes: Bytes, mode: PutMode) -> Result<Put, LedgerError> {
        let exchange = Exchange::default();
        let options = PutOptions {
            extensions: exchange.extensions(),
            ..PutOptions::from(mode)
        };
        let answer: Result<PutResult, Error> = self.once.put_opts(key, bytes.into(), options).await;
        match answer {
            Ok(_) => Ok(Put::Done),
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => Ok(Put::Lost),
            Err(error) => Err(failure::of_write(&exchange, &error)),
        }
    }

    /// An object, or its head alone; none when it is not there.
    async fn get(&self, key: &Path, head: bool) -> Result<Option<GetResult>, LedgerError> {
        let exchange = Exchange::default();
        let options = GetOptions {
            extensions: exchange.extensions(),
            ..GetOptions::default().with_head(head)
        };
        match self.patient.get_opts(key, options).await {
            Ok(result) => Ok(Some(result)),
            Err(error @ Error::NotFound { .. }) => match failure::is_bucket_missing(&error) {
                true => Err(LedgerError::refused(error.to_string())),
                false => Ok(None),
            },
            Err(error) => Err(failure::of_read(&exchange, &error)),
        }
    }

    async fn get_entry(&self, position: Position) -> Result<Option<Bytes>, LedgerError> {
        match self.get(&self.entry(position), false).await? {
            Some(result) => body(result).await.map(Some),
            None => Ok(None),
        }
    }

    /// The base, and the tag of the object that says it.
    async fn tagged_base(&self) -> Result<Option<(Base, String)>, LedgerError> {
        let Some(result) = self.get(&self.named("base"), false).await? else {
            return Ok(None);
        };
        let tag = result.meta.e_tag.clone().unwrap_or_default();
        let base = record::decode(&body(result).await?)?;
        Ok(Some((base, tag)))
    }

    /// A server that takes a condition and does not heed it would give one position to two writers, and say nothing. So each
    /// process asks before its first write, by an object that is there for nothing else.
    async fn must_heed(&self) -> Result<(), LedgerError> {
        let asked = self.heeded.get_or_try_init(|| self.probe()).await;
        match asked {
            Ok(()) => Ok(()),
            // Of what was to be written nothing was sent.
            Err(LedgerError::Unknown { reason }) => Err(LedgerError::unavailable(reason)),
            Err(error) => Err(error),
        }
    }

    async fn probe(&self) -> Result<(), LedgerError> {
        let (key, bytes) = (self.named("probe"), Bytes::from_static(b"tidelog"));
        let create = || self.put(&key, bytes.clone(), PutMode::Create);
        // Done the first time anyone asks, and never again.
        if matches!(create().await?, Put::Done) && matches!(create().await?, Put::Done) {
            return Err(LedgerError::refused(
                "the server does not heed If-None-Match, so it cannot keep a ledger",
            ));
        }
        match self.put(&key, bytes.clone(), over(NO_TAG)).await? {
            Put::Lost => Ok(()),
            Put::Done => Err(LedgerError::refused(
                "the server does not heed If-Match, so it cannot keep a ledger",
            )),
        }
    }

    /// Up to `limit` keys of entries below a position, the lowest first.
    async fn below(&self, position: Position, limit: usize) -> Result<Vec<Path>, LedgerError> {
        let folder = format!("{}entries/", self.prefix);
        let mut found: Vec<Path> = Vec::new();
        let mut page_token = None;
        loop {
            let exchange = Exchange::default();
            let options = PaginatedListOptions {
                max_keys: Some(limit),
                page_token,
                extensions: exchange.extensions(),
                ..PaginatedListOptions::default()
            };
            let listed = self.patient.list_paginated(Some(&folder), options).await;
            let listed = listed.map_err(|error| failure::of_read(&exchange, &error))?;
            // Keys are of one width, so their order is that of positions. What is no entry is left alone.
            let mut beyond = false;
            for object in listed.result.objects {
                match position_of(&object.location) {
                    Some(at) if at < position => found.push(object.location),
                    Some(_) => beyond = true,
                    None => {}
                }
            }
            page_token = listed.page_token.filter(|_| !beyond && found.len() < limit);
            if page_token.is_none() {
                found.sort();
                found.truncate(limit);
                return Ok(found);
            }
        }
    }
}

/// In place of the version with this tag.
fn over(tag: &str) -> PutMode {
    PutMode::Update(UpdateVersion {
        e_tag: Some(tag.to_owned()),
        version: None,
    })
}

/// The position that a key of an entry names.
fn position_of(key: &Path) -> Option<Position> {
    let name = key.filename().filter(|name| name.len() == 20)?;
    name.bytes()
        .all(|digit| digit.is_ascii_digit())
        .then(|| name.parse().ok())?
}

async fn body(result: GetResult) -> Result<Bytes, LedgerError> {
    result
        .bytes()
        .await
        .map_err(|error| LedgerError::unavailable(error.to_string()))
}

#[async_trait]
impl Backend for S3Ledger {
    async fn append(&self, position: Position, _previous: Hash, envelope: Bytes) -> Result<Append, LedgerError> {
        let (bytes, bytes_max) = (envelope.len(), ENTRY_BYTES_MAX);
        if bytes > bytes_max {
            return Err(LedgerError::TooLarge { bytes, bytes_max });
        }
        self.must_heed().await?;
        match self.put(&self.entry(position), envelope, PutMode::Create).await? {
            Put::Done => {
                self.watched.saw(position);
                Ok(Append::Appended)
            }
            Put::Lost => Ok(Append::Taken),
        }
    }

    async fn read(&self, from: Position, max_bytes: usize) -> Result<RawRead, LedgerError> {
        self.read_ahead(from, max_bytes).await
    }

    async fn base(&self) -> Result<Option<Base>, LedgerError> {
        Ok(self.tagged_base().await?.map(|(base, _)| base))
    }

    async fn create_base(&self, base: &Base) -> Result<bool, LedgerError> {
        self.must_heed().await?;
        let bytes = record::encode(base)?;
        for _ in 0..TRIES {
            if let Put::Done = self.put(&self.named("base"), bytes.clone(), PutMode::Create).await? {
                return Ok(true);
            }
            // Another's put may have been under way, and come to nothing.
            if self.tagged_base().await?.is_some() {
                return Ok(false);
            }
            self.clock.sleep(PAUSE).await;
        }
        Err(LedgerError::unavailable("others are making the base record"))
    }

    /// If-Match judges that the base is what was read here, and so `old`. That the entry which `new` names is there is looked
    /// at just before, for no store judges two keys at once.
    ///
    /// What remains: a bucket that is put back to an older state between that look and the put, and whose base was then
    /// the same, to the byte, gets a base beyond its end. Nothing is acknowledged in vain there: whoever appends or
    /// reads behind this base finds no predecessor, calls it a loss and stops. But no halt can be appended either, since no
    /// chain leads to the end: the ledger stays shut until an operator puts a newer state of the bucket back.
    async fn advance_base(&self, old: &Base, new: &Base) -> Result<bool, LedgerError> {
        self.must_heed().await?;
        let bytes = record::encode(new)?;
        for tried in 0..TRIES {
            let Some((current, tag)) = self.tagged_base().await? else {
                return Ok(false);
            };
            // A copy of our own put that a proxy made may have been before it.
            if tried > 0 && current == *new {
                return Ok(true);
            }
            if current != *old || new.position < old.position {
                return Ok(false);
            }
            let there = self.get_entry(new.position).await?;
            if there.map(|entry| Hash::of(&entry)) != Some(new.hash) {
                return Ok(false);
            }
            if let Put::Done = self.put(&self.named("base"), bytes.clone(), over(&tag)).await? {
                return Ok(true);
            }
            self.clock.sleep(PAUSE).await;
        }
        Err(LedgerError::unavailable("others are changing the base record"))
    }

    /// One list, and one request that deletes what it found. In which order a server deletes the keys of a request, nobody
    /// says; so while it does, and when it is cut off, a position below may be free while a lower one is not. That is
    /// no worse than a prefix that is gone: all of them lie below the base, which has moved and which every append and
    /// read looks at, and a body is read there only if the next entry carries its hash. The next call begins at the lowest.
    async fn delete_below(&self, position: Position, limit: u32) -> Result<u64, LedgerError> {
        let limit = usize::try_from(limit.min(DELETE_KEYS_MAX)).unwrap_or(usize::MAX);
        if limit == 0 {
            return Ok(0);
        }
        let keys = self.below(position, limit).await?;
        let keys = futures::stream::iter(keys.into_iter().map(Ok)).boxed();
        let mut answers = self.patient.delete_stream(keys);
        let mut deleted = 0;
        while let Some(answer) = answers.next().await {
            match answer {
                Ok(_) | Err(Error::NotFound { .. }) => deleted += 1,
                Err(error) => return Err(failure::of_deletion(&error)),
            }
        }
        Ok(deleted)
    }

    async fn watch(&self, after: Position) -> Result<(), LedgerError> {
        self.watch_for(after).await
    }

    fn looks(&self) -> Looks {
        Looks::AfterPut
    }

    fn entry_bytes_max(&self) -> usize {
        ENTRY_BYTES_MAX
    }

    fn look_interval(&self) -> Duration {
        LOOK_INTERVAL
    }

    fn inline_bytes_max(&self) -> usize {
        INLINE_BYTES_MAX
    }
}

#[cfg(test)]
mod tests;
