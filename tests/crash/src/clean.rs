//! After everything: sweeps leave nothing that nobody names.

use std::fs::File;
use std::time::Duration;

use anyhow::{Result, ensure};
use world::World;

use crate::command::{self, Verified};
use crate::place::Place;

/// Beyond the grace, which has to be over.
const MARGIN: Duration = Duration::from_millis(200);

/// Three sweeps with the grace between them leave no garbage: what the killed left waits for a mark behind the end of
/// their lives, and then for one that shows that the grace has passed. No agent runs any more.
///
/// # Errors
/// When a sweep fails, or `tidelog verify` finds a fault or garbage.
pub async fn must_be(world: &World, place: &Place, grace: Duration) -> Result<Verified> {
    long_ago(place)?;
    for _ in 0..3 {
        world.clock.sleep(grace + MARGIN).await;
        let swept = command::upkeep(place).await?;
        ensure!(swept.failures.is_empty(), "{swept:?}");
    }
    let verified = command::must_be_sound(place).await?;
    ensure!(verified.findings.is_empty(), "garbage: {:#?}", verified.findings);
    Ok(verified)
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
