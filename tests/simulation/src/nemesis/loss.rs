//! The ledger loses its end. Whoever was ahead, or the witness, has to see it; everything halts; an operator accepts the
//! loss, and a new era goes on.

mod behind;

use std::time::Duration;

use futures::future::join_all;
use ledger::{Ledger, WitnessOutcome};
use metadata::State;
use world::{Instant, World};

use super::{aim_at_any, blow, make_peace, outage, rest};
use crate::agent::Agent;
use crate::ground::{Ground, Yard};
use crate::phase::Strike;
use crate::swarm::Fault;

/// Most entries that are lost at once.
const ENTRIES_MAX: u64 = 12;
/// For so long other things go wrong after a loss.
const TROUBLED: Duration = Duration::from_secs(15);
/// One who knows of a loss has told everybody within this, once nothing is wrong any more, though it may have to wake
/// up first.
const TOLD_WITHIN: Duration = Duration::from_secs(45);

/// How often it is looked for a halt that nobody waits for, and after how long it is one.
const LOOK: Duration = Duration::from_millis(500);
const OVERDUE: Duration = Duration::from_secs(10);

/// A loss, and who knows of it.
struct Loss {
    /// The last entry that is left.
    end: u64,
    /// The halts there were before.
    eras: usize,
    /// Processes that had folded what is lost, which run of each that was, and how far it had come.
    ahead: Vec<(Agent, u64, u64)>,
    witnessed: bool,
}

/// Entries are lost while processes are alive: those behind the loss go on until somebody tells them.
pub(super) async fn end_lost(yard: &Yard, world: &World) {
    if world.chance.coin(0.3) {
        return behind::lose(yard, world).await;
    }
    aim_at_any(yard, world, &yard.agents).await;
    let Some(end) = new_end(&yard.ground, world) else {
        return;
    };
    let loss = lose_alive(yard, end).await;
    see_through(yard, world, loss).await;
}

/// As [`end_lost`], and the base is what it was, too.
pub(super) async fn restored(yard: &Yard, world: &World) {
    let ground = &yard.ground;
    let (table, end) = (&ground.ledger.table, ground.audit.end());
    let backup = table.backup();
    let grace = ground.swarm.grace;
    world
        .clock
        .sleep(world.chance.between(Duration::from_millis(100), grace * 3 / 4))
        .await;
    let lost = ground.audit.end().saturating_sub(end);
    if lost == 0 {
        return;
    }
    ground.journal.count("ledger restored from a backup");
    let seen = who_is_ahead(yard, end);
    yard.agents.iter().for_each(|agent| agent.struck(Strike::EndLost));
    table.restore(&backup);
    let loss = note_loss(yard, end, seen, true).await;
    see_through(yard, world, loss).await;
}

/// Entries are lost while no process is alive, and nothing of one is under way any more. So when the witness is younger
/// than the loss no offset is given again.
pub(super) async fn end_lost_in_sleep(yard: &Yard, world: &World) {
    let ground = &yard.ground;
    ground.curfew.set(true);
    yard.agents.iter().for_each(|agent| agent.kill(Strike::EndLost));
    world.clock.sleep(ground.swarm.late_max + Duration::from_secs(1)).await;
    if let Some(end) = new_end(ground, world) {
        lose(yard, end);
        let loss = note_loss(yard, end, Vec::new(), false).await;
        ground.audit.expect_halt(loss.witnessed);
        ground.journal.count(match loss.witnessed {
            true => "ledger lost its end in sleep, behind the witness",
            false => "ledger lost its end in sleep, beyond the witness",
        });
        ground.curfew.set(false);
        join_all(yard.agents.iter().map(Agent::start)).await;
        see_through(yard, world, loss).await;
    } else {
        ground.curfew.set(false);
        join_all(yard.agents.iter().map(Agent::start)).await;
    }
}

/// Where the ledger is to end: behind all that its base rests on, and not further back than the grace allows.
fn new_end(ground: &Ground, world: &World) -> Option<u64> {
    let (floor, end) = (ground.audit.loss_floor(), ground.audit.end());
    let most = end.saturating_sub(floor).min(ENTRIES_MAX);
    (most > 0).then(|| end - 1 - world.chance.below(most))
}

async fn lose_alive(yard: &Yard, end: u64) -> Loss {
    let ahead = who_is_ahead(yard, end);
    for agent in yard.agents.iter() {
        agent.struck(Strike::EndLost);
    }
    lose(yard, end);
    note_loss(yard, end, ahead, true).await
}

fn lose(yard: &Yard, end: u64) {
    let ground = &yard.ground;
    let lost = ground.audit.end().saturating_sub(end);
    ground.ledger.table.lose_end(usize::try_from(lost).unwrap_or(0));
}

fn who_is_ahead(yard: &Yard, end: u64) -> Vec<(Agent, u64, u64)> {
    let all = yard.agents.iter().filter_map(|agent| {
        let (engine, run) = agent.alive()?;
        let seen = engine.seen().position;
        (seen > end).then(|| (agent.clone(), run, seen))
    });
    all.collect()
}

/// Writes down what is lost. `alive` when there are processes that may serve it for a while.
async fn note_loss(yard: &Yard, end: u64, ahead: Vec<(Agent, u64, u64)>, alive: bool) -> Loss {
    let ground = &yard.ground;
    let lost = ground.audit.end().saturating_sub(end);
    ground.journal.count("ledger lost its end");
    ground.journal.count_by("entries lost", lost);
    ground
        .journal
        .line(format_args!("the ledger loses {lost} entries and ends at {end}"));
    ground.power.ends_at(end);
    let mut gone = ground.audit.lose_after(end);
    gone.served_until = alive.then(|| served_until(ground));
    ground.history.lock().lose(&ground.journal, &gone);
    let witnessed = match ground.operators_ledger().await {
        Ok(ledger) => matches!(ledger.check_witness().await, Ok(WitnessOutcome::Lost(_))),
        Err(_) => false,
    };
    if !alive && !witnessed {
        ground.history.lock().lose_unseen(served_until(ground));
    }
    Loss {
        end,
        eras: ground.audit.read(|state| state.eras().len()).unwrap_or(0),
        ahead,
        witnessed,
    }
}

/// A process that has not looked at the end of the ledger for so long serves nothing; an answer under way may take as
/// long as its client waits.
fn served_until(ground: &Ground) -> Instant {
    let stale = ground.swarm.engine.staleness_max;
    ground.world.clock.now() + stale + crate::client::PATIENCE + Duration::from_secs(1)
}

impl Loss {
    /// Whether somebody is there who knows. Who slept until the base had moved past it reloads, and never knows.
    fn is_known(&self, base: u64) -> bool {
        let still = |(agent, run, seen): &(Agent, u64, u64)| {
            let runs = agent.alive().is_some_and(|(_, now)| now == *run);
            runs && base < *seen
        };
        self.witnessed || self.ahead.iter().any(still)
    }
}

/// Waits for the halt, and lets an operator accept the loss.
async fn see_through(yard: &Yard, world: &World, loss: Loss) {
    see_halt(yard, world, loss).await;
    yard.ground.truce.set(false);
}

async fn see_halt(yard: &Yard, world: &World, loss: Loss) {
    let ground = &yard.ground;
    let lost_at = world.clock.now();
    loop {
        rest(world, 100, 800).await;
        if ground.audit.read(State::halted) == Some(true) {
            ground
                .journal
                .check("a lost end is seen by whoever was ahead", true, String::new);
            strike_the_halted(yard, world).await;
            return accept(ground, world).await;
        }
        // A process that found it accepted had been told.
        let eras = ground.audit.read(|state| state.eras().len()).unwrap_or(0);
        if eras > loss.eras {
            return;
        }
        if !loss.is_known(ground.audit.base()) {
            ground.journal.count("ledger's lost end seen by nobody");
            return;
        }
        let waited = world.clock.now().saturating_duration_since(lost_at);
        if waited > TROUBLED {
            make_peace(yard);
        }
        if waited > TROUBLED + TOLD_WITHIN {
            ground
                .journal
                .check("a lost end is seen by whoever was ahead", false, || {
                    format!("end {}, ahead {:?}, witnessed {}", loss.end, loss.ahead, loss.witnessed)
                });
            return;
        }
    }
}

/// Sometimes one misfortune follows another.
async fn strike_the_halted(yard: &Yard, world: &World) {
    rest(world, 0, 1_000).await;
    match world.chance.below(4) {
        0 if yard.ground.swarm.has(Fault::ZoneLost) => Box::pin(outage::zone_lost(yard, world)).await,
        // A power cut after which all is there.
        1 if yard.ground.swarm.has(Fault::PowerLost) => {
            yard.agents.iter().for_each(|agent| agent.kill(Strike::PowerLost));
            rest(world, 10, 1_000).await;
            join_all(yard.agents.iter().map(Agent::start)).await;
        }
        2 => blow(world, &yard.any(&world.chance)).await,
        _ => {}
    }
}

/// Accepts losses that are told of late: who had appended what was lost, and had not read it yet when it was, learns of
/// the loss when that is answered.
pub(crate) async fn accept_late_halts(yard: Yard, world: World) {
    let ground = &yard.ground;
    loop {
        world.clock.sleep(LOOK).await;
        if ground.audit.read(State::halted) != Some(true) {
            continue;
        }
        // Whoever waits for a halt accepts it within this.
        world.clock.sleep(OVERDUE).await;
        if ground.audit.read(State::halted) == Some(true) {
            ground.journal.count("ledger's lost end told of late");
            accept(ground, &world).await;
        }
    }
}

async fn accept(ground: &Ground, world: &World) {
    rest(world, 100, 5_000).await;
    let accepted = accept_until_done(ground).await;
    ground
        .journal
        .check("a loss can be accepted", accepted.is_ok(), || format!("{accepted:?}"));
    ground.journal.count("ledger loss accepted");
}

async fn accept_until_done(ground: &Ground) -> Result<(), String> {
    let ledger: Ledger = ground.operators_ledger().await.map_err(|error| error.to_string())?;
    // One loss may be told of by several halts, each in its place.
    while ground.audit.read(State::halted) == Some(true) {
        let accepted = ledger.accept_loss("the operator knows".into()).await;
        let accepted = accepted.map_err(|error| error.to_string())?;
        ground.journal.line(format_args!("the loss is accepted: {accepted:?}"));
    }
    Ok(())
}
