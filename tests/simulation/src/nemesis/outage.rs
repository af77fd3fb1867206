//! Outages of what processes stand on, or of some of them: how soon those who are left, or who come back, work again.

use std::time::Duration;

use world::World;

use super::probe::{all_take_records, these_take_records};
use super::{aim, aim_at_any, make_peace, rest};
use crate::agent::Agent;
use crate::ground::Yard;
use crate::phase::Strike;
use crate::swarm::Fault;

/// Processes work again this soon after a storm.
const RECOVERED: Duration = Duration::from_secs(10);
/// Processes that nothing befalls work this soon, whatever befalls others.
const UNHARMED: Duration = Duration::from_secs(10);
/// Clients find other processes this soon.
const FOUND_OTHERS: Duration = Duration::from_secs(30);

fn impose(agents: &[Agent], faults: &[Fault], strike: Option<Strike>) {
    for agent in agents {
        strike.into_iter().for_each(|strike| agent.struck(strike));
        agent.impose(faults);
    }
}

fn relieve(agents: &[Agent]) {
    agents.iter().for_each(|agent| agent.impose(&[]));
}

/// The store refuses everything for a minute; ten seconds later records are taken again. No process asks much more
/// often than it would have.
pub(super) async fn long_storm(yard: &Yard, world: &World) {
    impose(&yard.agents, &[Fault::LongStorm], None);
    world.clock.sleep(Duration::from_secs(50)).await;
    make_peace(yard);
    world.clock.sleep(Duration::from_secs(10)).await;
    relieve(&yard.agents);
    all_take_records(yard, world, RECOVERED, "records are taken again soon after a storm").await;
    yard.ground.truce.set(false);
}

/// Four calls of five are refused. Everything takes longer, and afterwards nothing does.
pub(super) async fn throttle(yard: &Yard, world: &World) {
    impose(&yard.agents, &[Fault::Throttle], None);
    rest(world, 8_000, 20_000).await;
    make_peace(yard);
    relieve(&yard.agents);
    all_take_records(yard, world, RECOVERED, "records are taken again soon after a throttle").await;
    yard.ground.truce.set(false);
}

/// One process is cut off from the ledger or the store; the others go on, and so does it afterwards.
pub(super) async fn cut_off(yard: &Yard, world: &World) {
    make_peace(yard);
    rest(world, 500, 2_000).await;
    let one = yard.any_front(&world.chance);
    let (fault, strike) = match world.chance.below(3) {
        0 => (Fault::LedgerCut, Strike::LedgerCut),
        1 => (Fault::LedgerDeaf, Strike::LedgerDeaf),
        _ => (Fault::StoreCut, Strike::StoreCut),
    };
    yard.ground
        .journal
        .line(format_args!("{} is cut off: {fault:?}", one.name()));
    aim(&yard.ground, world, &one).await;
    impose(std::slice::from_ref(&one), &[fault], Some(strike));
    let others: Vec<Agent> = yard
        .fronts()
        .filter(|agent| agent.name() != one.name())
        .cloned()
        .collect();
    let check = "the others take records while one is cut off";
    these_take_records(yard, world, &others, UNHARMED, check).await;
    rest(world, 100, 8_000).await;
    relieve(std::slice::from_ref(&one));
    let check = "one that was cut off takes records again soon";
    these_take_records(yard, world, std::slice::from_ref(&one), RECOVERED, check).await;
    yard.ground.truce.set(false);
}

/// All processes of a zone are gone at once; the others take records.
pub(super) async fn zone_lost(yard: &Yard, world: &World) {
    let zone = yard.any_front(&world.chance).zone();
    let (lost, left): (Vec<Agent>, Vec<Agent>) = yard.agents.iter().cloned().partition(|agent| agent.zone() == zone);
    yard.ground.journal.line(format_args!("zone {zone} is gone"));
    aim_at_any(yard, world, &lost).await;
    for agent in &lost {
        agent.kill(Strike::ZoneLost);
    }
    let left: Vec<Agent> = left.into_iter().filter(Agent::is_front).collect();
    if world.chance.coin(0.5) {
        make_peace(yard);
        let check = "the others take records when a zone is gone";
        these_take_records(yard, world, &left, FOUND_OTHERS, check).await;
    }
    rest(world, 500, 8_000).await;
    futures::future::join_all(lost.iter().map(Agent::start)).await;
    yard.ground.truce.set(false);
}

/// Neither ledger nor store has room for a while: nothing is taken, what is there is read, and then all is well again.
pub(super) async fn disk_full(yard: &Yard, world: &World) {
    if world.chance.coin(0.5) {
        make_peace(yard);
        rest(world, 500, 2_000).await;
    }
    aim_at_any(yard, world, &yard.agents).await;
    impose(&yard.agents, &[Fault::DiskFull], None);
    rest(world, 3_000, 8_000).await;
    make_peace(yard);
    relieve(&yard.agents);
    all_take_records(
        yard,
        world,
        RECOVERED,
        "records are taken again soon after a disk was full",
    )
    .await;
    yard.ground.truce.set(false);
}
