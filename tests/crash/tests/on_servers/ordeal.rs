//! The short form of `crash ordeal --ledger ... --store ...`.

use std::time::Duration;

use anyhow::Result;
use crash::ordeal::{self, Ordeal};
use crash::servers::{LedgerServer, Servers, StoreServer};

async fn ordeal(ledger: LedgerServer) -> Result<()> {
    let servers = Servers::from_environment(ledger, StoreServer::Seaweedfs)?;
    let report = Box::pin(ordeal::run(Ordeal::on(servers, Duration::from_secs(20)))).await?;
    let said = format!("{report:?}\n");
    std::io::Write::write_all(&mut std::io::stderr(), said.as_bytes())?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_and_seaweedfs() -> Result<()> {
    ordeal(LedgerServer::Postgres).await
}

#[tokio::test(flavor = "multi_thread")]
async fn dynamodb_and_seaweedfs() -> Result<()> {
    ordeal(LedgerServer::Dynamodb).await
}
