//! The one room that speaks to DynamoDB through its SDK: how it is reached, and as whom. Each call here is one attempt;
//! whether it is tried again, and what an item means, is decided above.

mod failure;
mod item;
mod items;
mod tables;

use std::future::Future;
use std::time::Duration;

use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Builder, Credentials, ProvideCredentials as _, Region};
use aws_sdk_dynamodb::error::SdkError;
use world::Clock;

use crate::options::{AwsOptions, Secret};

pub(super) use failure::Failure;
pub(super) use item::{BASE, BYTES, CLUSTER, ERA, HASH, Item, POSITION, SEGMENT, SNAPSHOT};
pub(super) use items::{DELETE_ITEMS_MAX, Page, Put, Swap};
pub(super) use tables::{Described, Made};

/// How long a connection may take. A request that got none was not sent.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long it may take to find out as whom AWS is spoken to.
const CREDENTIALS_TIMEOUT: Duration = Duration::from_secs(10);
/// How long one item may take, and how long a page of them. They leave room for credentials to be fetched anew.
const ITEM_TIMEOUT: Duration = Duration::from_secs(2);
const PAGE_TIMEOUT: Duration = Duration::from_secs(4);

/// A table, reachable.
#[derive(Debug)]
pub(super) struct Client {
    sdk: aws_sdk_dynamodb::Client,
    table: String,
    clock: Clock,
}

impl Client {
    /// Makes a client for a table. Nothing is asked of it yet.
    ///
    /// # Errors
    /// Says which option cannot be used.
    pub(super) async fn new(table: &str, options: &AwsOptions, clock: &Clock) -> Result<Client, String> {
        let region = Region::new(options.region().to_owned());
        let mut config = Builder::new()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(region.clone())
            .retry_config(RetryConfig::disabled())
            .timeout_config(TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).build());
        if let Some(endpoint) = options.dynamodb()? {
            config = config.endpoint_url(endpoint.url);
        }
        config = match (&options.access_key_id, &options.secret_access_key) {
            (Some(id), Some(secret)) => {
                let token = options.session_token.as_ref().map(|token| token.reveal().to_owned());
                config.credentials_provider(Credentials::new(id, secret.reveal(), token, None, "options"))
            }
            (None, None) => config.credentials_provider(found(region, clock).await?),
            (id, _) => return Err(half_a_key(id.as_ref(), options.secret_access_key.as_ref())),
        };
        Ok(Client {
            sdk: aws_sdk_dynamodb::Client::from_conf(config.build()),
            table: table.to_owned(),
            clock: clock.clone(),
        })
    }

    /// Makes one attempt. When it is given up it may have happened.
    async fn attempt<T, E>(
        &self,
        patience: Duration,
        request: impl Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send,
    ) -> Result<Result<T, SdkError<E, HttpResponse>>, Failure> {
        // What the SDK makes of a request is large, so it does not lie in the futures of those who wait for it.
        let answer = self.clock.timeout(patience, Box::pin(request)).await;
        answer.map_err(|_| Failure::timed_out(patience.as_millis()))
    }
}

/// Credentials from wherever the SDK looks for them. They are asked for once, so that their lack is told as such.
async fn found(region: Region, clock: &Clock) -> Result<DefaultCredentialsChain, String> {
    let chain = DefaultCredentialsChain::builder().region(region).build().await;
    match clock.timeout(CREDENTIALS_TIMEOUT, chain.provide_credentials()).await {
        Ok(Ok(_)) => Ok(chain),
        Ok(Err(error)) => Err(failure::chain(&error)),
        Err(_) => Err(format!(
            "no credentials of AWS were found within {CREDENTIALS_TIMEOUT:?}"
        )),
    }
}

fn half_a_key(id: Option<&String>, secret: Option<&Secret>) -> String {
    match (id, secret) {
        (Some(_), _) => "an access key's id is given without its secret".to_owned(),
        _ => "an access key's secret is given without its id".to_owned(),
    }
}
