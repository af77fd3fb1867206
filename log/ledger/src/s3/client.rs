//! A client of a bucket, from a URL and what is said of AWS. Stores are reached through it too, so that both are reached
//! alike. It knows neither entries nor objects.

use std::time::Duration;

use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey};
use object_store::client::HttpConnector;
use object_store::{BackoffConfig, ClientOptions, RetryConfig};

use crate::options::AwsOptions;

/// Connections kept for the next request: one each for the puts and reads that a busy process has under way.
const IDLE_CONNECTIONS_MAX: usize = 128;
/// For how long. Servers close what is idle, S3 after some twenty seconds; a request that meets a connection being closed
/// has no answer, and nobody knows whether it was carried out.
const IDLE_MAX: Duration = Duration::from_secs(15);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How a client goes about its requests.
#[derive(Debug, Clone, Copy)]
pub struct Manner {
    /// How long one request may take.
    pub timeout: Duration,
    /// How often a request is tried again that failed by the network, or with 5xx, 429 or 408. A conditional put must not be:
    /// the first try may land without an answer, and the second then be told that something is there.
    pub retries_max: usize,
    /// How long a request and its retries may take.
    pub retries_timeout: Duration,
    /// Whether bodies are sent unsigned where the endpoint speaks TLS.
    pub unsigned_over_tls: bool,
}

/// Bucket and prefix of `s3://BUCKET/PREFIX`; the prefix has no `/` at either end, and may be empty.
///
/// # Errors
/// Says what is wrong with the URL.
pub fn split(url: &str) -> Result<(&str, &str), String> {
    let rest = url.strip_prefix("s3://").unwrap_or_default();
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    match bucket.is_empty() {
        true => Err(format!("{url:?} is not s3://BUCKET/PREFIX")),
        false => Ok((bucket, prefix.trim_matches('/'))),
    }
}

/// A client of a bucket. Nothing is asked of the bucket yet.
///
/// # Errors
/// Says which setting makes no sense, or that the endpoint would be spoken to in the clear.
pub fn client(
    bucket: &str,
    aws: &AwsOptions,
    manner: &Manner,
    connector: impl HttpConnector,
) -> Result<AmazonS3, String> {
    let builder = builder(bucket, aws, manner)?.with_http_connector(connector);
    builder.build().map_err(|error| error.to_string())
}

fn builder(bucket: &str, aws: &AwsOptions, manner: &Manner) -> Result<AmazonS3Builder, String> {
    let endpoint = aws.s3()?;
    let plain = endpoint.as_ref().is_some_and(|endpoint| endpoint.plain);
    let http = ClientOptions::new()
        .with_allow_http(plain)
        .with_connect_timeout(CONNECT_TIMEOUT)
        .with_timeout(manner.timeout)
        .with_pool_idle_timeout(IDLE_MAX)
        .with_pool_max_idle_per_host(IDLE_CONNECTIONS_MAX);
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(bucket)
        .with_region(aws.region())
        // AWS asks for the bucket's own host name. No certificate fits one with dots, and no other server need know them.
        .with_virtual_hosted_style_request(endpoint.is_none() && !bucket.contains('.'))
        .with_unsigned_payload(manner.unsigned_over_tls && !plain)
        .with_client_options(http)
        .with_retry(retries(manner));
    for (name, value) in &aws.settings {
        let key: AmazonS3ConfigKey = name.parse().map_err(|_| format!("{name:?} is not known"))?;
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
    Ok(builder)
}

fn retries(manner: &Manner) -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(50),
            ..BackoffConfig::default()
        },
        max_retries: manner.retries_max,
        retry_timeout: manner.retries_timeout,
    }
}

#[cfg(test)]
mod tests;
