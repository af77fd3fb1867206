//! What a server is set to, and whether a ledger may be kept there.

use tokio_postgres::{Error, Row};

/// The first version with statements as they are written here (`MATERIALIZED`).
const VERSION_MIN: i32 = 12_00_00;

/// What the server said of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) standby: bool,
    pub(super) read_only: bool,
    /// As `server_version_num`: 150018 is 15.18.
    pub(super) version: i32,
    pub(super) synchronous_commit: String,
    pub(super) synchronous_standby_names: String,
    pub(super) fsync: String,
    pub(super) full_page_writes: String,
}

impl Settings {
    pub(super) fn of(row: &Row) -> Result<Settings, Error> {
        Ok(Settings {
            standby: row.try_get("standby")?,
            read_only: row.try_get("read_only")?,
            version: row.try_get("version")?,
            synchronous_commit: row.try_get("synchronous_commit")?,
            synchronous_standby_names: row.try_get("synchronous_standby_names")?,
            fsync: row.try_get("fsync")?,
            full_page_writes: row.try_get("full_page_writes")?,
        })
    }

    /// Whether the statements may not run there.
    pub(super) fn is_too_old(&self) -> bool {
        self.version < VERSION_MIN
    }

    /// Whether a commit may have to wait for a standby.
    pub(super) fn names_standbys(&self) -> bool {
        !self.synchronous_standby_names.trim().is_empty()
    }

    /// Why no ledger may be kept under these settings; the answer changes only when somebody changes them.
    pub(super) fn refusal(&self) -> Option<String> {
        if self.is_too_old() {
            return Some(format!("server version {} is older than {VERSION_MIN}", self.version));
        }
        if self.synchronous_commit == "off" {
            return Some(
                "synchronous_commit is off: what is answered as written could be lost in a crash; set it to on for \
                 the role (ALTER ROLE ... SET synchronous_commit = on)"
                    .to_owned(),
            );
        }
        None
    }

    /// Why nothing can be written there now, though another server at the same address could take it.
    pub(super) fn no_primary(&self) -> Option<&'static str> {
        match (self.standby, self.read_only) {
            (true, _) => Some("the server is a standby: it may be behind, and takes no writes"),
            (_, true) => Some("transactions are read-only there (default_transaction_read_only)"),
            _ => None,
        }
    }

    /// What whoever keeps a ledger there should know.
    pub(super) fn warnings(&self) -> Vec<&'static str> {
        let mut warnings = Vec::new();
        let alone = !self.names_standbys();
        if alone {
            warnings.push(
                "synchronous_standby_names is empty: entries are on this server's disk alone, and a failover loses \
                 what its standby had not received",
            );
        }
        if !alone && self.synchronous_commit == "local" {
            warnings.push("synchronous_commit is local: entries are acknowledged before a standby has them");
        }
        if self.fsync == "off" || self.full_page_writes == "off" {
            warnings.push("fsync or full_page_writes is off: a power cut may lose or damage the ledger");
        }
        warnings
    }
}

#[cfg(test)]
mod tests;
