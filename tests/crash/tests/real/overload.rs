//! The short form of `cargo run --release -p crash -- overload`.

use std::time::Duration;

use anyhow::Result;
use crash::overload::{self, Overload};

use crate::support::tell;

#[tokio::test(flavor = "multi_thread")]
async fn memory_is_bounded() -> Result<()> {
    let overload = Overload::during(Duration::from_secs(10));
    let report = overload::run(env!("CARGO_BIN_EXE_crash").into(), overload).await?;
    tell(&format!("{report:#?}"));
    report.must_be_bounded()
}
