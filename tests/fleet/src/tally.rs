//! What a ledger that is a service is asked, waiting included: counted on the way by a proxy that changes nothing.

use anyhow::{Context as _, Result};
use proxy::{Config, Mode, Proxy};
use serde::Serialize;
use world::World;

use crate::counted::Totals;
use crate::place::{Place, address};

/// Counts and lets pass: a rule that never strikes.
const SCRIPT: &str = r#"
[[rule]]
name = "puts"
match = { method = "PUT" }
probability = 0.0
fault = { kind = "drop_request", how = "close" }

[[rule]]
name = "gets"
match = { method = "GET" }
probability = 0.0
fault = { kind = "drop_request", how = "close" }

[[rule]]
name = "items"
match = { operation = "GetItem" }
probability = 0.0
fault = { kind = "drop_request", how = "close" }

[[rule]]
name = "queries"
match = { operation = "Query" }
probability = 0.0
fault = { kind = "drop_request", how = "close" }
"#;

/// Requests since the log was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Asked {
    /// Puts of a bucket.
    pub puts: u64,
    /// Reads and lists of a bucket.
    pub gets: u64,
    /// Reads of DynamoDB.
    pub reads: u64,
}

/// What counts.
#[derive(Debug)]
pub struct Tally {
    proxy: Option<Proxy>,
}

impl Tally {
    /// Stands before the ledger of this place, if it is a service with an endpoint.
    ///
    /// # Errors
    /// When the endpoint is none, or no port is free.
    pub async fn before(place: &mut Place, world: &World) -> Result<Tally> {
        let Some(endpoint) = place.ledger_endpoint() else {
            return Ok(Tally { proxy: None });
        };
        let config = Config::new(Mode::Http, address(endpoint)?).with_script(SCRIPT)?;
        let proxy = Proxy::start(world, config).await.context("the counting proxy")?;
        place.send_ledger_to(&format!("http://{}", proxy.address()));
        Ok(Tally { proxy: Some(proxy) })
    }

    /// What was asked so far.
    pub fn asked(&self) -> Asked {
        let Some(proxy) = &self.proxy else {
            return Asked::default();
        };
        let counts = proxy.counts();
        let matched = |name| counts.rule(name).map_or(0, |rule| rule.matched);
        Asked {
            puts: matched("puts"),
            gets: matched("gets"),
            reads: matched("items") + matched("queries"),
        }
    }

    /// Ends it.
    pub async fn stop(self) {
        if let Some(proxy) = self.proxy {
            proxy.stop().await;
        }
    }
}

impl Asked {
    /// What was asked since.
    pub fn since(self, before: Asked) -> Asked {
        Asked {
            puts: self.puts - before.puts,
            gets: self.gets - before.gets,
            reads: self.reads - before.reads,
        }
    }

    /// Read units of DynamoDB: one for each request, and one for each further 4 KiB of an answer.
    pub fn read_units(self, totals: &Totals) -> u64 {
        match self.reads {
            0 => 0,
            reads => reads + totals.read_units_beyond,
        }
    }
}
