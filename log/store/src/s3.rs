//! Objects in a bucket that speaks S3.

mod date;

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey};
use object_store::{BackoffConfig, ClientOptions, RetryConfig};

use crate::bucket::Bucket;
use crate::objects::{Backing, Fetched, Found, Objects, Tag};
use crate::{Op, StoreError, StoreOptions};
use date::{DateConnector, ServerDate};

/// Connections kept for the next request: one each for the puts and reads that a busy process has under way.
const IDLE_CONNECTIONS_MAX: usize = 128;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A bucket, below a prefix.
///
/// Two clients stand on it. One tries nothing again: what is put or read is tried again above, under another name or
/// within an allowance, and a conditional put must not be (the first try may land without an answer, and the second
/// then be told that something is there). The other tries lists and deletions again by itself.
#[derive(Debug)]
pub struct S3Objects {
    bucket: Bucket,
}

impl S3Objects {
    /// Opens `s3://BUCKET/PREFIX`. Nothing is asked of the bucket yet.
    ///
    /// # Errors
    /// [`StoreError::Setting`].
    pub fn open(url: &str, options: &StoreOptions) -> Result<S3Objects, StoreError> {
        let (bucket, prefix) = split(url)?;
        let hasty = Arc::new(client(bucket, options, 0)?);
        let patient = Arc::new(client(bucket, options, 3)?);
        Ok(S3Objects {
            bucket: Bucket::new(hasty, patient, prefix),
        })
    }
}

/// Bucket and prefix.
fn split(url: &str) -> Result<(&str, &str), StoreError> {
    let rest = url.strip_prefix("s3://").unwrap_or_default();
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    if bucket.is_empty() {
        let reason = format!("{url:?} is not s3://BUCKET/PREFIX");
        return Err(StoreError::Setting { reason });
    }
    Ok((bucket, prefix.trim_matches('/')))
}

fn client(bucket: &str, options: &StoreOptions, max_retries: usize) -> Result<AmazonS3, StoreError> {
    let setting = |reason: String| StoreError::Setting { reason };
    let aws = &options.aws;
    let endpoint = aws.s3().map_err(setting)?;
    let plain = endpoint.as_ref().is_some_and(|endpoint| endpoint.plain);
    let http = ClientOptions::new()
        .with_allow_http(plain)
        .with_connect_timeout(CONNECT_TIMEOUT)
        .with_timeout(options.put_timeout.max(options.read_timeout))
        .with_pool_max_idle_per_host(IDLE_CONNECTIONS_MAX);
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(bucket)
        .with_region(aws.region())
        .with_virtual_hosted_style_request(false)
        // Over TLS nothing can change on the way, so a second hash of every segment is saved.
        .with_unsigned_payload(!plain)
        .with_client_options(http)
        .with_retry(retries(max_retries))
        .with_http_connector(DateConnector);
    for (name, value) in &aws.settings {
        let key: AmazonS3ConfigKey = name.parse().map_err(|_| setting(format!("{name:?} is not known")))?;
        builder = builder.with_config(key, value.reveal());
    }
    if let Some(endpoint) = endpoint {
        builder = builder.with_endpoint(endpoint.url);
    }
    if let Some(id) = &aws.access_key_id {
        builder = builder.with_access_key_id(id);
    }
    if let Some(secret) = &aws.secret_access_key {
        builder = builder.with_secret_access_key(secret.reveal());
    }
    if let Some(token) = &aws.session_token {
        builder = builder.with_token(token.reveal());
    }
    builder.build().map_err(|error| setting(error.to_string()))
}

fn retries(max_retries: usize) -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(50),
            ..BackoffConfig::default()
        },
        max_retries,
        retry_timeout: Duration::from_secs(10),
    }
}

#[async_trait]
impl Objects for S3Objects {
    fn backing(&self) -> Backing {
        Backing::S3
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
