//! What can happen to a request or a connection.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::network::Direction;
use crate::{Latency, Mode};

/// How a connection ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ending {
    /// With FIN: the peer reads an end.
    #[default]
    Close,
    /// With RST: the peer reads an error.
    Reset,
}

/// How S3 says no. Each has its status and its XML.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[expect(missing_docs, reason = "the names are S3's")]
pub enum S3Code {
    SlowDown,
    ServiceUnavailable,
    InternalError,
    RequestTimeout,
    ConditionalRequestConflict,
    OperationAborted,
    AccessDenied,
    ExpiredToken,
    RequestTimeTooSkewed,
}

/// How DynamoDB says no. Each has its status and its JSON, with the checksum that clients look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[expect(missing_docs, reason = "the names are DynamoDB's")]
pub enum DynamoDbCode {
    ThrottlingException,
    ProvisionedThroughputExceededException,
    RequestLimitExceeded,
    InternalServerError,
    ServiceUnavailable,
    ExpiredTokenException,
    /// A transaction is cancelled with a reason for each of its items, of which one is the conflict; any other operation
    /// gets `TransactionConflictException`.
    TransactionConflict,
}

/// What happens. The first group strikes requests (mode http), the second connections (mode tcp).
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// The request waits before it is passed on.
    DelayRequest {
        /// How long.
        by: Latency,
    },
    /// The answer waits before it is passed on: what was asked for has happened by then.
    DelayAnswer {
        /// How long.
        by: Latency,
    },
    /// The connection ends before anything is passed on: not applied, and untold.
    DropRequest {
        /// How it ends.
        #[serde(default)]
        how: Ending,
    },
    /// The whole request is passed on and the whole answer awaited; then the connection ends: applied, and untold.
    DropAnswer {
        /// How it ends.
        #[serde(default)]
        how: Ending,
    },
    /// The proxy says no as S3 does; nothing is passed on.
    AnswerS3 {
        /// How.
        code: S3Code,
    },
    /// The proxy says no as DynamoDB does; nothing is passed on.
    AnswerDynamodb {
        /// How.
        code: DynamoDbCode,
    },
    /// The proxy answers; nothing is passed on.
    Answer {
        /// From 200 to 599.
        status: u16,
        /// Headers besides Content-Length.
        #[serde(default)]
        headers: BTreeMap<String, String>,
        /// The body.
        #[serde(default)]
        body: String,
    },
    /// The head and a part of the body are passed on, then both connections end.
    CutRequest {
        /// So many bytes of the body.
        after_bytes: Option<u64>,
        /// This part of Content-Length. Without either, a number below Content-Length is drawn.
        fraction: Option<f64>,
        /// How the server's connection ends; the client's is closed.
        #[serde(default)]
        how: Ending,
    },
    /// The head and a part of the body come back, then the connection ends.
    TruncateAnswer {
        /// So many bytes of the body.
        after_bytes: Option<u64>,
        /// This part of Content-Length. Without either, a number below Content-Length is drawn.
        fraction: Option<f64>,
        /// How the connection ends.
        #[serde(default)]
        how: Ending,
    },
    /// One bit of the body of an answer to GET with status 200 or 206 is another one.
    FlipAnswer {
        /// In which byte of the body, from 0. Without it, one below Content-Length is drawn.
        at: Option<u64>,
    },
    /// The request is passed on and answered, and delivered once more on a connection of its own.
    Duplicate {
        /// How long after the first was passed on.
        after: Latency,
    },
    /// The request is taken, the client's connection closed, and the request delivered later: a put that arrives when its
    /// sender has long given up.
    Late {
        /// How long after it was taken.
        after: Latency,
    },

    /// The connection is accepted and ends.
    Close {
        /// How it ends.
        #[serde(default)]
        how: Ending,
    },
    /// Nothing passes any more, and nothing is closed.
    Stall {
        /// Which way.
        #[serde(default)]
        direction: Direction,
        /// From this byte of each such way on.
        #[serde(default)]
        after_bytes: u64,
        /// For how many milliseconds; until the connection ends when nothing is said.
        for_ms: Option<u64>,
    },
    /// What passes comes later.
    Delay {
        /// How long, drawn for each piece; the order stays.
        by: Latency,
        /// Which way.
        #[serde(default)]
        direction: Direction,
    },
    /// What passes comes slowly.
    Bandwidth {
        /// So many bytes a second, each way by itself.
        bytes_per_second: u64,
        /// Which way.
        #[serde(default)]
        direction: Direction,
    },
    /// The connection ends behind a byte.
    Cut {
        /// After so many bytes.
        after_bytes: u64,
        /// Counted this way; whichever comes first when both.
        #[serde(default)]
        direction: Direction,
        /// How it ends, on both sides.
        #[serde(default)]
        how: Ending,
    },
}

impl Fault {
    /// Its name in a script.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Fault::DelayRequest { .. } => "delay_request",
            Fault::DelayAnswer { .. } => "delay_answer",
            Fault::DropRequest { .. } => "drop_request",
            Fault::DropAnswer { .. } => "drop_answer",
            Fault::AnswerS3 { .. } => "answer_s3",
            Fault::AnswerDynamodb { .. } => "answer_dynamodb",
            Fault::Answer { .. } => "answer",
            Fault::CutRequest { .. } => "cut_request",
            Fault::TruncateAnswer { .. } => "truncate_answer",
            Fault::FlipAnswer { .. } => "flip_answer",
            Fault::Duplicate { .. } => "duplicate",
            Fault::Late { .. } => "late",
            Fault::Close { .. } => "close",
            Fault::Stall { .. } => "stall",
            Fault::Delay { .. } => "delay",
            Fault::Bandwidth { .. } => "bandwidth",
            Fault::Cut { .. } => "cut",
        }
    }

    /// Where it can happen.
    pub(crate) fn mode(&self) -> Mode {
        match self {
            Fault::Close { .. }
            | Fault::Stall { .. }
            | Fault::Delay { .. }
            | Fault::Bandwidth { .. }
            | Fault::Cut { .. } => Mode::Tcp,
            _ => Mode::Http,
        }
    }

    /// Whether it goes together with any other: it only takes time.
    pub(crate) fn only_slows(&self) -> bool {
        matches!(
            self,
            Fault::DelayRequest { .. } | Fault::DelayAnswer { .. } | Fault::Delay { .. } | Fault::Bandwidth { .. }
        )
    }

    pub(crate) fn check(&self) -> Result<(), String> {
        match self {
            Fault::CutRequest {
                after_bytes, fraction, ..
            }
            | Fault::TruncateAnswer {
                after_bytes, fraction, ..
            } => {
                if after_bytes.is_some() && fraction.is_some() {
                    return Err("has both after_bytes and a fraction".into());
                }
                // The whole would be no fault.
                if fraction.is_some_and(|part| !(0.0..1.0).contains(&part)) {
                    return Err("fraction is a number from 0 to below 1".into());
                }
            }
            Fault::Bandwidth {
                bytes_per_second: 0, ..
            } => return Err("bytes_per_second is at least 1".into()),
            Fault::Answer { status, headers, .. } => {
                if !(200..=599).contains(status) {
                    return Err("status is a number from 200 to 599".into());
                }
                let broken = |text: &String| text.contains(['\r', '\n']);
                if headers.iter().any(|(name, value)| broken(name) || broken(value)) {
                    return Err("a header is one line".into());
                }
            }
            _ => {}
        }
        Ok(())
    }
}
