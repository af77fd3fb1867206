//! The operator: looks at the ledger, and accepts the loss.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::{Table, Trial};
use crate::command;

impl Trial {
    pub(super) async fn must_be_described(&self, era: u64, halted: bool) -> Result<()> {
        let output = command::told(&self.place, &["ledger", "describe", "-o", "json"]).await?;
        let described: Value = serde_json::from_slice(&output.stdout)?;
        let expected = (Some(if halted { 3 } else { 0 }), &json!(era), &json!(halted));
        let found = (output.status.code(), &described["era"], &described["halted"]);
        ensure!(found == expected, "{}: {described}", output.status);
        Ok(())
    }

    /// A compactor deletes nothing while the loss stands.
    ///
    /// # Errors
    /// When it does.
    pub async fn must_not_sweep(&self) -> Result<()> {
        let output = command::told(&self.place, &["compactor", "--once", "-o", "json"]).await?;
        let upkeep: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        let deleted = ["objects_deleted", "entries_deleted", "base_position"].map(|name| upkeep[name].as_u64());
        ensure!(deleted.into_iter().all(|many| many.unwrap_or(0) == 0), "{upkeep}");
        Ok(())
    }

    /// The operator accepts the loss: told first what is there, then once and no more.
    ///
    /// # Errors
    /// When that goes otherwise.
    pub async fn accept(&self, table: &Table<'_>, note: &str) -> Result<()> {
        let before = table.rows().await?;
        let asked = command::told(&self.place, &["ledger", "accept-loss", "--note", note]).await?;
        ensure!(asked.status.success(), "{asked:?}");
        ensure!(table.rows().await? == before, "without --yes something was written");
        let words = ["ledger", "accept-loss", "--note", note, "--yes", "-o", "json"];
        let accepted = command::told(&self.place, &words).await?;
        let described: Value = serde_json::from_slice(&accepted.stdout).with_context(|| format!("{accepted:?}"))?;
        ensure!(
            accepted.status.success() && described["era"] == json!(2),
            "{accepted:?}"
        );
        let again = command::told(&self.place, &words).await?;
        ensure!(!again.status.success(), "accepted twice: {again:?}");
        self.must_be_described(2, false).await
    }
}
