//! What the failures of requests mean here: did it happen, and is it worth trying again?
//!
//! Codes are those of <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>, and of servers that speak like it.

use object_store::Error;

use super::exchange::Exchange;
use crate::error::LedgerError;

/// Codes of refusals that pass: a body that came too slowly (nothing was written), credentials that are renewed.
const PASSING: [&str; 3] = ["RequestTimeout<", "ExpiredToken<", "RequestTimeTooSkewed<"];
/// Codes that say there is no room, by which servers they are given: Ceph, and MinIO, whose are longer.
const QUOTA: &str = "QuotaExceeded<";

/// What a write that failed came to.
///
/// An answer below 500 is the server's word that it did nothing. Above, it may have done it, or may yet: but for 507,
/// which MinIO says before it writes. No answer says nothing, unless nothing was sent.
pub(super) fn of_write(exchange: &Exchange, error: &Error) -> LedgerError {
    let reason = error.to_string();
    match exchange.status() {
        None if exchange.sent() => LedgerError::unknown(reason),
        None => unsent(error, reason),
        Some(507) => LedgerError::Full { reason },
        Some(400..=499) if reason.contains(QUOTA) => LedgerError::Full { reason },
        Some(status) => answered(status, reason).unwrap_or_else(LedgerError::unknown),
    }
}

/// What a read that failed came to: nothing, whatever happened.
pub(super) fn of_read(exchange: &Exchange, error: &Error) -> LedgerError {
    let reason = error.to_string();
    match exchange.status() {
        None if exchange.sent() => LedgerError::unavailable(reason),
        None => unsent(error, reason),
        Some(403) => LedgerError::refused(format!(
            "{reason} (without s3:ListBucket S3 says so of what is not there)"
        )),
        Some(status) => answered(status, reason).unwrap_or_else(LedgerError::unavailable),
    }
}

/// What a deletion that failed came to: some may be gone.
pub(super) fn of_deletion(error: &Error) -> LedgerError {
    match error {
        Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => LedgerError::refused(error.to_string()),
        _ => LedgerError::unknown(error.to_string()),
    }
}

/// Whether an answer that something is not there means the bucket.
pub(super) fn is_bucket_missing(error: &Error) -> bool {
    error.to_string().contains("NoSuchBucket")
}

/// The client refused by itself, or could not get credentials or a connection.
fn unsent(error: &Error, reason: String) -> LedgerError {
    match error {
        Error::Generic { .. } | Error::JoinError { .. } => LedgerError::unavailable(reason),
        _ => LedgerError::refused(reason),
    }
}

/// A clear refusal; else the reason back.
fn answered(status: u16, reason: String) -> Result<LedgerError, String> {
    match status {
        429 => Ok(LedgerError::unavailable(reason)),
        400..=499 if PASSING.iter().any(|code| reason.contains(code)) => Ok(LedgerError::unavailable(reason)),
        // 408 is a proxy's, which may have sent the request on.
        408 => Err(reason),
        // A redirect is not followed: it is how S3 says that the region is another.
        300..=499 => Ok(LedgerError::refused(reason)),
        _ => Err(reason),
    }
}
