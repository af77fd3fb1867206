//! The calls of the seam that every `object_store` backend answers alike, and what its errors mean.

use std::error::Error as _;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _};
use object_store::client::{HttpError, HttpErrorKind};
use object_store::path::Path;
use object_store::{
    Error, Extensions, GetOptions, GetRange, ObjectStore, ObjectStoreExt as _, PutMode, PutOptions, PutPayload,
    UpdateVersion,
};

use crate::objects::{Fetched, Found, Tag};
use crate::{Op, StoreError};

/// An `object_store` backend below a prefix.
#[derive(Debug, Clone)]
pub(crate) struct Bucket {
    /// For what is tried again above, or must not be tried again unseen.
    hasty: Arc<dyn ObjectStore>,
    /// For lists and deletions, which the backend's client may try again itself.
    patient: Arc<dyn ObjectStore>,
    /// Empty, or without a `/` at either end.
    prefix: String,
}

impl Bucket {
    pub(crate) fn new(hasty: Arc<dyn ObjectStore>, patient: Arc<dyn ObjectStore>, prefix: &str) -> Bucket {
        Bucket {
            hasty,
            patient,
            prefix: prefix.trim_matches('/').to_owned(),
        }
    }

    pub(crate) async fn put(&self, path: &str, parts: &[Bytes]) -> Result<(), StoreError> {
        let location = self.location(Op::Put, path)?;
        let payload = PutPayload::from_iter(parts.iter().cloned());
        let options = PutOptions::from(PutMode::Overwrite);
        match self.hasty.put_opts(&location, payload, options).await {
            Ok(_) => Ok(()),
            Err(error) => Err(explain(Op::Put, path, &error)),
        }
    }

    /// `Ok(false)` may be about our own bytes, and may be said where nothing is (S3's 409): whoever asked reads back.
    pub(crate) async fn create(&self, path: &str, bytes: Bytes) -> Result<bool, StoreError> {
        let location = self.location(Op::Create, path)?;
        let options = PutOptions::from(PutMode::Create);
        match self.hasty.put_opts(&location, bytes.into(), options).await {
            Ok(_) => Ok(true),
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => Ok(false),
            Err(error) => Err(explain(Op::Create, path, &error)),
        }
    }

    /// As [`Bucket::create`]: whoever asked reads back.
    pub(crate) async fn replace(&self, path: &str, expected: &Tag, bytes: Bytes) -> Result<bool, StoreError> {
        let location = self.location(Op::Replace, path)?;
        let version = UpdateVersion {
            e_tag: Some(expected.0.clone()),
            version: None,
        };
        let options = PutOptions::from(PutMode::Update(version));
        match self.hasty.put_opts(&location, bytes.into(), options).await {
            Ok(_) => Ok(true),
            // S3 answers a missing key with 404, a lost race with 409 or 412.
            Err(Error::Precondition { .. } | Error::AlreadyExists { .. } | Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(explain(Op::Replace, path, &error)),
        }
    }

    pub(crate) async fn get(&self, path: &str, range: Option<Range<u64>>) -> Result<Fetched, StoreError> {
        let location = self.location(Op::Get, path)?;
        let options = GetOptions {
            range: range.clone().map(GetRange::Bounded),
            ..GetOptions::default()
        };
        let result = match self.hasty.get_opts(&location, options).await {
            Ok(result) => result,
            Err(error) => return Err(self.explain_get(&location, path, range, &error).await),
        };
        let object_bytes = result.meta.size;
        let bytes = result.bytes().await.map_err(|error| explain(Op::Get, path, &error))?;
        Ok(Fetched { bytes, object_bytes })
    }

    /// Every backend refuses a range that begins beyond the end in words of its own; the length tells.
    async fn explain_get(&self, location: &Path, path: &str, range: Option<Range<u64>>, error: &Error) -> StoreError {
        let explained = explain(Op::Get, path, error);
        let Some(range) = range.filter(|_| matches!(error, Error::Generic { .. })) else {
            return explained;
        };
        match self.hasty.head(location).await {
            Ok(meta) if meta.size <= range.start => StoreError::Truncated {
                path: path.to_owned(),
                wanted: range.end,
                got: meta.size,
            },
            _ => explained,
        }
    }

    pub(crate) async fn get_tagged(&self, path: &str) -> Result<Option<(Bytes, Tag)>, StoreError> {
        let location = self.location(Op::Get, path)?;
        let result = match self.hasty.get_opts(&location, GetOptions::default()).await {
            Ok(result) => result,
            Err(Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(explain(Op::Get, path, &error)),
        };
        let tag = Tag(result.meta.e_tag.clone().unwrap_or_default());
        match result.bytes().await {
            Ok(bytes) => Ok(Some((bytes, tag))),
            Err(error) => Err(explain(Op::Get, path, &error)),
        }
    }

    pub(crate) async fn delete(&self, paths: &[String]) -> Result<u64, StoreError> {
        let locations = paths
            .iter()
            .map(|path| self.location(Op::Delete, path))
            .collect::<Result<Vec<_>, _>>()?;
        let first = paths.first().cloned().unwrap_or_default();
        let locations = futures::stream::iter(locations.into_iter().map(Ok)).boxed();
        let mut answers = self.patient.delete_stream(locations);
        let mut gone = 0;
        while let Some(answer) = answers.next().await {
            match answer {
                Ok(_) | Err(Error::NotFound { .. }) => gone += 1,
                Err(error) => return Err(explain(Op::Delete, &first, &error)),
            }
        }
        Ok(gone)
    }

    pub(crate) fn list(&self, folder: &str) -> BoxStream<'static, Result<Found, StoreError>> {
        let location = match self.location(Op::List, folder.trim_end_matches('/')) {
            Ok(location) => location,
            Err(error) => return futures::stream::iter([Err(error)]).boxed(),
        };
        let (folder, prefix) = (folder.to_owned(), self.prefix.clone());
        let place = Some(location).filter(|location| !location.as_ref().is_empty());
        let found = self.patient.list(place.as_ref()).map_ok(move |meta| {
            let path = meta.location.as_ref();
            let below = path.strip_prefix(&prefix).unwrap_or(path);
            Found {
                path: below.trim_start_matches('/').to_owned(),
                bytes: meta.size,
            }
        });
        found.map_err(move |error| explain(Op::List, &folder, &error)).boxed()
    }

    /// What the transport noted of the answer about one object.
    pub(crate) async fn extensions(&self, op: Op, path: &str) -> Result<Extensions, StoreError> {
        let location = self.location(op, path)?;
        let options = GetOptions::default().with_head(true);
        match self.patient.get_opts(&location, options).await {
            Ok(result) => Ok(result.extensions),
            Err(error) => Err(explain(op, path, &error)),
        }
    }

    fn location(&self, op: Op, path: &str) -> Result<Path, StoreError> {
        let whole = match (self.prefix.is_empty(), path.is_empty()) {
            (true, _) => path.to_owned(),
            (false, true) => self.prefix.clone(),
            (false, false) => format!("{}/{path}", self.prefix),
        };
        Path::parse(whole).map_err(|error| StoreError::refused(op, path, error.to_string()))
    }
}

/// What an error of `object_store` says: above all, whether a write may have happened.
pub(crate) fn explain(op: Op, path: &str, error: &Error) -> StoreError {
    let reason = error.to_string();
    match error {
        Error::NotFound { .. } => StoreError::NotFound { path: path.to_owned() },
        Error::Generic { .. } | Error::JoinError { .. } => explain_cause(op, path, reason, error),
        // Credentials, permissions, settings, paths: the answer came, and it was no.
        _ => StoreError::refused(op, path, reason),
    }
}

fn explain_cause(op: Op, path: &str, reason: String, error: &Error) -> StoreError {
    let mut cause = error.source();
    while let Some(inner) = cause {
        // The outer before the inner: an HTTP error may have come of one of the network's.
        if let Some(failed) = inner.downcast_ref::<HttpError>() {
            return explain_http(op, path, reason, failed);
        }
        if let Some(failed) = inner.downcast_ref::<io::Error>() {
            return explain_io(op, path, reason, failed);
        }
        cause = inner.source();
    }
    StoreError::passing(op, path, reason)
}

/// A full disk is seen before the rename that makes an object visible, so nothing was written. Other faults of a disk
/// may also strike when the folder's own entry is made durable, after the rename.
pub(crate) fn explain_io(op: Op, path: &str, reason: String, error: &io::Error) -> StoreError {
    use io::ErrorKind;
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => StoreError::Full {
            path: path.to_owned(),
            reason,
        },
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem | ErrorKind::NotADirectory => {
            StoreError::refused(op, path, reason)
        }
        _ => StoreError::passing(op, path, reason),
    }
}

/// A connection that never came about carried nothing. All else (and what is left of status codes here: mostly 5xx,
/// for `object_store` gives the usual 4xx variants of their own) says nothing: it may have been carried out.
fn explain_http(op: Op, path: &str, reason: String, error: &HttpError) -> StoreError {
    if error.kind() == HttpErrorKind::Connect {
        return StoreError::Definite {
            op,
            path: path.to_owned(),
            reason,
            transient: true,
        };
    }
    StoreError::passing(op, path, reason)
}

#[cfg(test)]
mod tests;
