//! What SQLite's result codes mean here: did it happen, and is it worth trying again?

use sqlx::Error;

use crate::error::LedgerError;

/// <https://www.sqlite.org/rescode.html>; the low byte is the primary code.
mod code {
    pub(super) const PERM: i32 = 3;
    pub(super) const BUSY: i32 = 5;
    pub(super) const LOCKED: i32 = 6;
    pub(super) const NOMEM: i32 = 7;
    pub(super) const READONLY: i32 = 8;
    pub(super) const CORRUPT: i32 = 11;
    pub(super) const FULL: i32 = 13;
    pub(super) const CANTOPEN: i32 = 14;
    pub(super) const AUTH: i32 = 23;
    pub(super) const NOTADB: i32 = 26;
    pub(super) const IOERR_FSYNC: i32 = 10 | (4 << 8);
    pub(super) const IOERR_DIR_FSYNC: i32 = 10 | (5 << 8);
}

/// The extended result code, if SQLite gave one.
fn code_of(error: &Error) -> Option<i32> {
    error.as_database_error()?.code()?.parse().ok()
}

/// Whether an fsync failed.
pub(super) fn is_fsync(error: &Error) -> bool {
    matches!(code_of(error), Some(code::IOERR_FSYNC | code::IOERR_DIR_FSYNC))
}

/// Whether another process had the file for longer than we waited.
pub(super) fn is_busy(error: &Error) -> bool {
    code_of(error).is_some_and(|code| matches!(code & 0xff, code::BUSY | code::LOCKED))
}

/// A statement that writes failed.
///
/// Definite are the codes with which SQLite gives up before the frame that commits is in the WAL: it could not get the
/// lock, the memory or the space (a frame that was cut short has no valid checksum), or it may not write. Any other
/// input or output error may come after that frame was written, which a later recovery would then find: unknown.
pub(super) fn of_write(error: &Error) -> LedgerError {
    let reason = format!("sqlite: {error}");
    match code_of(error).map(|code| code & 0xff) {
        Some(code::BUSY | code::LOCKED | code::NOMEM) => LedgerError::Unavailable { reason },
        Some(code::FULL) => LedgerError::Full { reason },
        Some(code::PERM | code::READONLY | code::CORRUPT | code::CANTOPEN | code::AUTH | code::NOTADB) => {
            LedgerError::Refused { reason }
        }
        _ => LedgerError::Unknown { reason },
    }
}

/// A statement that reads failed, or a column is not what it should be.
pub(super) fn of_read(error: &Error) -> LedgerError {
    let reason = format!("sqlite: {error}");
    match code_of(error).map(|code| code & 0xff) {
        Some(code::CORRUPT | code::NOTADB | code::PERM | code::AUTH) => LedgerError::Refused { reason },
        _ => LedgerError::Unavailable { reason },
    }
}
