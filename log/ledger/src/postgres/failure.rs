//! What the server's codes mean here: did it happen, and is it worth trying again?

use std::error::Error as _;
use std::fmt::Write as _;

use tokio_postgres::Error;
use tokio_postgres::error::{DbError, Severity, SqlState};

use crate::error::LedgerError;

/// A statement that writes failed.
///
/// What comes with severity ERROR came before the transaction's commit record and ended it: definite. Anything else is
/// unknown: the connection broke, or the server ended it (FATAL), which it may do after the commit too.
pub(super) fn of_write(error: &Error) -> LedgerError {
    let reason = shown(error);
    match error.as_db_error() {
        Some(said) if is_error(said) && *said.code() != SqlState::T_R_STATEMENT_COMPLETION_UNKNOWN => {
            definite(said, reason)
        }
        _ => LedgerError::Unknown { reason },
    }
}

/// A statement that reads failed.
pub(super) fn of_read(error: &Error) -> LedgerError {
    let reason = shown(error);
    match error.as_db_error() {
        Some(said) => definite(said, reason),
        None => LedgerError::Unavailable { reason },
    }
}

/// Connecting failed, or something that was asked while it was set up.
pub(super) fn of_connect(error: &Error) -> LedgerError {
    let reason = shown(error);
    match error.as_db_error() {
        Some(said) => definite(said, reason),
        // A certificate that does not fit today will not fit in a second either, but the server may be replaced.
        None => LedgerError::Unavailable { reason },
    }
}

/// <https://www.postgresql.org/docs/current/errcodes-appendix.html>; the first two characters are the class.
fn definite(said: &DbError, reason: String) -> LedgerError {
    let code = said.code();
    if *code == SqlState::DISK_FULL {
        return LedgerError::Full { reason };
    }
    // The server is now a standby: a connection made anew may find the primary.
    if *code == SqlState::READ_ONLY_SQL_TRANSACTION {
        return LedgerError::Unavailable { reason };
    }
    let class = code.code().get(..2).unwrap_or_default();
    match class {
        // Authorization; data; state of a transaction; database, schema or table that is not there; syntax and
        // permissions; limits; a damaged table.
        "28" | "22" | "23" | "25" | "3D" | "3F" | "42" | "0A" | "54" | "XX" | "F0" => LedgerError::Refused { reason },
        // Resources, shutdown, locks, deadlocks, input and output, and whatever else passes.
        _ => LedgerError::Unavailable { reason },
    }
}

fn is_error(said: &DbError) -> bool {
    match said.parsed_severity() {
        Some(severity) => severity == Severity::Error,
        // Servers older than any that is used here do not tell it in a fixed language.
        None => said.severity() == "ERROR",
    }
}

/// The error with its causes. None of them holds the password.
pub(super) fn shown(error: &Error) -> String {
    if let Some(said) = error.as_db_error() {
        let detail = said.detail().map(|detail| format!(" ({detail})")).unwrap_or_default();
        return format!("postgres: {} {}{detail}", said.code().code(), said.message());
    }
    let mut text = format!("postgres: {error}");
    let mut cause = error.source();
    while let Some(inner) = cause {
        // Writing to a string does not fail.
        let _ = write!(text, ": {inner}");
        cause = inner.source();
    }
    text
}
