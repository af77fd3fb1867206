//! What can go wrong between the command and an agent, and whether it happened nevertheless.

use std::fmt;
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use serde::Deserialize;
use serde_json::{Map, Value};
use url::Url;

use crate::exit::Exit;

/// An ask that got no good answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    /// Nobody listens there; the request certainly did nothing.
    #[error("no agent answers at {base} ({what}); is one running, and is --url right?")]
    Unreachable {
        /// The address asked.
        base: Box<Url>,
        /// What the connection said.
        what: String,
    },
    /// The connection broke or the time ran out; the request may have been carried out.
    #[error("lost the connection to {base} ({what}); whether the request was carried out is unknown")]
    Lost {
        /// The address asked.
        base: Box<Url>,
        /// What the connection said.
        what: String,
    },
    /// The agent said no.
    #[error("{0}")]
    Problem(Box<Problem>),
    /// The answer is not what the route promises.
    #[error("the agent's answer makes no sense: {what}")]
    BadAnswer {
        /// What was wrong with it.
        what: String,
    },
    /// The answer is too long.
    #[error("the agent's answer is longer than {bytes_max} bytes")]
    TooLong {
        /// The limit.
        bytes_max: usize,
    },
    /// The address cannot be one.
    #[error("`{url}` is no address of an agent; give one such as http://127.0.0.1:8080")]
    BadUrl {
        /// What was given.
        url: String,
    },
}

impl ClientError {
    /// An error of the connection, told apart by whether the request can have got anywhere.
    pub(super) fn transport(base: &Url, error: &reqwest::Error) -> ClientError {
        let base = Box::new(base.clone());
        let definite = error.is_connect() || error.is_builder();
        let what = innermost(error);
        if definite {
            return ClientError::Unreachable { base, what };
        }
        ClientError::Lost { base, what }
    }

    /// The exit code of a command that ends with this error.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            ClientError::Unreachable { .. } | ClientError::Lost { .. } => Exit::Unreachable,
            ClientError::Problem(problem) => problem.exit(),
            ClientError::BadAnswer { .. } | ClientError::TooLong { .. } => Exit::Failed,
            ClientError::BadUrl { .. } => Exit::Usage,
        }
    }

    /// The problem the agent answered with, if it did.
    pub(crate) fn problem(&self) -> Option<&Problem> {
        match self {
            ClientError::Problem(problem) => Some(problem),
            _ => None,
        }
    }

    /// Whether the same request may be sent again by one who knows that a repeat does no harm.
    pub(crate) fn worth_a_retry(&self) -> bool {
        match self {
            ClientError::Unreachable { .. } | ClientError::Lost { .. } => true,
            ClientError::Problem(problem) => matches!(problem.status, 429 | 502 | 503 | 504),
            _ => false,
        }
    }
}

fn innermost(error: &reqwest::Error) -> String {
    let mut last: &dyn std::error::Error = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}

/// A problem as an agent tells it (`application/problem+json`).
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Problem {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The stable name of the problem: `topic_not_found`.
    pub(crate) code: String,
    /// One line for people.
    pub(crate) title: String,
    /// More for people.
    pub(crate) detail: Option<String>,
    /// The facts of this problem: `actual_offset`, `earliest`...
    #[serde(flatten)]
    pub(crate) facts: Map<String, Value>,
    /// When to come again.
    #[serde(skip)]
    pub(crate) retry_after: Option<Duration>,
}

impl Problem {
    /// A problem of which only the status and the name are known.
    #[cfg(test)]
    pub(crate) fn new(status: u16, code: &str) -> Problem {
        Problem {
            status,
            code: code.to_owned(),
            ..Problem::default()
        }
    }

    /// What an answer says; one that is no problem+json (a proxy's) is told by its status.
    pub(super) fn from_answer(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Problem {
        let mut problem: Problem = serde_json::from_slice(body).unwrap_or_default();
        problem.status = status.as_u16();
        if problem.title.is_empty() {
            problem.title = status.canonical_reason().unwrap_or("no reason given").to_owned();
        }
        let after = headers
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok()?.parse().ok());
        problem.retry_after = after.map(Duration::from_secs);
        problem
    }

    /// The exit code of a command that ends with this problem. A stale epoch is answered 403, but is a conflict with
    /// another producer rather than a lack of rights.
    pub(crate) fn exit(&self) -> Exit {
        match (self.status, self.code.as_str()) {
            (_, "stale_epoch") => Exit::Conflict,
            (401 | 403, _) => Exit::NotPermitted,
            (404 | 410 | 416, _) => Exit::NotFound,
            (409 | 412, _) => Exit::Conflict,
            (429 | 502 | 503, _) => Exit::Unreachable,
            _ => Exit::Failed,
        }
    }

    /// A fact that is a number.
    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        self.facts.get(name)?.as_u64()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.title)?;
        if let Some(detail) = self.detail.as_deref().filter(|detail| *detail != self.title) {
            write!(out, ": {detail}")?;
        }
        if self.code.is_empty() {
            return write!(out, " ({})", self.status);
        }
        write!(out, " ({} {})", self.status, self.code)
    }
}
