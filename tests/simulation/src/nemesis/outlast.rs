//! A process that sleeps until the ledger has gone on without it: somebody keeps up by hand meanwhile, so that the base
//! passes what the sleeper has folded, and sometimes the entries there are deleted. Requests wait for it.

use std::sync::Arc;
use std::time::Duration;

use compactor::Upkeep;
use metadata::Role;
use world::World;

use crate::agent::Agent;
use crate::client;
use crate::ground::{Ground, Yard};
use crate::swarm::{Fault, Process};

/// Rounds of upkeep after which the sleeper wakes in any case.
const ROUNDS: u32 = 6;

/// Keeps up until the base has passed what the process, which is paused, has folded.
pub(super) async fn outlast(ground: &Arc<Ground>, world: &World, agent: &Agent, deleted: bool) {
    let Some(folded) = agent.alive().map(|(engine, _)| engine.seen().position) else {
        return;
    };
    let caretaker = Agent::new(ground, "caretaker".to_owned(), Process::by_hand(vec![Role::Compactor]));
    caretaker.start().await;
    let Some(engine) = caretaker.running() else { return };
    let mut upkeep = Upkeep::new(engine, ground.swarm.eager());
    for _ in 0..ROUNDS {
        let _ = Box::pin(upkeep.once()).await;
        let (base, first) = ground.audit.begins();
        if base > folded && (!deleted || first > folded) {
            ground.journal.count("pauses that the base outlasted");
            break;
        }
        let grace = ground.swarm.grace + Duration::from_millis(100);
        world.clock.sleep(if deleted { grace } else { grace / 8 }).await;
    }
    caretaker.stop(Duration::from_secs(2)).await;
    wake(ground, world, agent).await;
}

/// Requests wait for the sleeper; sometimes it comes to the end of the ledger by and by only.
async fn wake(ground: &Arc<Ground>, world: &World, agent: &Agent) {
    let yard = Yard {
        ground: Arc::clone(ground),
        agents: Arc::new(vec![agent.clone()]),
    };
    if agent.is_front() {
        client::wait_for(&yard, world, agent);
    }
    let slow = world.chance.coin(0.5) && !ground.truce.is_up();
    if slow {
        agent.suffer(&[Fault::LedgerSlow]);
    }
    world.clock.sleep(Duration::from_millis(1)).await;
    agent.resume();
    if slow {
        world.clock.sleep(Duration::from_millis(1_500)).await;
        agent.spare();
    }
}
