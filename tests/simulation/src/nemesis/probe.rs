//! Asks processes whether they work: how soon after something has healed, or while something befalls others.

use std::time::Duration;

use metadata::State;
use world::{Instant, World};

use crate::agent::Agent;
use crate::client::Prober;
use crate::ground::Yard;

/// A process is asked again after this long.
const AGAIN: Duration = Duration::from_millis(100);

/// All that run now take records within `patience`. One that is killed or stands still meanwhile is not judged.
pub(super) async fn all_take_records(yard: &Yard, world: &World, patience: Duration, check: &'static str) {
    let fronts: Vec<Agent> = yard.fronts().cloned().collect();
    these_take_records(yard, world, &fronts, patience, check).await;
}

/// These take records within `patience`, each by itself.
pub(super) async fn these_take_records(
    yard: &Yard,
    world: &World,
    agents: &[Agent],
    patience: Duration,
    check: &'static str,
) {
    let deadline = world.clock.now() + patience;
    let probes = agents.iter().map(|agent| takes_records(yard, world, agent, deadline));
    let took = futures::future::join_all(probes).await;
    for (agent, took) in agents.iter().zip(took) {
        let Some(took) = took else { continue };
        yard.ground.journal.check(check, took, || {
            format!(
                "{} not within {patience:?}: {:?}",
                agent.name(),
                agent.running().map(|engine| engine.health())
            )
        });
    }
}

/// Whether it took a record before the deadline; none when it did not run all the time, or
/// everything stands still because the ledger has lost its end.
async fn takes_records(yard: &Yard, world: &World, agent: &Agent, deadline: Instant) -> Option<bool> {
    let run = agent.steady()?;
    let mut prober = Prober::new(yard, world, agent);
    loop {
        if prober.takes_a_record(deadline).await {
            return Some(true);
        }
        let steady = agent.steady() == Some(run);
        if !steady || yard.ground.audit.read(State::halted) == Some(true) {
            return None;
        }
        if world.clock.now() >= deadline {
            return Some(false);
        }
        world.clock.sleep(AGAIN).await;
    }
}
