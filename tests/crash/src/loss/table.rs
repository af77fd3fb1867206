//! The ledger's table, looked at behind its back.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};

use crate::postgres::Postgres;

/// The entries of one log on a server.
#[derive(Debug)]
pub struct Table<'s> {
    /// The server.
    pub server: &'s Postgres,
    /// The log's name.
    pub log: &'s str,
}

impl Table<'_> {
    /// Hashes by position, as `position|hash`.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn rows(&self) -> Result<BTreeMap<String, String>> {
        let statement = format!(
            "SELECT lpad(position::text, 20, '0'), encode(hash, 'hex') FROM tidelog_entry WHERE log = '{}'",
            self.log
        );
        let said = self.server.sql(&statement).await?;
        let row = |line: &str| line.split_once('|').map(|(at, hash)| (at.to_owned(), hash.to_owned()));
        Ok(said.lines().filter_map(row).collect())
    }

    /// The table begins as it was before and is shorter by some entries, and behind what is left stands one that was not
    /// there: the halt. How many are lost.
    ///
    /// # Errors
    /// When it has anything else.
    pub async fn must_end_in_a_halt(&self, before: &BTreeMap<String, String>) -> Result<usize> {
        let mut rows = self.rows().await?;
        let halt = rows.pop_last();
        let strange = rows.iter().find(|(at, hash)| before.get(*at) != Some(hash));
        ensure!(strange.is_none(), "was not there before: {strange:?}");
        let written_over = halt.as_ref().is_some_and(|(at, hash)| before.get(at) != Some(hash));
        ensure!(
            written_over && rows.len() < before.len(),
            "{} rows of {}, then {halt:?}",
            rows.len(),
            before.len()
        );
        Ok(before.len() - rows.len())
    }
}
