//! The ledger loses its end while nobody is awake but one who had not come so far: the witness alone knows, until others
//! begin, and whoever is behind the loss must leave it what it says.

use futures::future::join_all;
use world::World;

use super::{ENTRIES_MAX, note_loss, rest, see_through};
use crate::agent::Agent;
use crate::ground::Yard;
use crate::phase::Strike;

/// Lets one sleep, the others go on and be gone, and the end be lost behind what the sleeper knows.
pub(super) async fn lose(yard: &Yard, world: &World) {
    let ground = &yard.ground;
    let sleeper = yard.any_front(&world.chance);
    sleeper.pause();
    // The others write, and tell the witness.
    let witness_interval = ground.swarm.engine.witness_interval;
    world.clock.sleep(witness_interval + witness_interval).await;
    rest(world, 500, 2_000).await;
    ground.curfew.set(true);
    let others = yard.agents.iter().filter(|agent| agent.name() != sleeper.name());
    others.for_each(|agent| agent.kill(Strike::EndLost));
    // Whatever else has befallen the sleeper meanwhile, it has come this far and no further, or begins again.
    let folded = sleeper.alive().map_or(0, |(engine, _)| engine.seen().position);
    let floor = ground.audit.loss_floor().max(folded);
    let most = ground.audit.end().saturating_sub(floor).min(ENTRIES_MAX);
    let loss = if most > 0 {
        let end = ground.audit.end() - 1 - world.chance.below(most);
        super::lose(yard, end);
        ground.journal.count("ledger lost its end behind a sleeper");
        Some(note_loss(yard, end, Vec::new(), true).await)
    } else {
        None
    };
    sleeper.resume();
    rest(world, 500, 6_000).await;
    ground.curfew.set(false);
    join_all(yard.agents.iter().map(Agent::start)).await;
    if let Some(loss) = loss {
        see_through(yard, world, loss).await;
    }
}
