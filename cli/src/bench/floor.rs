//! The floor: what a plain loop does that writes the same bytes to a file in the same folder and fsyncs them.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use hdrhistogram::Histogram;
use serde::Serialize;
use world::{Clock, World};

use super::meter::mib_per_second;
use super::payload::random;
use super::process::Process;
use super::produce::{Latency, histogram};

/// Bytes between two fsyncs of the large loop: those of a segment.
const CHUNK_BYTES: usize = 8 << 20;
/// Writes of the small loop.
const SMALL_WRITES: u32 = 500;

/// The plain loop's figures.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Floor {
    /// MiB a second, with an fsync for every 8 MiB.
    pub(super) mib_per_second: f64,
    /// CPU seconds for a GiB.
    pub(super) cpu_seconds_per_gib: f64,
    /// Times of writing one record and fsyncing it.
    pub(super) one_record: Latency,
}

/// Runs both loops.
pub(super) async fn run(folder: &Path, bytes: u64, record_bytes: u32, world: &World) -> Result<Floor> {
    let file = folder.join("floor");
    let chunk = random(&world.chance, CHUNK_BYTES);
    let record = random(&world.chance, record_bytes as usize);
    let clock = world.clock.clone();
    let work = move || measure(&file, bytes, &chunk, &record, &clock);
    world.tasks.blocking(work).await
}

fn measure(path: &PathBuf, bytes: u64, chunk: &[u8], record: &[u8], clock: &Clock) -> Result<Floor> {
    let own = Process::new(std::process::id());
    let (began, cpu) = (clock.now(), own.cpu_seconds()?);
    let mut file = File::create(path).with_context(|| format!("cannot make {}", path.display()))?;
    let mut left = bytes;
    while left > 0 {
        let length = usize::try_from(left).unwrap_or(usize::MAX).min(chunk.len());
        file.write_all(&chunk[..length])?;
        file.sync_all()?;
        left -= length as u64;
    }
    let seconds = clock.now().saturating_duration_since(began).as_secs_f64();
    let cpu = own.cpu_seconds()? - cpu;
    let one_record = Latency::of(&small(&mut file, record, clock)?);
    drop(file);
    std::fs::remove_file(path)?;
    Ok(Floor {
        mib_per_second: mib_per_second(bytes, seconds),
        cpu_seconds_per_gib: cpu / (bytes as f64 / f64::from(1 << 30)),
        one_record,
    })
}

fn small(file: &mut File, record: &[u8], clock: &Clock) -> Result<Histogram<u64>> {
    let mut times = histogram()?;
    for _ in 0..SMALL_WRITES {
        let began = clock.now();
        file.write_all(record)?;
        file.sync_all()?;
        let took = clock.now().saturating_duration_since(began);
        times.saturating_record(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    }
    Ok(times)
}
