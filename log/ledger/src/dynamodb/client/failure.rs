//! What a failed request means here: did it happen, and is it worth trying again?

use std::error::Error as StdError;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use hyper_util::client::legacy::Error as ConnectionError;

/// Why one attempt failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::dynamodb) enum Failure {
    /// It did not happen and another attempt may succeed: throttled, or never sent.
    Busy(String),
    /// It may have happened, or may yet: no answer, or one that does not tell.
    Unclear(String),
    /// It did not happen, and the same again will not.
    Refused(String),
}

/// The codes of answers that say that nothing was done and that another attempt may.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html>
const BUSY: [&str; 7] = [
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "ReplicatedWriteConflictException",
    "RequestLimitExceeded",
    "Throttling",
    "ThrottlingException",
    "TransactionConflictException",
];

/// The codes that say that the same is being done already, by an attempt that was not answered in time.
const UNDER_WAY: &str = "TransactionInProgressException";

impl Failure {
    /// What became of a request that was given up after this many milliseconds.
    pub(super) fn timed_out(after_ms: u128) -> Failure {
        Failure::Unclear(format!("no answer within {after_ms} ms"))
    }

    /// What the SDK says of a request.
    pub(super) fn of<E>(error: &SdkError<E, HttpResponse>) -> Failure
    where
        E: ProvideErrorMetadata + StdError + 'static,
    {
        match error {
            SdkError::ConstructionFailure(_) => Failure::Refused(chain(error)),
            SdkError::DispatchFailure(_) if was_not_sent(error) => Failure::Busy(chain(error)),
            SdkError::ServiceError(answer) => {
                let status = answer.raw().status().as_u16();
                match answer.err().code() {
                    Some(code) => {
                        let message = answer.err().message().unwrap_or("no more is said");
                        of_answer(code, status, format!("dynamodb: {code} ({status}): {message}"))
                    }
                    // Not the service's own, or not readable: also when the status is that of success.
                    None => Failure::Unclear(format!(
                        "an answer of status {status} that does not tell: {}",
                        chain(error)
                    )),
                }
            }
            // A request that was sent, or partly, and an answer that broke off or cannot be read.
            _ => Failure::Unclear(chain(error)),
        }
    }
}

/// An answer with a code. One of 500 or more may come after the work was done.
fn of_answer(code: &str, status: u16, reason: String) -> Failure {
    if BUSY.contains(&code) {
        Failure::Busy(reason)
    } else if code != UNDER_WAY && (400..500).contains(&status) {
        Failure::Refused(reason)
    } else {
        Failure::Unclear(reason)
    }
}

/// An error and what caused it.
pub(super) fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut text = format!("dynamodb: {error}");
    let mut next = error.source();
    while let Some(error) = next {
        text.push_str(&format!(": {error}"));
        next = error.source();
    }
    text
}

/// Whether no byte can have reached the server: there was no connection to it, or nobody to sign the request for.
fn was_not_sent(error: &(dyn StdError + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        let connection = error.downcast_ref::<ConnectionError>();
        if connection.is_some_and(ConnectionError::is_connect) || error.is::<CredentialsError>() {
            return true;
        }
        next = error.source();
    }
    false
}
