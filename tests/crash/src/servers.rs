//! Real servers that `infra/local/run` started: where they are, and a log of its own on them.

use std::ffi::OsString;
use std::net::SocketAddr;

use anyhow::{Context as _, Result, ensure};
use clap::ValueEnum;
use proxy::Mode;
use world::World;

use crate::command;
use crate::stand::Stand;

/// The key, secret and bucket of the test servers.
const KEY: &str = "testkey";
const SECRET: &str = "testsecret";
const BUCKET: &str = "tidelog";

/// What orders a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LedgerServer {
    /// PostgreSQL.
    Postgres,
    /// A DynamoDB.
    Dynamodb,
    /// The bucket in which the objects are, too.
    Bucket,
}

/// What keeps a log's objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StoreServer {
    /// MinIO.
    Minio,
    /// SeaweedFS.
    Seaweedfs,
}

/// Where both are.
#[derive(Clone, Copy, Debug)]
pub struct Servers {
    /// Which ledger.
    pub ledger: LedgerServer,
    /// Where it listens; where the store does, when it is the bucket.
    pub ledger_at: SocketAddr,
    /// Where the store listens.
    pub store_at: SocketAddr,
}

impl Servers {
    /// As the environment says.
    ///
    /// # Errors
    /// When it does not say where one of them is.
    pub fn from_environment(ledger: LedgerServer, store: StoreServer) -> Result<Servers> {
        let store_at = address(match store {
            StoreServer::Minio => "TIDELOG_TEST_MINIO",
            StoreServer::Seaweedfs => "TIDELOG_TEST_SEAWEEDFS",
        })?;
        let ledger_at = match ledger {
            LedgerServer::Postgres => address("TIDELOG_TEST_POSTGRES")?,
            LedgerServer::Dynamodb => address("TIDELOG_TEST_DYNAMODB")?,
            LedgerServer::Bucket => store_at,
        };
        Ok(Servers {
            ledger,
            ledger_at,
            store_at,
        })
    }

    /// What a proxy before the ledger understands; none when the ledger is behind the store's.
    pub fn ledger_mode(&self) -> Option<Mode> {
        match self.ledger {
            LedgerServer::Postgres => Some(Mode::Tcp),
            LedgerServer::Dynamodb => Some(Mode::Http),
            LedgerServer::Bucket => None,
        }
    }

    /// A log by this name, reached where the servers listen.
    pub fn stand(&self, log: &str) -> Stand {
        self.through(log, self.ledger_at, self.store_at)
    }

    /// The same log, reached elsewhere.
    pub fn through(&self, log: &str, ledger_at: SocketAddr, store_at: SocketAddr) -> Stand {
        let mut options = vec!["--s3-endpoint".to_owned(), format!("http://{store_at}")];
        let ledger = match self.ledger {
            LedgerServer::Postgres => format!("postgres://postgres@{ledger_at}/postgres?log={log}"),
            LedgerServer::Dynamodb => {
                options.extend(["--dynamodb-endpoint".to_owned(), format!("http://{ledger_at}")]);
                format!("dynamodb://tidelog?log={log}")
            }
            LedgerServer::Bucket => format!("s3://{BUCKET}/{log}/ledger"),
        };
        let own = [("AWS_ACCESS_KEY_ID", KEY), ("AWS_SECRET_ACCESS_KEY", SECRET)];
        Stand {
            ledger,
            store: format!("s3://{BUCKET}/{log}/objects"),
            options: options.into_iter().map(OsString::from).collect(),
            variables: own.map(|(name, value)| (name, value.to_owned())).to_vec(),
        }
    }

    /// Makes what an agent does not make for itself: the table.
    ///
    /// # Errors
    /// When it cannot be made.
    pub async fn furnish(&self) -> Result<()> {
        if self.ledger != LedgerServer::Dynamodb {
            return Ok(());
        }
        let stand = self.stand("none");
        let options = ["ledger", "create", "--ledger", "dynamodb://tidelog"].map(OsString::from);
        let output = command::run(&stand, options.into_iter().chain(stand.options.clone())).await?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "the table was not made: {said}");
        Ok(())
    }
}

/// A name that no log had before.
pub fn fresh_name(what: &str) -> String {
    format!("{what}-{:016x}", World::real().chance.u64())
}

/// Where a URL of the environment points.
fn address(variable: &str) -> Result<SocketAddr> {
    let url = std::env::var_os(variable).and_then(|url| url.into_string().ok());
    let url =
        url.with_context(|| format!("{variable} does not say where the server is; run this through infra/local/run"))?;
    let (_, rest) = url.split_once("://").with_context(|| format!("{variable}: {url}"))?;
    let authority = rest.split('/').next().unwrap_or_default();
    let at = authority.rsplit('@').next().unwrap_or_default();
    at.parse().with_context(|| format!("{variable}: {url}"))
}
