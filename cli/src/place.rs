//! Where a log lies: a folder, or a store and a ledger by URL; and what a bucket's address does not say.

use std::path::{Path, PathBuf};

use clap::Args;
use ledger::{AwsOptions, ConnectOptions, Secret};
use store::StoreOptions;

use crate::exit::{Ended, Exit};

/// The folder of `dev` when none is named.
pub(crate) const DIR_DEFAULT: &str = "./data";

/// Where a log lies.
#[derive(Debug, Clone, Args)]
pub(crate) struct PlaceArgs {
    /// A folder as `tidelog dev` makes it: the ledger in ledger.db, the objects in objects/
    #[arg(long, value_name = "DIR", env = "TIDELOG_DIR", conflicts_with_all = ["store", "ledger"])]
    pub(crate) dir: Option<PathBuf>,
    /// Where the objects lie: file:DIR or s3://BUCKET/PREFIX
    #[arg(long, value_name = "URL", env = "TIDELOG_STORE", requires = "ledger")]
    pub(crate) store: Option<String>,
    /// What puts them in order: sqlite:PATH, postgres://USER@HOST/DATABASE, dynamodb://TABLE or s3://BUCKET/PREFIX
    #[arg(long, value_name = "URL", env = "TIDELOG_LEDGER", requires = "store")]
    pub(crate) ledger: Option<String>,
    #[command(flatten)]
    pub(crate) aws: AwsArgs,
}

/// How S3 and DynamoDB are reached. Keys come from the environment alone: a command line is seen by others.
#[derive(Debug, Clone, Args)]
pub(crate) struct AwsArgs {
    /// The endpoint of an S3 and a DynamoDB that are not AWS'
    #[arg(long, value_name = "URL", env = "AWS_ENDPOINT_URL")]
    aws_endpoint: Option<String>,
    /// The endpoint of an S3 that is not AWS'
    #[arg(long, value_name = "URL", env = "AWS_ENDPOINT_URL_S3")]
    s3_endpoint: Option<String>,
    /// The endpoint of a DynamoDB that is not AWS'
    #[arg(long, value_name = "URL", env = "AWS_ENDPOINT_URL_DYNAMODB")]
    dynamodb_endpoint: Option<String>,
    /// The region of bucket and table
    #[arg(long, value_name = "REGION", env = "AWS_REGION")]
    aws_region: Option<String>,
    /// Speak to endpoints on other machines without encryption
    #[arg(long, env = "AWS_ALLOW_HTTP")]
    allow_http: bool,
    #[arg(long, hide = true, env = "AWS_DEFAULT_REGION")]
    aws_default_region: Option<String>,
    #[arg(long, hide = true, env = "AWS_ACCESS_KEY_ID", hide_env_values = true)]
    aws_access_key_id: Option<String>,
    #[arg(long, hide = true, env = "AWS_SECRET_ACCESS_KEY", hide_env_values = true)]
    aws_secret_access_key: Option<String>,
    #[arg(long, hide = true, env = "AWS_SESSION_TOKEN", hide_env_values = true)]
    aws_session_token: Option<String>,
    #[arg(long, hide = true, env = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")]
    aws_container_credentials: Option<String>,
    #[arg(long, hide = true, env = "AWS_WEB_IDENTITY_TOKEN_FILE")]
    aws_web_identity_token_file: Option<String>,
    #[arg(long, hide = true, env = "AWS_ROLE_ARN")]
    aws_role_arn: Option<String>,
}

impl AwsArgs {
    /// What is said of AWS.
    fn options(&self) -> AwsOptions {
        let secret = |text: &Option<String>| text.as_ref().map(Secret::new);
        let more = [
            (
                "aws_container_credentials_relative_uri",
                &self.aws_container_credentials,
            ),
            ("aws_web_identity_token_file", &self.aws_web_identity_token_file),
            ("aws_role_arn", &self.aws_role_arn),
        ];
        let settings = more
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), secret(value)?)));
        AwsOptions {
            endpoint: self.aws_endpoint.clone(),
            endpoint_s3: self.s3_endpoint.clone(),
            endpoint_dynamodb: self.dynamodb_endpoint.clone(),
            allow_http: self.allow_http,
            region: self.aws_region.clone().or_else(|| self.aws_default_region.clone()),
            access_key_id: self.aws_access_key_id.clone(),
            secret_access_key: secret(&self.aws_secret_access_key),
            session_token: secret(&self.aws_session_token),
            settings: settings.collect(),
        }
    }

    /// Options of a store that is reached so.
    pub(crate) fn store_options(&self) -> StoreOptions {
        StoreOptions {
            aws: self.options(),
            ..StoreOptions::default()
        }
    }

    /// Options of a ledger that is reached so.
    pub(crate) fn connect_options(&self) -> ConnectOptions {
        ConnectOptions { aws: self.options() }
    }
}

/// The two URLs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// Of the objects.
    pub(crate) store: String,
    /// Of the ledger.
    pub(crate) ledger: String,
}

impl Place {
    /// What a folder of `dev` holds.
    pub(crate) fn in_dir(dir: &Path) -> Place {
        Place {
            store: format!("file:{}", dir.join("objects").display()),
            ledger: format!("sqlite:{}", dir.join("ledger.db").display()),
        }
    }

    /// Refuses a place where nothing is: a look must not make one.
    pub(crate) fn must_exist(&self) -> Result<(), Ended> {
        let path = |url: &str, scheme: &str| {
            url.strip_prefix(scheme)
                .map(|path| PathBuf::from(path.trim_start_matches("//")))
        };
        let missing =
            |what: &str, path: &Path| Ended::new(Exit::NotFound, format!("there is no {what} at {}", path.display()));
        match path(&self.ledger, "sqlite:") {
            Some(file) if !file.is_file() => return Err(missing("ledger", &file)),
            _ => {}
        }
        match path(&self.store, "file:") {
            Some(folder) if !folder.is_dir() => Err(missing("folder of objects", &folder)),
            _ => Ok(()),
        }
    }
}

impl PlaceArgs {
    /// The place that the options name, if they name one. What comes from `tidelog.toml` may name both ways; URLs then
    /// go before the folder.
    pub(crate) fn named(&self) -> Option<Place> {
        match (&self.store, &self.ledger, &self.dir) {
            (Some(store), Some(ledger), _) => Some(Place {
                store: store.clone(),
                ledger: ledger.clone(),
            }),
            (_, _, Some(dir)) => Some(Place::in_dir(dir)),
            _ => None,
        }
    }

    /// The place that the options name, or `./data`.
    pub(crate) fn or_default(&self) -> Place {
        self.named().unwrap_or_else(|| Place::in_dir(Path::new(DIR_DEFAULT)))
    }

    /// The place that the options name; it has to be named.
    pub(crate) fn required(&self) -> Result<Place, Ended> {
        self.named()
            .ok_or_else(|| Ended::usage("say where the log lies: --store URL --ledger URL, or --dir DIR"))
    }
}

#[cfg(test)]
mod tests;
