//! Both lanes of one agent over a store as slow as S3, beside what each cannot go below.

use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::Args;
use proxy::{Config, Latency as Slowness, Mode, Proxy};
use serde::Serialize;
use world::World;

use crate::agents::{Agents, Kind};
use crate::floor;
use crate::latency::Latency;
use crate::load::{self, Load};
use crate::place::{PlaceArgs, address, scheme};
use crate::table::Table;

/// Partitions of the topics.
const PARTITIONS: u32 = 16;

/// Both lanes of one agent over a store as slow as S3
#[derive(Clone, Debug, Args)]
pub struct ProduceArgs {
    /// Where.
    #[command(flatten)]
    pub place: PlaceArgs,
    /// How long a request to the store takes more: median and 99th percentile
    #[arg(long, default_value = "lognormal:35ms,150ms")]
    pub store_latency: Slowness,
    /// Producers of the object lane, each with one request in flight
    #[arg(long, default_value_t = 16)]
    pub producers: usize,
    /// Bytes of their requests
    #[arg(long, default_value_t = 65_536)]
    pub bytes: usize,
    /// Bytes of requests of the inline lane
    #[arg(long, default_value_t = 1024)]
    pub inline_bytes: usize,
    /// How long each lane is measured
    #[arg(long, default_value_t = 10)]
    pub seconds: u64,
}

/// One lane.
#[derive(Clone, Debug, Serialize)]
pub struct Lane {
    /// The kind of ledger.
    pub ledger: String,
    /// Which lane.
    pub lane: &'static str,
    /// From the request to its answer.
    pub produce: Latency,
    /// How long a request may wait for its object to be sealed, in milliseconds; none in the inline lane.
    pub gather_ms: f64,
    /// Puts of segments.
    pub put: Latency,
    /// Entries of a lone writer.
    pub append: Latency,
    /// Requests that failed.
    pub failed: u64,
}

impl Lane {
    /// Gathering, a put and an append: what half of the requests cannot go below, and all but one of a hundred.
    pub fn floor_ms(&self) -> (f64, f64) {
        (
            self.gather_ms + self.put.p50_ms + self.append.p50_ms,
            self.gather_ms + self.put.p99_ms + self.append.p99_ms,
        )
    }
}

/// Measures both lanes.
///
/// # Errors
/// When the store is not reached over an endpoint, or the agent does not start.
pub async fn run(args: &ProduceArgs, world: &World) -> Result<Vec<Lane>> {
    let lasts = Duration::from_secs(args.seconds);
    let append = floor::run(&args.place.fresh(world)?, args.inline_bytes, lasts / 2, world).await?;
    let mut place = args.place.fresh(world)?;
    let endpoint = args.place.s3_endpoint.as_ref().context("a store with an endpoint")?;
    let mut config = Config::new(Mode::Http, address(endpoint)?);
    config.latency = Some(args.store_latency);
    let proxy = Proxy::start(world, config).await?;
    place.aws_store.endpoint_s3 = Some(format!("http://{}", proxy.address()));
    let kind = Kind {
        linked: false,
        compacts: false,
    };
    let agents = Agents::start(&place, 1, kind, world).await?;
    let first = agents.engines.first().context("an agent")?;
    let between_puts = first.config().puts_per_second.map(|puts| 1000.0 / puts);
    let linger_ms = first.config().linger.as_secs_f64() * 1000.0;
    let mut lanes = Vec::new();
    for (lane, bytes, in_flight) in [("object", args.bytes, args.producers), ("inline", args.inline_bytes, 1)] {
        let topic = agents.topic(lane, PARTITIONS, lane).await?;
        place.counters.take_put_times();
        let load = Load {
            topic,
            partitions: PARTITIONS,
            bytes,
            in_flight,
            lasts,
            requests_max: 0,
        };
        let taken = load::run(&agents.engines, load, world).await?;
        let object = lane == "object";
        lanes.push(Lane {
            ledger: scheme(&args.place.ledger).to_owned(),
            lane,
            produce: Latency::of(&taken.times),
            gather_ms: if object { between_puts.unwrap_or(linger_ms) } else { 0.0 },
            put: Latency::of(&place.counters.take_put_times()),
            append,
            failed: taken.failed,
        });
    }
    agents.stop().await;
    proxy.stop().await;
    Ok(lanes)
}

/// The lanes for people.
pub fn table(lanes: &[Lane]) -> Table {
    let heads = [
        "ledger",
        "lane",
        "produce p50, p99",
        "gather",
        "put p50, p99",
        "append p50, p99",
        "floor p50, p99",
        "produce / floor",
        "failed",
    ];
    let mut table = Table::new(&heads);
    for lane in lanes {
        let (p50, p99) = lane.floor_ms();
        let put = if lane.put.count == 0 {
            "-".to_owned()
        } else {
            lane.put.text()
        };
        table.row(vec![
            lane.ledger.clone(),
            lane.lane.to_owned(),
            lane.produce.text(),
            format!("{:.0} ms", lane.gather_ms),
            put,
            lane.append.text(),
            format!("{p50:.1}, {p99:.1} ms"),
            format!("{:.2}, {:.2}", lane.produce.p50_ms / p50, lane.produce.p99_ms / p99),
            lane.failed.to_string(),
        ]);
    }
    table
}
