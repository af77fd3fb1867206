//! The power fails: every process is gone, and so may be what had not reached the disk.

use std::time::Duration;

use futures::future::join_all;
use world::World;

use super::{aim_at_any, rest};
use crate::agent::Agent;
use crate::ground::Yard;
use crate::phase::Strike;
use crate::watch::PowerMoment;

pub(super) async fn power_lost(yard: &Yard, world: &World) {
    let ground = &yard.ground;
    match world.chance.below(6) {
        0 => ground.power.arm(PowerMoment::Entry),
        1 => ground.power.arm(PowerMoment::Object),
        _ => {
            aim_at_any(yard, world, &yard.agents).await;
            ground.power.fail();
        }
    }
    ground.power.failure(Duration::from_secs(3)).await;
    yard.agents.iter().for_each(|agent| agent.kill(Strike::PowerLost));
    let (durable, objects) = ground.power.take();
    lose_entries(yard, world, durable);
    for (path, before) in objects {
        // The witness is put in the place of the one before, whole or not at all.
        let whole = path.ends_with("/witness");
        let kept = match world.chance.below(3) {
            0 => continue,
            1 if !whole => usize::try_from(world.chance.below(4_000)).ok(),
            _ => None,
        };
        ground.journal.count("objects undone by a power cut");
        ground
            .journal
            .line(format_args!("power cut undoes {path}, keeps {kept:?}"));
        ground.objects.undo(&path, before, kept).await;
    }
    rest(world, 10, 3_000).await;
    join_all(yard.agents.iter().map(Agent::start)).await;
}

/// Entries that had not reached the disk may be gone, the last ones first.
fn lose_entries(yard: &Yard, world: &World, durable: u64) {
    let ground = &yard.ground;
    let end = ground.audit.end();
    let lost = world.chance.below(end.saturating_sub(durable) + 1);
    if lost == 0 {
        return;
    }
    ground.journal.count_by("entries undone by a power cut", lost);
    ground
        .journal
        .line(format_args!("power cut undoes {lost} of {end} entries"));
    ground.ledger.table.lose_end(usize::try_from(lost).unwrap_or(0));
    let undone = ground.audit.undo_after(end - lost);
    let told = ground.history.lock().was_told(&undone);
    ground
        .journal
        .check("a power cut undoes nothing that was told", !told, || {
            format!("{undone:?}")
        });
}
