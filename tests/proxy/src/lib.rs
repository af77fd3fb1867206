//! Faults between real processes: a proxy that stands between an agent and a server, or between two agents, and does by a
//! seeded script what networks and services do: it delays, drops answers after the effect, refuses, throttles, cuts,
//! truncates, damages, and delivers late or twice. It knows no log, no object store and no database; of S3 and DynamoDB it
//! knows only how they say no. The script is described in docs/faults.md.

mod bench;
mod config;
mod control;
mod counts;
mod error;
mod glob;
mod http;
mod judge;
mod latency;
mod listener;
mod network;
mod plan;
mod proxy;
mod script;
mod shared;
mod side;
mod tcp;

pub use bench::bench;
pub use config::{Config, Mode};
pub use counts::{Counts, RuleCounts};
pub use error::Error;
pub use glob::Glob;
pub use latency::{BadLatency, Latency};
pub use network::{Cut, Direction, How};
pub use proxy::Proxy;
pub use script::{DynamoDbCode, Ending, Fault, HeaderMatch, Match, Rule, S3Code, ScheduledCut, Script};
