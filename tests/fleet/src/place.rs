//! Where the measured logs lie: each run has a log of its own beside those of others.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use ledger::{AwsOptions, Backend, ConnectOptions, Secret};
use store::{FolderObjects, Objects, S3Objects, Store, StoreOptions};
use url::Url;
use world::World;

use crate::counted::{CountedLedger, CountedObjects, Counters};
use crate::latency::Latency;

/// Where to measure. Each run makes a log of its own: a folder, a prefix or a name beside the one that is given.
#[derive(Clone, Debug, Args)]
pub struct PlaceArgs {
    /// The ledger: sqlite:PATH, postgres://USER@HOST/DATABASE, dynamodb://TABLE or s3://BUCKET/PREFIX
    #[arg(long, value_name = "URL")]
    pub ledger: String,
    /// The objects: file:DIR or s3://BUCKET/PREFIX
    #[arg(long, value_name = "URL")]
    pub store: String,
    /// The endpoint of S3
    #[arg(long, value_name = "URL", env = "AWS_ENDPOINT_URL_S3")]
    pub s3_endpoint: Option<String>,
    /// The endpoint of DynamoDB
    #[arg(long, value_name = "URL", env = "AWS_ENDPOINT_URL_DYNAMODB")]
    pub dynamodb_endpoint: Option<String>,
    /// The key of S3 and DynamoDB
    #[arg(long, hide = true, env = "AWS_ACCESS_KEY_ID", hide_env_values = true)]
    pub aws_access_key_id: Option<String>,
    /// Its secret
    #[arg(long, hide = true, env = "AWS_SECRET_ACCESS_KEY", hide_env_values = true)]
    pub aws_secret_access_key: Option<String>,
}

impl PlaceArgs {
    /// How the services are reached.
    pub fn aws(&self) -> AwsOptions {
        AwsOptions {
            endpoint_s3: self.s3_endpoint.clone(),
            endpoint_dynamodb: self.dynamodb_endpoint.clone(),
            access_key_id: self.aws_access_key_id.clone(),
            secret_access_key: self.aws_secret_access_key.as_ref().map(Secret::new),
            ..AwsOptions::default()
        }
    }

    /// A fresh log.
    ///
    /// # Errors
    /// When a URL names nothing that several agents can share, or the counters cannot be made.
    pub fn fresh(&self, world: &World) -> Result<Place> {
        let run = format!("fleet-{:012x}", world.chance.u64() >> 16);
        Ok(Place {
            ledger: fresh_url(&self.ledger, &run)?,
            store: fresh_url(&self.store, &run)?,
            aws_ledger: self.aws(),
            aws_store: self.aws(),
            counters: Counters::new()?,
        })
    }
}

/// A log that is measured.
#[derive(Clone, Debug)]
pub struct Place {
    ledger: String,
    store: String,
    /// How the ledger is reached; the store may be reached another way, through a proxy.
    pub aws_ledger: AwsOptions,
    /// How the store is reached.
    pub aws_store: AwsOptions,
    /// What all its agents ask of ledger and store.
    pub counters: Counters,
}

impl Place {
    /// The ledger as one more process sees it.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub async fn ledger(&self, world: &World) -> Result<Arc<dyn Backend>> {
        let options = ConnectOptions {
            aws: self.aws_ledger.clone(),
        };
        if self.ledger.starts_with("dynamodb:") {
            let made = ledger::create(&self.ledger, &options, world).await;
            made.context("cannot make the table")?;
        }
        let inner = ledger::connect(&self.ledger, &options, world).await;
        let inner = inner.context("cannot open the ledger")?;
        Ok(Arc::new(CountedLedger::new(inner, self.counters.clone())))
    }

    /// The store as one more process sees it.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub async fn store(&self, world: &World) -> Result<Store> {
        let options = StoreOptions {
            aws: self.aws_store.clone(),
            ..StoreOptions::default()
        };
        let inner: Arc<dyn Objects> = match self.store.strip_prefix("file:") {
            Some(folder) => Arc::new(FolderObjects::open(folder, world.clone()).await?),
            None => Arc::new(S3Objects::open(&self.store, &options)?),
        };
        let counted = CountedObjects::new(inner, self.counters.clone(), world.clock.clone());
        Ok(Store::with_objects(Arc::new(counted), options, world.clone()))
    }

    /// What the ledger's requests are counted by, where it is a service that charges for them.
    pub fn ledger_endpoint(&self) -> Option<&String> {
        match self.ledger.split_once(':').map(|(scheme, _)| scheme) {
            Some("dynamodb") => self.aws_ledger.endpoint_dynamodb.as_ref(),
            Some("s3") => self.aws_ledger.endpoint_s3.as_ref(),
            _ => None,
        }
    }

    /// Has the ledger's requests go to another endpoint.
    pub fn send_ledger_to(&mut self, endpoint: &str) {
        let endpoints = [&mut self.aws_ledger.endpoint_dynamodb, &mut self.aws_ledger.endpoint_s3];
        for known in endpoints {
            if known.is_some() {
                *known = Some(endpoint.to_owned());
            }
        }
    }
}

/// The same place under a name of its own.
fn fresh_url(url: &str, run: &str) -> Result<String> {
    let (scheme, rest) = url.split_once(':').unwrap_or((url, ""));
    Ok(match scheme {
        "sqlite" => format!("{url}-{run}"),
        "file" | "s3" => format!("{}/{run}", url.trim_end_matches('/')),
        "postgres" | "postgresql" | "dynamodb" => {
            let joint = if rest.contains('?') { '&' } else { '?' };
            format!("{url}{joint}log={run}")
        }
        _ => bail!("several agents cannot share {url:?}"),
    })
}

/// Where the server of an endpoint listens.
///
/// # Errors
/// When it is no URL with an address.
pub fn address(endpoint: &str) -> Result<SocketAddr> {
    let url = Url::parse(endpoint).with_context(|| format!("endpoint {endpoint:?}"))?;
    let addresses = url.socket_addrs(|| None)?;
    addresses.first().copied().context("an endpoint without an address")
}

/// The name of a ledger in tables: its scheme.
pub fn scheme(url: &str) -> &str {
    url.split_once(':').map_or(url, |(scheme, _)| scheme)
}

/// A ratio to the floor, for people.
pub fn times(measured: &Latency, floor: &Latency) -> f64 {
    measured.p50_ms / floor.p50_ms.max(0.001)
}

#[cfg(test)]
mod tests;
