//! A sweep by somebody whose fold is late, while a process ends and begins again: what it lists is of a life that it has
//! not heard of.

use std::sync::Arc;
use std::time::Duration;

use compactor::Upkeep;
use metadata::Role;
use world::World;

use super::rest;
use crate::agent::Agent;
use crate::client::Prober;
use crate::ground::{Ground, Yard};
use crate::phase::Strike;
use crate::swarm::{Duties, Fault, Process};

/// Lives of the other process.
const LIVES: u32 = 5;
/// None begins after so long.
const LONGEST: Duration = Duration::from_secs(25);
/// A record is taken within this, or not at all.
const TAKEN_WITHIN: Duration = Duration::from_millis(700);

/// Lets the process begin again and again while another one sweeps, to whom the ledger answers slowly.
pub(super) async fn late_sweep(ground: &Arc<Ground>, world: &World, agent: &Agent) {
    let sweeper = Agent::new(
        ground,
        "late-sweeper".to_owned(),
        Process::by_hand(vec![Role::Compactor]),
    );
    sweeper.start().await;
    let Some(engine) = sweeper.running() else { return };
    let sweeps_alone = Duties {
        sweeps: true,
        ..Duties::NONE
    };
    let mut upkeep = Upkeep::new(engine, sweeps_alone.config(&ground.swarm.eager()));
    sweeper.impose(&[Fault::LedgerSlow]);
    let sweeps = async {
        loop {
            let _ = Box::pin(upkeep.once()).await;
            rest(world, 1, 50).await;
        }
    };
    let yard = Yard {
        ground: Arc::clone(ground),
        agents: Arc::new(vec![agent.clone()]),
    };
    let lives = async {
        let enough = world.clock.now() + LONGEST;
        for _ in 0..LIVES {
            if world.clock.now() >= enough {
                break;
            }
            agent.kill(Strike::Kill);
            agent.start().await;
            let deadline = world.clock.now() + TAKEN_WITHIN;
            Prober::new(&yard, world, agent).takes_a_record(deadline).await;
            rest(world, 1, 300).await;
        }
    };
    ground.journal.count("sweeps by one whose fold is late");
    // Sweeps go on for as long as that.
    futures::future::select(Box::pin(sweeps), Box::pin(lives)).await;
    sweeper.stop(Duration::from_secs(2)).await;
}
