//! What a rule is about. Everything that is said must hold.

use std::time::Duration;

use serde::Deserialize;

use crate::http::Request;
use crate::{Glob, Mode};

/// Conditions on a request or a connection. Ranges are `[first, last]`, both included; numbers count from 1 since the
/// script was begun.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Match {
    /// The method, as `PUT` or `G*`. A list is not needed: rules are cheap.
    pub method: Option<Glob>,
    /// The path as it was sent, without the query.
    pub path: Option<Glob>,
    /// The query as it was sent, without its question mark; empty when there is none.
    pub query: Option<Glob>,
    /// DynamoDB's operation: what comes behind the point in `X-Amz-Target`.
    pub operation: Option<Glob>,
    /// A header that is there with a value.
    pub header: Option<HeaderMatch>,
    /// Numbers of connections.
    pub connections: Option<[u64; 2]>,
    /// Numbers of requests, over all connections.
    pub requests: Option<[u64; 2]>,
    /// Milliseconds since the script was begun.
    pub window_ms: Option<[u64; 2]>,
}

/// A condition on a header.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeaderMatch {
    /// Its name, in any case.
    pub name: String,
    /// Its value; any when nothing is said.
    #[serde(default = "any")]
    pub value: Glob,
}

fn any() -> Glob {
    Glob::new("*")
}

/// Where in the run a request or connection stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) connection: u64,
    pub(crate) request: u64,
    pub(crate) since: Duration,
}

impl Match {
    pub(crate) fn check(&self, mode: Mode) -> Result<(), String> {
        let of_requests = [&self.method, &self.path, &self.query, &self.operation];
        let requests =
            of_requests.iter().any(|glob| glob.is_some()) || self.header.is_some() || self.requests.is_some();
        if mode == Mode::Tcp && requests {
            return Err("mode tcp knows no requests: match connections or window_ms".into());
        }
        let ranges = [self.connections, self.requests, self.window_ms];
        match ranges.into_iter().flatten().find(|[first, last]| first > last) {
            Some([first, last]) => Err(format!("nothing lies in [{first}, {last}]")),
            None => Ok(()),
        }
    }

    /// Whether a request, or in tcp mode a connection, is meant.
    pub(crate) fn holds(&self, place: Place, request: Option<&Request>) -> bool {
        let since_ms = u64::try_from(place.since.as_millis()).unwrap_or(u64::MAX);
        inside(self.connections, place.connection)
            && inside(self.requests, place.request)
            && inside(self.window_ms, since_ms)
            && request.is_none_or(|request| self.fits(request))
    }

    fn fits(&self, request: &Request) -> bool {
        let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
        let header = |header: &HeaderMatch| {
            let mut values = request.values(&header.name);
            values.any(|value| header.value.fits(value))
        };
        fits(self.method.as_ref(), Some(&request.method))
            && fits(self.path.as_ref(), Some(path))
            && fits(self.query.as_ref(), Some(query))
            && fits(self.operation.as_ref(), request.operation())
            && self.header.as_ref().is_none_or(header)
    }
}

fn inside(range: Option<[u64; 2]>, number: u64) -> bool {
    range.is_none_or(|[first, last]| (first..=last).contains(&number))
}

fn fits(glob: Option<&Glob>, text: Option<&str>) -> bool {
    glob.is_none_or(|glob| text.is_some_and(|text| glob.fits(text)))
}
