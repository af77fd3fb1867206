//! Agents on one ledger and one store, clients that append, read and commit, and everything that befalls a process: killed,
//! paused for longer than any timeout, left without disk, or, where both are real servers, cut off from either of them or
//! from other agents, by networks and services that lose, delay and repeat what is said. What the clients did is a
//! history, and has to be one without an anomaly.
//!
//! Figures that are missed fail it too: too few operations, or too few of them acknowledged, show nothing.

mod clients;
mod yard;

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Result, ensure};
use world::World;

use crate::disk::SmallDisk;
use crate::place::Place;
use crate::servers::{Servers, fresh_name};
use crate::workload::Shared;
use crate::{clean, command, verdict};
use yard::Yard;

const TOPIC: &str = "events";
const PARTITIONS: u32 = 4;
/// Silence after which an agent is retired: pauses are longer.
const AGENT_TIMEOUT: Duration = Duration::from_secs(2);
/// What nobody names is kept for so long.
const GRACE: Duration = Duration::from_secs(1);
/// Records become rows when they have waited for so long.
const LAKE_DELAY: Duration = Duration::from_secs(1);
const PRODUCERS: u32 = 8;
/// Where a commit takes longer, more of them wait for one at a time.
const PRODUCERS_FAR: u32 = 32;
/// The small disk. What is appended in a minute fits.
const DISK_MIB: u64 = 1_024;

/// How much, for how long.
#[derive(Clone, Copy, Debug)]
pub struct Ordeal {
    /// The servers it stands on; none for a SQLite ledger and a folder.
    pub servers: Option<Servers>,
    /// For how long clients work.
    pub lasts: Duration,
    /// Fewer kills, pauses and cuts than this fail it.
    pub blows_min: usize,
    /// Fewer operations than this fail it.
    pub operations_min: usize,
}

impl Ordeal {
    /// As many as the whole length should have: ten blows and 20,000 operations in a minute.
    pub fn during(lasts: Duration) -> Ordeal {
        Ordeal::scaled(None, lasts, lasts.as_secs_f64() / 60.0)
    }

    /// As many on servers, where a commit takes longer: ten blows and 20,000 operations in two minutes.
    pub fn on(servers: Servers, lasts: Duration) -> Ordeal {
        Ordeal::scaled(Some(servers), lasts, lasts.as_secs_f64() / 120.0)
    }

    fn scaled(servers: Option<Servers>, lasts: Duration, share: f64) -> Ordeal {
        Ordeal {
            servers,
            lasts,
            blows_min: (10.0 * share) as usize,
            operations_min: (20_000.0 * share) as usize,
        }
    }
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Report {
    /// What befell, and how often.
    pub blows: BTreeMap<&'static str, usize>,
    /// What happened to single requests and connections, and how often.
    pub happened: BTreeMap<String, u64>,
    /// Operations of clients.
    pub operations: usize,
    /// Those that were acknowledged.
    pub acknowledged: usize,
    /// Sends that were definitely refused.
    pub refused: usize,
    /// Sends of which nobody knows.
    pub unknown: usize,
    /// Records in the log at the end.
    pub records: usize,
}

impl Report {
    fn must_suffice(&self, ordeal: &Ordeal) -> Result<()> {
        let blows: usize = self.blows.values().sum();
        ensure!(blows >= ordeal.blows_min, "only {blows} blows: {self:#?}");
        ensure!(
            self.operations >= ordeal.operations_min,
            "too few operations: {self:#?}"
        );
        let share = self.acknowledged as f64 / self.operations as f64;
        ensure!(
            share >= 0.6,
            "only {share:.2} of the operations acknowledged: {self:#?}"
        );
        Ok(())
    }
}

/// Runs one.
///
/// # Errors
/// What is wrong with the history, the log, or the figures.
pub async fn run(ordeal: Ordeal) -> Result<Report> {
    let world = World::real();
    let (place, mut yard) = begin(&ordeal, &world).await?;
    let shared = Shared::new(&place)?;
    let producers = if ordeal.servers.is_some() {
        PRODUCERS_FAR
    } else {
        PRODUCERS
    };
    let working = clients::start(&world, &yard.clients()?, &shared, producers).await?;
    yard.begin()?;
    let deadline = world.clock.now() + ordeal.lasts;
    while world.clock.now() < deadline {
        yard.rest(100, 1_500).await;
        yard.befall().await?;
    }
    shared.stop();
    for worker in working {
        worker.await??;
    }
    yard.calm(&world).await?;
    let records = yard.last_look(&world, &shared).await?;
    verdict::must_hold(&place, &shared)?;
    command::must_be_sound(&place).await?;
    yard.end().await?;
    command::must_be_sound(&place).await?;
    clean::must_be(&world, &place, GRACE).await?;
    let report = report(&shared, yard, records);
    report.must_suffice(&ordeal)?;
    place.passed();
    Ok(report)
}

async fn begin(ordeal: &Ordeal, world: &World) -> Result<(Place, Yard)> {
    let Some(servers) = &ordeal.servers else {
        let place = Place::new()?;
        let disk = SmallDisk::mount(&place.dir(), DISK_MIB)?;
        let yard = Yard::on_a_disk(&place, disk).await?;
        return Ok((place, yard));
    };
    servers.furnish().await?;
    let log = fresh_name("ordeal");
    let place = Place::on(servers.stand(&log))?;
    let yard = Yard::on_servers(world, &place, servers, &log).await?;
    Ok((place, yard))
}

fn report(shared: &Shared, yard: Yard, records: usize) -> Report {
    let (sent, refused, unknown) = shared.history.sends();
    let (asked, answered) = shared.others();
    Report {
        blows: yard.blows,
        happened: yard.happened,
        operations: sent + refused + unknown + asked,
        acknowledged: sent + answered,
        refused,
        unknown,
        records,
    }
}
