//! What the URL of a ledger or a store does not say: how AWS, or whoever speaks like it, is reached. Nothing here reads
//! the environment; that enters through the command line.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

use url::{Host, Url};

/// What is needed to open a ledger beside its URL.
#[derive(Debug, Clone, Default)]
pub struct ConnectOptions {
    /// For `dynamodb:` and `s3:`.
    pub aws: AwsOptions,
}

/// How S3 and DynamoDB are reached, and as whom.
#[derive(Debug, Clone, Default)]
pub struct AwsOptions {
    /// The URL of an endpoint that is not AWS' own, for every service that has none of its own below.
    pub endpoint: Option<String>,
    /// The URL of an endpoint of S3.
    pub endpoint_s3: Option<String>,
    /// The URL of an endpoint of DynamoDB.
    pub endpoint_dynamodb: Option<String>,
    /// Whether an endpoint on another machine may be spoken to without encryption.
    pub allow_http: bool,
    /// The region; `us-east-1` when not given.
    pub region: Option<String>,
    /// The access key's id. For `dynamodb:`, without it and its secret, the SDK's default chain looks for credentials (it
    /// reads the environment by itself, profiles, and the role of the container or machine).
    pub access_key_id: Option<String>,
    /// The access key's secret.
    pub secret_access_key: Option<Secret>,
    /// The token of temporary credentials.
    pub session_token: Option<Secret>,
    /// For `s3:` alone: more settings by the names that `object_store` gives them (`aws_container_credentials_relative_uri`,
    /// `aws_web_identity_token_file`...); unknown ones are refused.
    pub settings: BTreeMap<String, Secret>,
}

impl AwsOptions {
    /// The endpoint of S3, if it is not AWS' own.
    ///
    /// # Errors
    /// Says why the endpoint cannot be used: it is no URL of a server, or would be spoken to in the clear.
    pub fn s3(&self) -> Result<Option<Endpoint>, String> {
        self.checked(self.endpoint_s3.as_ref())
    }

    /// The endpoint of DynamoDB, if it is not AWS' own.
    ///
    /// # Errors
    /// As for [`Self::s3`].
    pub fn dynamodb(&self) -> Result<Option<Endpoint>, String> {
        self.checked(self.endpoint_dynamodb.as_ref())
    }

    /// The region.
    pub fn region(&self) -> &str {
        self.region.as_deref().unwrap_or("us-east-1")
    }

    fn checked(&self, own: Option<&String>) -> Result<Option<Endpoint>, String> {
        let Some(text) = own.or(self.endpoint.as_ref()) else {
            return Ok(None);
        };
        let url = Url::parse(text).map_err(|error| format!("endpoint {text:?}: {error}"))?;
        let plain = match (url.scheme(), url.host()) {
            ("https", Some(_)) => false,
            ("http", Some(host)) if self.allow_http || is_loopback(&host) => true,
            ("http", Some(_)) => {
                return Err(format!(
                    "endpoint {text:?} would be spoken to in the clear; --allow-http says that this is meant"
                ));
            }
            _ => return Err(format!("endpoint {text:?} is not http://HOST or https://HOST")),
        };
        let url = text.trim_end_matches('/').to_owned();
        Ok(Some(Endpoint { url, plain }))
    }
}

/// Whether what is sent there stays on this machine.
fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(address) => IpAddr::from(*address).is_loopback(),
        Host::Ipv6(address) => IpAddr::from(*address).is_loopback(),
    }
}

/// Where a service is, when it is not AWS' own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Its URL, without a slash at its end.
    pub url: String,
    /// Whether it is spoken to without encryption.
    pub plain: bool,
}

/// Text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hides the text.
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(text.into())
    }

    /// The text itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Secret(...)")
    }
}

#[cfg(test)]
mod tests;
