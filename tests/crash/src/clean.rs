//! After everything: sweeps leave nothing that nobody names.

use std::fs::File;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use world::World;

use crate::command::{self, Verified};
use crate::place::Place;

/// Beyond the grace, which has to be over.
const MARGIN: Duration = Duration::from_millis(200);

/// More sweeps than this are never needed. What the killed left waits for a mark behind the end of their lives, and then for
/// one that shows that the grace has passed; what is merged meanwhile leaves its inputs, which wait as well.
const SWEEPS_MAX: usize = 8;

/// Sweeps with the grace between them come to an end and leave no garbage. No agent runs any more.
///
/// # Errors
/// When a sweep fails, or `tidelog verify` finds a fault or garbage.
pub async fn must_be(world: &World, place: &Place, grace: Duration) -> Result<Verified> {
    long_ago(place)?;
    let mut left = Vec::new();
    for sweep in 1..=SWEEPS_MAX {
        world.clock.sleep(grace + MARGIN).await;
        let swept = command::upkeep(place).await?;
        ensure!(swept.failures.is_empty(), "{swept:?}");
        let verified = command::must_be_sound(place).await?;
        if verified.findings.is_empty() && sweep >= 3 {
            return Ok(verified);
        }
        left = verified.findings;
    }
    bail!("garbage after {SWEEPS_MAX} sweeps: {left:#?}")
}

/// What killed puts left staged may be of a put under way, for ten minutes. Lets them pass.
fn long_ago(place: &Place) -> Result<()> {
    for file in place.objects("#")? {
        let hour = Duration::from_secs(3_600);
        let file = File::options().write(true).open(file)?;
        file.set_modified(file.metadata()?.modified()? - hour)?;
    }
    Ok(())
}
