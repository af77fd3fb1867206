//! What befalls everything at once, one after another: each that the run has, once, at a time of its own.

use world::World;

use super::{loss, outage, power, rest};
use crate::ground::Yard;
use crate::swarm::{Fault, Scope};

/// Lets the disasters of the run come, in some order. Returns when the last is over.
pub(crate) async fn disasters(yard: Yard, world: World) {
    let mut all = yard.ground.swarm.of(&[Scope::Cluster]);
    world.chance.shuffle(&mut all);
    for disaster in all {
        rest(&world, 3_000, 12_000).await;
        yard.ground.journal.count(&format!("fault {disaster:?}"));
        yard.ground.journal.line(format_args!("disaster {disaster:?}"));
        match disaster {
            Fault::LongStorm => Box::pin(outage::long_storm(&yard, &world)).await,
            Fault::Throttle => Box::pin(outage::throttle(&yard, &world)).await,
            Fault::CutOff => Box::pin(outage::cut_off(&yard, &world)).await,
            Fault::ZoneLost => Box::pin(outage::zone_lost(&yard, &world)).await,
            Fault::DiskFull => Box::pin(outage::disk_full(&yard, &world)).await,
            Fault::PowerLost => Box::pin(power::power_lost(&yard, &world)).await,
            Fault::EndLost => Box::pin(loss::end_lost(&yard, &world)).await,
            Fault::EndLostInSleep => Box::pin(loss::end_lost_in_sleep(&yard, &world)).await,
            Fault::Restored => Box::pin(loss::restored(&yard, &world)).await,
            _ => {}
        }
        yard.ground.journal.line(format_args!("disaster {disaster:?} is over"));
    }
}
