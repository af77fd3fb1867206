//! A put that does not wait for a slow or failing request: a second attempt, under a name of its own, when the first
//! is slower than nearly all were lately. Whichever is done first wins; the other, should it land, is named by nobody
//! and swept. Both kinds of second attempt are rationed.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use parking_lot::Mutex;
use world::{Backoff, Instant, World};

use crate::allowance::Allowance;
use crate::latency::Latency;
use crate::objects::{Backing, Objects};
use crate::{Op, StoreError, StoreOptions};

/// The wait before trying again after all attempts under way failed.
const BACKOFF: Backoff = Backoff {
    first: Duration::from_millis(50),
    max: Duration::from_secs(2),
    deadline: Duration::MAX,
};

#[derive(Debug)]
pub(crate) struct Hedger {
    objects: Arc<dyn Objects>,
    latency: Mutex<Latency>,
    hedges: Allowance,
    retries: Arc<Allowance>,
    options: StoreOptions,
    world: World,
}

impl Hedger {
    pub(crate) fn new(
        objects: Arc<dyn Objects>,
        retries: Arc<Allowance>,
        options: StoreOptions,
        world: World,
    ) -> Hedger {
        Hedger {
            objects,
            latency: Mutex::new(Latency::new()),
            hedges: Allowance::new(options.hedges_per_hundred, 1, 10),
            retries,
            options,
            world,
        }
    }

    /// Writes the parts under one of the names. Which attempt won.
    pub(crate) async fn put(
        &self,
        path: impl Fn(u16) -> Result<String, StoreError>,
        parts: Vec<Bytes>,
        deadline: Instant,
    ) -> Result<u16, StoreError> {
        self.hedges.earn();
        self.retries.earn();
        let mut race = Race::new(self, path, parts);
        race.start(self.world.clock.now())?;
        race.run(deadline).await
    }

    /// How long a put may take before it is hedged; never on a folder, where a second write only makes the disk
    /// slower.
    fn patience(&self) -> Option<Duration> {
        if self.objects.backing() == Backing::Folder {
            return None;
        }
        let usual = self.latency.lock().p99().unwrap_or(self.options.hedge_after_initial);
        Some(usual.max(self.options.hedge_after_min))
    }

    fn record(&self, began: Instant) {
        let took = self.world.clock.now().saturating_duration_since(began);
        self.latency.lock().record(took);
    }
}

/// One attempt: its number and how it ended.
type Attempt<'a> = BoxFuture<'a, (u16, Result<(), StoreError>)>;

/// The attempts of one put.
struct Race<'a, P> {
    hedger: &'a Hedger,
    path: P,
    parts: Vec<Bytes>,
    running: FuturesUnordered<Attempt<'a>>,
    /// When each attempt under way began.
    began: Vec<(u16, Instant)>,
    next: u16,
    last: Option<StoreError>,
    /// Whether any attempt may have happened, so that the whole may have.
    unknown: bool,
    /// When to begin one more attempt: because the first is slow, or after all have failed.
    again_at: Option<Instant>,
    hedged: bool,
}

impl<'a, P: Fn(u16) -> Result<String, StoreError>> Race<'a, P> {
    fn new(hedger: &'a Hedger, path: P, parts: Vec<Bytes>) -> Race<'a, P> {
        Race {
            hedger,
            path,
            parts,
            running: FuturesUnordered::new(),
            began: Vec::new(),
            next: 0,
            last: None,
            unknown: false,
            again_at: None,
            hedged: false,
        }
    }

    fn start(&mut self, now: Instant) -> Result<(), StoreError> {
        let attempt = self.next;
        let path = (self.path)(attempt)?;
        self.next += 1;
        self.began.push((attempt, now));
        let (objects, parts) = (Arc::clone(&self.hedger.objects), self.parts.clone());
        self.running
            .push(Box::pin(async move { (attempt, objects.put(&path, &parts).await) }));
        self.again_at = match self.hedger.patience() {
            Some(patience) if !self.hedged => Some(now + patience),
            _ => None,
        };
        Ok(())
    }

    async fn run(&mut self, deadline: Instant) -> Result<u16, StoreError> {
        let clock = self.hedger.world.clock.clone();
        loop {
            let wake = self.again_at.map_or(deadline, |at| at.min(deadline));
            tokio::select! {
                biased;
                Some((attempt, ended)) = self.running.next() => match ended {
                    Ok(()) => return Ok(self.win(attempt)),
                    Err(failed) => self.lose(attempt, failed)?,
                },
                () = clock.sleep_until(wake) => self.awake(clock.now(), deadline)?,
            }
        }
    }

    /// The winner's time is measured, and that of a hedged loser so far: leaving out what was too slow to finish
    /// would make the next one seem slow sooner and sooner.
    fn win(&mut self, attempt: u16) -> u16 {
        for (_, began) in &self.began {
            self.hedger.record(*began);
        }
        attempt
    }

    /// Notes a failure; the last one under way decides whether the whole has failed.
    fn lose(&mut self, attempt: u16, failed: StoreError) -> Result<(), StoreError> {
        self.began.retain(|(number, _)| *number != attempt);
        self.unknown |= matches!(failed, StoreError::Unknown { .. });
        let again =
            failed.is_transient() && self.next < self.hedger.options.put_attempts_max.min(crate::key::ATTEMPT_MAX + 1);
        self.last = Some(failed);
        if !self.running.is_empty() {
            return Ok(());
        }
        if !again || !self.hedger.retries.spend() {
            return Err(self.failure());
        }
        let world = &self.hedger.world;
        let bound = BACKOFF.bound(u32::from(self.next - 1));
        self.again_at = Some(world.clock.now() + world.chance.between(Duration::ZERO, bound));
        Ok(())
    }

    /// Time for one more attempt, or no time left.
    fn awake(&mut self, now: Instant, deadline: Instant) -> Result<(), StoreError> {
        if now >= deadline {
            self.unknown |= !self.running.is_empty();
            return Err(self.failure());
        }
        self.again_at = None;
        if self.running.is_empty() {
            return self.start(now);
        }
        self.hedged = true;
        if self.next < self.hedger.options.put_attempts_max && self.hedger.hedges.spend() {
            metrics::counter!("tidelog_store_hedges_total").increment(1);
            return self.start(now);
        }
        Ok(())
    }

    /// The last error, which stays unknown if any attempt is.
    fn failure(&mut self) -> StoreError {
        let path = (self.path)(self.next.saturating_sub(1)).unwrap_or_default();
        match self.last.take() {
            Some(StoreError::Definite { reason, .. }) if self.unknown => StoreError::Unknown {
                op: Op::Put,
                path,
                reason,
            },
            Some(failed) => failed,
            None => StoreError::Unknown {
                op: Op::Put,
                path,
                reason: "the deadline has passed".to_owned(),
            },
        }
    }
}

#[cfg(test)]
mod tests;
