//! What goes wrong, and when. One task for each network, one for each process, and one for what befalls all of them;
//! they end when the run calms down.

mod disaster;
mod late_sweep;
mod loss;
mod outage;
mod outlast;
mod power;
mod probe;

use std::sync::Arc;
use std::time::Duration;

use world::{Chance, World};

use crate::agent::{Agent, Crash, When};
use crate::ground::{Ground, Yard};
use crate::phase::{Phase, Strike};
use crate::swarm::{Fault, Scope};

pub(crate) use disaster::disasters;
pub(crate) use loss::accept_late_halts;

/// How long a blow waits for its moment.
const AIM: Duration = Duration::from_secs(3);
const AIM_AT_ANY: Duration = Duration::from_secs(6);
/// How long a process stands still for the base to move past it.
const BEHIND: Duration = Duration::from_secs(20);

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
        if world.chance.coin(0.5) {
            aim(&ground, &world, &agent).await;
            // Peace may have been made meanwhile.
            if ground.truce.is_up() {
                continue;
            }
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
        if world.chance.coin(0.5) {
            aim(&ground, &world, &agent).await;
        }
        befall(&ground, &world, &agent, all[chosen]).await;
    }
}

async fn befall(ground: &Arc<Ground>, world: &World, agent: &Agent, fault: Fault) {
    match fault {
        Fault::Kill if ground.is_plain() && agent.is_front() && world.chance.coin(0.2) => {
            Box::pin(late_sweep::late_sweep(ground, world, agent)).await;
        }
        Fault::Kill => {
            agent.kill(Strike::Kill);
            rest(world, 10, 3_000).await;
            start_again(world, agent).await;
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
            match world.chance.below(5) {
                0 | 1 if ground.is_plain() => {
                    let deleted = world.chance.coin(0.5);
                    Box::pin(outlast::outlast(ground, world, agent, deleted)).await;
                }
                _ => world.clock.sleep(pause).await,
            }
            agent.resume();
            if world.chance.coin(0.5) && agent.reach(Phase::Reloading, Duration::from_millis(500)).await {
                blow(world, agent).await;
            }
        }
        Fault::Restart => {
            let stop = agent.stop(Duration::from_secs(3));
            if world.chance.coin(0.5) {
                stop.await;
            } else {
                futures::future::join(stop, blow_during(world, agent, Phase::Draining)).await;
            }
            rest(world, 10, 1_000).await;
            start_again(world, agent).await;
        }
        _ => jump(world, agent),
    }
}

fn jump(world: &World, agent: &Agent) {
    let hours = i64::try_from(world.chance.below(2 * 24 * 365)).unwrap_or(0) - 24 * 365;
    agent.skew(hours * 3_600_000);
}

/// Starts a process; sometimes something befalls it while it starts, or before it has a life.
async fn start_again(world: &World, agent: &Agent) {
    let phase = match world.chance.below(4) {
        0 => Phase::Starting,
        1 => Phase::Registering,
        2 => {
            agent.crash_at(crash(&world.chance));
            agent.start().await;
            rest(world, 100, 1_500).await;
            return agent.end_crash().await;
        }
        _ => return agent.start().await,
    };
    futures::future::join(agent.start(), blow_during(world, agent, phase)).await;
}

async fn blow_during(world: &World, agent: &Agent, phase: Phase) {
    if agent.reach(phase, Duration::from_secs(1)).await {
        rest(world, 0, 15).await;
        blow(world, agent).await;
    }
}

/// One more thing that befalls a process which something has befallen.
async fn blow(world: &World, agent: &Agent) {
    match world.chance.below(4) {
        0 => {
            agent.kill(Strike::Kill);
            rest(world, 10, 500).await;
            agent.start().await;
        }
        1 => {
            agent.crash_at(Crash {
                after: world.chance.below(4),
                during: None,
                ..crash(&world.chance)
            });
            rest(world, 200, 1_000).await;
            agent.end_crash().await;
        }
        2 => {
            agent.pause();
            rest(world, 50, 8_000).await;
            agent.resume();
        }
        _ => jump(world, agent),
    }
}

/// Waits for a moment in which a process does something that is drawn: what strikes at any time seldom strikes what
/// takes no time.
async fn aim(ground: &Ground, world: &World, agent: &Agent) {
    let phase = Phase::draw(&world.chance);
    if phase == Phase::Reloading {
        fall_behind(ground, world, agent).await;
    }
    agent.reach(phase, AIM).await;
}

/// As [`aim`], at whoever of all does it first.
async fn aim_at_any(yard: &Yard, world: &World, among: &[Agent]) {
    let phase = Phase::draw(&world.chance);
    let one = usize::try_from(world.chance.below(8)).unwrap_or(0) % among.len().max(1);
    if phase == Phase::Reloading
        && let Some(one) = among.get(one)
    {
        fall_behind(&yard.ground, world, one).await;
    }
    let all = among
        .iter()
        .map(|agent| Box::pin(async { agent.reach(phase, AIM_AT_ANY).await }));
    if !among.is_empty() {
        futures::future::select_all(all).await;
    }
}

/// Lets a process stand still until the base has moved past it, or for the longest that is waited for that.
async fn fall_behind(ground: &Ground, world: &World, agent: &Agent) {
    let Some((engine, _)) = agent.alive() else { return };
    let (seen, deadline) = (engine.seen().position, world.clock.now() + BEHIND);
    agent.pause();
    while ground.audit.base() <= seen && world.clock.now() < deadline && !ground.quiet.is_up() {
        world.clock.sleep(Duration::from_millis(100)).await;
    }
    agent.resume();
}

fn crash(chance: &Chance) -> Crash {
    let when = match chance.below(3) {
        0 => When::Before,
        1 => When::Applied,
        _ => When::Answered,
    };
    match chance.coin(0.5) {
        true => Crash {
            when,
            after: 0,
            during: Some(Phase::draw(chance)),
        },
        false => Crash {
            when,
            after: chance.below(40),
            during: None,
        },
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
