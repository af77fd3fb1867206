//! Objects in a bucket that speaks S3.

mod date;

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use ledger::s3::client::{self, Manner};
use object_store::aws::AmazonS3;

use crate::bucket::Bucket;
use crate::objects::{Backing, Fetched, Found, Objects, Tag};
use crate::{Op, StoreError, StoreOptions};
use date::{DateConnector, ServerDate};

/// A bucket, below a prefix.
///
/// Two clients stand on it. One tries nothing again: what is put or read is tried again above, under another name or
/// within an allowance, and a conditional put must not be (the first try may land without an answer, and the second
/// then be told that something is there). The other tries lists and deletions again by itself.
#[derive(Debug)]
pub struct S3Objects {
    bucket: Bucket,
    url: String,
}

impl S3Objects {
    /// Opens `s3://BUCKET/PREFIX`. Nothing is asked of the bucket yet.
    ///
    /// # Errors
    /// [`StoreError::Setting`].
    pub fn open(url: &str, options: &StoreOptions) -> Result<S3Objects, StoreError> {
        let (bucket, prefix) = client::split(url).map_err(setting)?;
        let hasty = Arc::new(open(bucket, options, 0)?);
        let patient = Arc::new(open(bucket, options, 3)?);
        Ok(S3Objects {
            bucket: Bucket::new(hasty, patient, prefix),
            url: format!("s3://{bucket}/{prefix}").trim_end_matches('/').to_owned(),
        })
    }
}

fn setting(reason: String) -> StoreError {
    StoreError::Setting { reason }
}

fn open(bucket: &str, options: &StoreOptions, retries_max: usize) -> Result<AmazonS3, StoreError> {
    let manner = Manner {
        timeout: options.put_timeout.max(options.read_timeout),
        retries_max,
        retries_timeout: Duration::from_secs(10),
        // Over TLS nothing can change on the way, so a second hash of every segment is saved.
        unsigned_over_tls: true,
    };
    client::client(bucket, &options.aws, &manner, DateConnector).map_err(setting)
}

#[async_trait]
impl Objects for S3Objects {
    fn backing(&self) -> Backing {
        Backing::S3
    }

    fn url(&self) -> String {
        self.url.clone()
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
        // The one object that is always there. Only an answer that is no error carries the date up to here.
        let extensions = self.bucket.extensions(Op::Date, "cluster.json").await?;
        match extensions.get::<ServerDate>() {
            Some(ServerDate(date_ms)) => Ok(*date_ms),
            None => Err(StoreError::refused(
                Op::Date,
                "cluster.json",
                "the answer bears no date",
            )),
        }
    }
}

#[cfg(test)]
mod tests;
