//! The floor: one writer that puts bare entries into the ledger, one after another, with the looks that an append has.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};
use bytes::Bytes;
use ledger::{Appended, Ledger, MemoryWitness};
use world::World;

use crate::latency::{self, Latency};
use crate::place::Place;

/// Puts entries of so many bytes into a fresh ledger for so long.
///
/// # Errors
/// When the ledger cannot be opened, or refuses.
pub async fn run(place: &Place, bytes: usize, lasts: Duration, world: &World) -> Result<Latency> {
    let backend = place.ledger(world).await?;
    let witness = Arc::new(MemoryWitness::default());
    let ledger = Ledger::open(backend, witness, world.child("floor")).await?;
    let body = Bytes::from(vec![7; bytes.min(ledger.entry_bytes_max())]);
    let mut tip = ledger.base().await?.tip();
    let mut times = latency::histogram()?;
    let ends = world.clock.now() + lasts;
    while world.clock.now() < ends {
        let began = world.clock.now();
        match ledger.append(&tip, body.clone()).await? {
            Appended::At(put) => tip = put,
            other => bail!("a lone writer's entry: {other:?}"),
        }
        latency::record(&mut times, world.clock.now() - began);
    }
    Ok(Latency::of(&times))
}
