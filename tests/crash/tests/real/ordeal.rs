//! The short form of `cargo run --release -p crash -- ordeal`.

use std::time::Duration;

use anyhow::Result;
use crash::ordeal::{self, Ordeal};

use crate::support::tell;

#[tokio::test(flavor = "multi_thread")]
async fn whatever_befalls_the_history_is_without_anomaly() -> Result<()> {
    let report = Box::pin(ordeal::run(Ordeal::during(Duration::from_secs(15)))).await?;
    tell(&format!("{report:?}"));
    Ok(())
}
