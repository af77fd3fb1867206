//! Producers: each appends one request after another to its agent, and waits for each answer.

use std::time::Duration;

use anyhow::Result;
use engine::{AppendGroup, AppendRun, Engine};
use futures::future::join_all;
use hdrhistogram::Histogram;
use metadata::{PartitionId, TopicNumber};
use records::{Batch, BatchBuilder, Codec};
use world::{Instant, World};

use crate::latency;

/// How long what is in flight at the end may take; later it counts as failed.
const LATE: Duration = Duration::from_secs(5);

/// What producers do.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Where to.
    pub topic: TopicNumber,
    /// Its partitions, which producers share.
    pub partitions: u32,
    /// Bytes of a request's one record.
    pub bytes: usize,
    /// Requests in flight at each agent.
    pub in_flight: usize,
    /// For how long.
    pub lasts: Duration,
    /// How many requests at most, of all together; 0: any number.
    pub requests_max: u64,
}

/// What came of it.
#[derive(Debug)]
pub struct Taken {
    /// How long requests took, in microseconds.
    pub times: Histogram<u64>,
    /// Requests that failed or were not answered in time.
    pub failed: u64,
    /// From the first request to the last answer, in seconds.
    pub seconds: f64,
    /// What the first failure said.
    pub failure: Option<String>,
}

impl Taken {
    /// Answered requests a second.
    pub fn per_second(&self) -> f64 {
        self.times.len() as f64 / self.seconds.max(1e-9)
    }
}

/// One record of random bytes.
///
/// # Errors
/// When it is too large for a batch.
pub fn batch(bytes: usize, world: &World) -> Result<Batch> {
    let mut value = Vec::with_capacity(bytes + 8);
    while value.len() < bytes {
        value.extend_from_slice(&world.chance.u64().to_le_bytes());
    }
    value.truncate(bytes);
    let mut batch = BatchBuilder::new(Codec::None, None);
    batch.push(world.clock.wall_ms(), None, Some(&value), &[])?;
    Ok(batch.build()?)
}

/// Produces at every agent at once.
///
/// # Errors
/// When the requests cannot be made.
pub async fn run(engines: &[Engine], load: Load, world: &World) -> Result<Taken> {
    let batch = batch(load.bytes, world)?;
    let began = world.clock.now();
    let producers = engines.len() * load.in_flight;
    let each = load.requests_max.div_ceil(producers as u64);
    let run = engines
        .iter()
        .flat_map(|engine| std::iter::repeat_n(engine, load.in_flight))
        .zip(0..)
        .map(|(engine, number)| {
            let partition = PartitionId {
                topic: load.topic,
                partition: number % load.partitions,
            };
            producer(engine, partition, batch.clone(), (load, each), began, world)
        });
    let mut taken = Taken {
        times: latency::histogram()?,
        failed: 0,
        seconds: 0.0,
        failure: None,
    };
    for outcome in join_all(run).await {
        let one = outcome?;
        taken.times.add(&one.times)?;
        taken.failed += one.failed;
        taken.failure = taken.failure.or(one.failure);
    }
    taken.seconds = (world.clock.now() - began).as_secs_f64();
    Ok(taken)
}

async fn producer(
    engine: &Engine,
    partition: PartitionId,
    batch: Batch,
    (load, each): (Load, u64),
    began: Instant,
    world: &World,
) -> Result<Taken> {
    let mut taken = Taken {
        times: latency::histogram()?,
        failed: 0,
        seconds: 0.0,
        failure: None,
    };
    let ends = began + load.lasts;
    let mut sent = 0;
    while world.clock.now() < ends && (each == 0 || sent < each) {
        sent += 1;
        let asked = world.clock.now();
        let appended = append(engine, partition, batch.clone());
        match world.clock.timeout_at(ends + LATE, appended).await {
            Ok(Ok(())) => latency::record(&mut taken.times, world.clock.now() - asked),
            Ok(Err(error)) => {
                taken.failed += 1;
                taken.failure.get_or_insert(format!("{error:#}"));
                world.clock.sleep(Duration::from_millis(50)).await;
            }
            Err(_) => {
                taken.failed += 1;
                taken.failure.get_or_insert("no answer in time".to_owned());
            }
        }
    }
    Ok(taken)
}

/// Appends one batch to one partition.
///
/// # Errors
/// When it was refused, or its fate is unknown.
pub async fn append(engine: &Engine, partition: PartitionId, batch: Batch) -> Result<()> {
    let permit = engine.reserve_wait(batch.bytes().len()).await?;
    let run = AppendRun {
        partition,
        batches: vec![batch],
        producer: None,
        expected_offset: None,
    };
    let group = AppendGroup {
        runs: vec![run],
        request: None,
    };
    engine.append(permit, group).await?;
    Ok(())
}
