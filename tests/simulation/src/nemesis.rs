//! What goes wrong, and when. One task for each network and one for each process; they end when the run calms down.

use std::time::Duration;

use world::{Chance, World};

use crate::agent::{Agent, Crash, When};
use crate::ground::Ground;
use crate::swarm::Fault;

/// Lets the faults of a process' network come and go.
pub(crate) async fn network(ground: std::sync::Arc<Ground>, world: World, agent: Agent) {
    let all: Vec<Fault> = ground
        .swarm
        .faults
        .iter()
        .copied()
        .filter(|fault| !fault.is_of_agent())
        .collect();
    loop {
        rest(&world, 500, 6_000).await;
        if ground.is_quiet() {
            return;
        }
        let now: Vec<Fault> = all.iter().copied().filter(|_| world.chance.coin(0.5)).collect();
        for fault in &now {
            ground.journal.count(&format!("fault {fault:?}"));
        }
        agent.set_faults(&now);
        rest(&world, 300, 3_000).await;
        agent.set_faults(&[]);
    }
}

/// Kills, pauses and restarts a process.
pub(crate) async fn operator(ground: std::sync::Arc<Ground>, world: World, agent: Agent) {
    let all: Vec<Fault> = ground
        .swarm
        .faults
        .iter()
        .copied()
        .filter(|fault| fault.is_of_agent())
        .collect();
    let Ok(bound) = u64::try_from(all.len()) else { return };
    loop {
        rest(&world, 2_000, 12_000).await;
        if ground.is_quiet() || bound == 0 {
            return;
        }
        let chosen = usize::try_from(world.chance.below(bound)).expect("below a handful");
        ground.journal.count(&format!("fault {:?}", all[chosen]));
        befall(&ground, &world, &agent, all[chosen]).await;
    }
}

async fn befall(ground: &Ground, world: &World, agent: &Agent, fault: Fault) {
    match fault {
        Fault::Kill => {
            agent.kill();
            rest(world, 10, 3_000).await;
            if world.chance.coin(0.4) {
                agent.crash_at(crash(&world.chance));
            }
            agent.start().await;
            rest(world, 100, 1_500).await;
            if agent.has_crashed() {
                agent.start().await;
            }
        }
        Fault::CrashAtSeam => {
            agent.crash_at(crash(&world.chance));
            rest(world, 500, 4_000).await;
            if agent.has_crashed() {
                agent.start().await;
            }
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

async fn rest(world: &World, low_ms: u64, high_ms: u64) {
    let wait = world
        .chance
        .between(Duration::from_millis(low_ms), Duration::from_millis(high_ms));
    world.clock.sleep(wait).await;
}
