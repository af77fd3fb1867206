//! What goes wrong, and when. One task for each network, one for each process, and one for what befalls all of them;
//! they end when the run calms down.

mod disaster;
mod loss;
mod outage;
mod power;
mod probe;

use std::sync::Arc;
use std::time::Duration;

use world::{Chance, World};

use crate::agent::{Agent, Crash, When};
use crate::ground::{Ground, Yard};
use crate::phase::Strike;
use crate::swarm::{Fault, Scope};

pub(crate) use disaster::disasters;

/// Lets the faults of a process' network come and go.
pub(crate) async fn network(ground: Arc<Ground>, world: World, agent: Agent) {
    let all = ground.swarm.of(&[Scope::Network]);
    loop {
        rest(&world, 500, 6_000).await;
        if ground.quiet.is_up() {
            return;
        }
        if ground.truce.is_up() {
            continue;
        }
        let now: Vec<Fault> = all.iter().copied().filter(|_| world.chance.coin(0.5)).collect();
        for fault in &now {
            ground.journal.count(&format!("fault {fault:?}"));
        }
        agent.suffer(&now);
        // Sometimes for longer than the others wait for a sign of life.
        let longest = if world.chance.coin(0.1) { 10_000 } else { 3_000 };
        rest(&world, 300, longest).await;
        agent.suffer(&[]);
    }
}

/// Kills, pauses and restarts a process.
pub(crate) async fn operator(ground: Arc<Ground>, world: World, agent: Agent) {
    let all = ground.swarm.of(&[Scope::Process]);
    let Ok(bound) = u64::try_from(all.len()) else { return };
    loop {
        rest(&world, 2_000, 12_000).await;
        if ground.quiet.is_up() || bound == 0 {
            return;
        }
        if ground.truce.is_up() {
            continue;
        }
        let chosen = usize::try_from(world.chance.below(bound)).expect("below a handful");
        ground.journal.count(&format!("fault {:?}", all[chosen]));
        befall(&ground, &world, &agent, all[chosen]).await;
    }
}

async fn befall(ground: &Ground, world: &World, agent: &Agent, fault: Fault) {
    match fault {
        Fault::Kill => {
            agent.kill(Strike::Kill);
            rest(world, 10, 3_000).await;
            if world.chance.coin(0.4) {
                agent.crash_at(crash(&world.chance));
            }
            agent.start().await;
            rest(world, 100, 1_500).await;
            agent.end_crash().await;
        }
        Fault::CrashAtSeam => {
            agent.crash_at(crash(&world.chance));
            rest(world, 500, 4_000).await;
            agent.end_crash().await;
        }
        Fault::Pause => {
            agent.pause();
            // Often longer than others wait before they retire it, sometimes until the base has moved past it.
            let longest = if world.chance.coin(0.4) {
                Duration::from_secs(30)
            } else {
                ground.swarm.agent_timeout * 2
            };
            let pause = world.chance.between(Duration::from_millis(50), longest);
            world.clock.sleep(pause).await;
            agent.resume();
        }
        Fault::Restart => {
            agent.stop(Duration::from_secs(3)).await;
            rest(world, 10, 1_000).await;
            agent.start().await;
        }
        _ => {
            let hours = i64::try_from(world.chance.below(2 * 24 * 365)).unwrap_or(0) - 24 * 365;
            agent.skew(hours * 3_600_000);
        }
    }
}

fn crash(chance: &Chance) -> Crash {
    let when = match chance.below(3) {
        0 => When::Before,
        1 => When::Applied,
        _ => When::Answered,
    };
    Crash {
        when,
        after: chance.below(40),
    }
}

/// Nothing else is wrong from now on, and what was wrong with networks is over.
fn make_peace(yard: &Yard) {
    yard.ground.truce.set(true);
    yard.agents.iter().for_each(Agent::spare);
}

async fn rest(world: &World, low_ms: u64, high_ms: u64) {
    let wait = world
        .chance
        .between(Duration::from_millis(low_ms), Duration::from_millis(high_ms));
    world.clock.sleep(wait).await;
}
