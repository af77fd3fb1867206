//! The tail: one task that appends what the intake holds, reads what others append, and folds both.
//!
//! It does one thing at a time. So one append is in flight, what arrives meanwhile goes together into the next entry,
//! and nothing is folded out of order. An append that succeeded is also a look at the tip: had anything been there
//! that this process had not folded, it would have been refused.

mod fold;
mod follow;
pub(crate) mod load;
mod lost;

use std::sync::Arc;
use std::time::Duration;

use ledger::{Appended, LedgerError, Loss, ReadOutcome, Sealed, Tip};
use metadata::Rejection;
use seeded::Bug;
use world::{Backoff, Instant};

use crate::append::Tokens;
use crate::error::chain;
use crate::intake::{Door, mistakes};
use crate::shared::{Look, Shared};
use crate::{AppendError, ReadError, StartError};

/// Bytes of entries per read; fewer after one that took too long, so that a slow ledger is read all the same.
const READ_BYTES_MAX: usize = 4 << 20;
const READ_BYTES_MIN: usize = 64 << 10;
/// Failed reads in a row after which a start is given up, for a supervisor or an operator to see.
const START_FAILURES_MAX: u32 = 10;
/// An append or a read that takes longer than this is given up; its outcome is unknown.
const CALL_DEADLINE: Duration = Duration::from_secs(10);
/// Waits after losing the race for a position.
const RACE: Backoff = Backoff {
    first: Duration::from_millis(2),
    max: Duration::from_millis(200),
    deadline: Duration::MAX,
};
/// Waits after the ledger failed.
const FAILURE: Backoff = Backoff {
    first: Duration::from_millis(20),
    max: Duration::from_secs(2),
    deadline: Duration::MAX,
};
/// Waits after the ledger said more than once that there is more, and there was nothing: something stands beyond a hole.
const NOTHING: Backoff = Backoff {
    first: Duration::from_millis(2),
    max: Duration::from_secs(1),
    deadline: Duration::MAX,
};
/// Entries that may be put in vain at once; see `lost_puts_per_second`.
const LOST_PUTS_BURST: u32 = 20;
/// How long writes are refused after the ledger had no room, before one is tried again.
const FULL_FOR: Duration = Duration::from_millis(500);

/// The task's own state.
#[derive(Debug)]
pub(crate) struct Tail {
    shared: Arc<Shared>,
    tip: Tip,
    /// Something newer than the tip may exist.
    stale: bool,
    /// Positions lost in a row.
    races: u32,
    /// Failed calls in a row.
    failures: u32,
    /// Whether the last one failed for good, as far as it says.
    refused: bool,
    /// Bytes that the next read asks for.
    read_bytes: usize,
    /// How often in a row the ledger was said to have grown, and had nothing to read.
    nothings: u32,
    /// A loss that was seen and is not yet accepted.
    loss: Option<Loss>,
    /// What the ledger held when it was known to be halted.
    halted_at: Option<Tip>,
    /// Why a register of the entry that was folded last was refused.
    refusal: Option<Rejection>,
    /// The state was loaded anew, and the end of the ledger not yet reached.
    reloaded: bool,
    full_until: Option<Instant>,
    /// Whom this process follows.
    route: follow::Route,
    /// What may be put in vain.
    vain: Tokens,
}

impl Tail {
    pub(crate) fn new(shared: Arc<Shared>) -> Tail {
        let tip = shared.view.progress().tip;
        let now = shared.world.clock.now();
        let vain = Tokens::new(Some(shared.config.lost_puts_per_second), LOST_PUTS_BURST, now);
        Tail {
            shared,
            tip,
            stale: true,
            races: 0,
            failures: 0,
            refused: false,
            read_bytes: READ_BYTES_MAX,
            nothings: 0,
            loss: None,
            halted_at: None,
            refusal: None,
            reloaded: false,
            full_until: None,
            route: follow::Route::default(),
            vain,
        }
    }

    /// Folds until the end of the ledger is reached, for the first time. A ledger that only fails in passing is asked again.
    pub(crate) async fn catch_up(&mut self) -> Result<(), StartError> {
        self.mind_witness();
        while self.stale && self.loss.is_none() {
            self.read().await;
            let failures_max = if self.refused { 2 } else { START_FAILURES_MAX };
            if self.failures >= failures_max {
                let trouble = self.shared.trouble.lock().ledger.clone();
                return Err(StartError::Ledger(trouble.unwrap_or_default()));
            }
            self.back_off(FAILURE, self.failures).await;
        }
        Ok(())
    }

    /// Runs until the process has stopped.
    pub(crate) async fn run(mut self) {
        let tasks = self.shared.world.tasks.clone();
        while !tasks.is_stopping() {
            self.step().await;
        }
        let mut intake = self.shared.intake.lock();
        intake.door = Door::Closed;
        intake.refuse_waiting(&AppendError::Draining);
        intake.give_up(&AppendError::Unknown(
            "the process stopped before it was known".to_owned(),
        ));
    }

    async fn step(&mut self) {
        self.reopen();
        self.mind_witness();
        let host = self.host_wanted();
        self.leave_others(host.as_ref().map(|(life, _)| life));
        if let Some(loss) = self.loss {
            self.wait_out(loss).await;
        } else if self.stale {
            self.read().await;
        } else if let Some(host) = host {
            self.follow(host).await;
        } else if self.put_at().is_some_and(|at| at <= self.shared.world.clock.now()) && self.may_write() {
            self.append().await;
        } else if self.look_due().is_some_and(|due| due <= self.shared.world.clock.now()) {
            self.read().await;
        } else {
            self.idle().await;
        }
        if self.failures > 0 {
            self.back_off(FAILURE, self.failures).await;
        } else if self.races > 0 {
            self.back_off(RACE, self.races).await;
            self.shared
                .world
                .clock
                .sleep_until(self.vain.ready_at(self.shared.world.clock.now()))
                .await;
        }
    }

    /// A loss that only the witness knows of is as good as one seen here.
    fn mind_witness(&mut self) {
        let witnessed = self.shared.losses.lock().take();
        if let Some(loss) = witnessed {
            self.lost(loss);
        }
    }

    /// When what waits is to be put into an entry.
    fn put_at(&self) -> Option<Instant> {
        let now = self.shared.world.clock.now();
        let door = self.shared.intake.lock().door;
        // Held only while others follow, and not by one who stops or is about to follow another.
        let gathers = self.shared.recent.followers() > 0 && door == Door::Open && self.route.is_first();
        let beats = gathers.then(|| self.beat_interval());
        self.shared.intake.lock().put_at(now, beats)
    }

    fn may_write(&self) -> bool {
        let door = self.shared.intake.lock().door;
        door == Door::Open || door == Door::Draining
    }

    /// Waits for something to do.
    async fn idle(&mut self) {
        let beats = self.beat_interval();
        let shared = Arc::clone(&self.shared);
        let clock = &shared.world.clock;
        // What is to be put already, and cannot be, is no reason to wake.
        let held_until = self.put_at().filter(|at| *at > clock.now());
        let wake_at = held_until.into_iter().fold(self.wake_at(beats), Instant::min);
        let watched = async {
            self.back_off(NOTHING, self.nothings.saturating_sub(2)).await;
            shared.ledger.watch(self.tip.position).await
        };
        tokio::select! {
            biased;
            () = shared.world.tasks.stopping() => {}
            () = shared.wake.notified() => {}
            watched = watched => match watched {
                Ok(()) => {
                    self.stale = true;
                    self.nothings = self.nothings.saturating_add(1);
                }
                Err(error) => self.failed(&error),
            },
            () = clock.sleep_until(wake_at) => shared.intake.lock().beat(clock.now(), beats),
        }
    }

    /// A life says that it goes on well before the others lose patience.
    fn beat_interval(&self) -> Duration {
        self.shared.config.beat_interval.min(self.beat_interval_max())
    }

    /// The most that any process of the cluster has for it.
    fn beat_interval_max(&self) -> Duration {
        let timeout = self.shared.view.read(|state| state.cluster_config().agent_timeout_ms());
        Duration::from_millis(timeout) / 3
    }

    /// When there is something to do though nothing happens: a beat, a register, a look, or another try after the ledger was full.
    fn wake_at(&self, beats: Duration) -> Instant {
        let now = self.shared.world.clock.now();
        let (beat, ask) = {
            let lives = &self.shared.intake.lock().lives;
            (
                lives.silent_since().map(|(_, heard)| heard + beats).min(),
                lives.ask_at(),
            )
        };
        let soonest = [beat, ask, self.look_due(), self.full_until]
            .into_iter()
            .flatten()
            .min();
        soonest.unwrap_or(now + beats)
    }

    /// When those who wait for a look may have one: looks lie at least `look_interval` apart.
    fn look_due(&self) -> Option<Instant> {
        if self.shared.looks.lock().is_empty() {
            return None;
        }
        let looked = self.shared.view.progress().looked;
        Some(looked.map_or(self.shared.world.clock.now(), |looked| {
            looked + self.shared.config.look_interval.max(self.shared.ledger.look_interval())
        }))
    }

    async fn append(&mut self) {
        let composed = {
            let mut intake = self.shared.intake.lock();
            self.shared.view.read(|state| intake.guests.clear_stale(state));
            intake.compose(self.shared.ledger.entry_bytes_max(), self.tip.position)
        };
        // Abandoned groups were left out; some that waited behind them may take the object lane now.
        self.shared.object_wake.notify_one();
        let Some(mut composed) = composed else {
            // There was something, and nothing to say: it was abandoned or refused, or waits for its life.
            let looks = self.look_due().is_some_and(|due| due <= self.shared.world.clock.now());
            return if looks { self.read().await } else { self.idle().await };
        };
        let began = self.shared.world.clock.now();
        let looks = std::mem::take(&mut *self.shared.looks.lock());
        let body = metadata::entry::body(std::mem::take(&mut composed.proposals));
        let bytes = metadata::encode_body(&body);
        composed.proposals = body.proposals;
        let sealed = self.shared.ledger.seal(&self.tip, bytes);
        let appended = match &sealed {
            Ok(sealed) => self.put(sealed).await,
            Err(error) => Err(error.clone()),
        };
        metrics::histogram!("tidelog_ledger_append_seconds").record(began.elapsed().as_secs_f64());
        let exposed = match &appended {
            Ok(Appended::Taken) => false,
            Ok(_) => true,
            Err(error) => error.happened() == ledger::Happened::Maybe,
        };
        let registers = composed.registers();
        self.shared.intake.lock().restore(composed, exposed);
        if seeded::is(Bug::OutcomeFromPut) && !matches!(appended, Ok(Appended::At(_))) {
            self.shared.intake.lock().give_up(&AppendError::Retired);
        }
        self.appended(appended, sealed.ok(), registers, began, looks).await;
    }

    async fn put(&self, sealed: &Sealed) -> Result<Appended, LedgerError> {
        let append = self.shared.ledger.append_sealed(&self.tip, sealed);
        match self.shared.world.clock.timeout(CALL_DEADLINE, append).await {
            Ok(appended) => appended,
            Err(elapsed) => Err(LedgerError::Unknown {
                reason: elapsed.to_string(),
            }),
        }
    }

    async fn appended(
        &mut self,
        appended: Result<Appended, LedgerError>,
        sealed: Option<Sealed>,
        registers: bool,
        began: Instant,
        looks: Vec<Look>,
    ) {
        match (appended, sealed) {
            (Ok(Appended::At(_)), Some(sealed)) => {
                let entry = sealed.entry();
                if seeded::is(Bug::AckBeforeFold) {
                    mistakes::acknowledge_unfolded(&self.shared);
                }
                self.went_well();
                metrics::counter!("tidelog_ledger_entries_total").increment(1);
                metrics::counter!("tidelog_ledger_bytes_total")
                    .increment(u64::try_from(entry.stored.len()).unwrap_or(u64::MAX));
                let folded = self.fold(&entry);
                if registers {
                    self.mind_refusal();
                }
                if folded {
                    return self.reached(began, looks);
                }
                self.stale = true;
            }
            (Ok(Appended::At(_) | Appended::Taken), _) => {
                metrics::counter!("tidelog_ledger_conflicts_total").increment(1);
                self.races += 1;
                self.vain.take(self.shared.world.clock.now());
                self.stale = true;
            }
            (Ok(Appended::Reload), _) => self.reload().await,
            (Ok(Appended::Lost(loss)), _) => self.lost(loss),
            (Err(error), _) => self.append_failed(&error),
        }
        // Whoever waits for a look waits for the next one.
        self.shared.looks.lock().splice(0..0, looks);
    }

    fn append_failed(&mut self, error: &LedgerError) {
        if matches!(error, LedgerError::Full { .. }) {
            let mut intake = self.shared.intake.lock();
            intake.withdraw_unexposed(&AppendError::StorageFull);
            intake.refuse_waiting(&AppendError::StorageFull);
            if intake.door == Door::Open {
                intake.door = Door::Full;
            }
            self.full_until = Some(self.shared.world.clock.now() + FULL_FOR);
        }
        self.stale = true;
        self.failed(error);
    }

    /// After the ledger was full, the next write may try.
    fn reopen(&mut self) {
        if self
            .full_until
            .is_some_and(|until| until <= self.shared.world.clock.now())
        {
            self.full_until = None;
            let mut intake = self.shared.intake.lock();
            if intake.door == Door::Full {
                intake.door = Door::Open;
            }
        }
    }

    async fn read(&mut self) {
        let began = self.shared.world.clock.now();
        let mut looks = std::mem::take(&mut *self.shared.looks.lock());
        let read = self.shared.ledger.read(&self.tip, self.read_bytes);
        let outcome = match self.shared.world.clock.timeout(CALL_DEADLINE, read).await {
            Ok(outcome) => {
                self.read_bytes = (self.read_bytes * 2).min(READ_BYTES_MAX);
                outcome
            }
            // What had come of it is gone with it.
            Err(elapsed) => {
                self.read_bytes = (self.read_bytes / 4).max(READ_BYTES_MIN);
                Err(LedgerError::Unavailable {
                    reason: elapsed.to_string(),
                })
            }
        };
        if seeded::is(Bug::LookTooEarly) {
            looks.append(&mut self.shared.looks.lock());
        }
        match outcome {
            Ok(ReadOutcome::Entries { entries, at_end }) => {
                let complete = entries.iter().all(|entry| self.fold(entry));
                if complete {
                    self.went_well();
                    self.stale = !at_end;
                }
                if complete && at_end {
                    self.reached(began, looks);
                    return;
                }
            }
            Ok(ReadOutcome::Reload(_)) => self.reload().await,
            Ok(ReadOutcome::Lost(loss)) => self.lost(loss),
            Err(error) => {
                self.failed(&error);
                refuse_looks(looks, &chain(&error));
                return;
            }
        }
        if self.failures > 0 || self.loss.is_some() {
            refuse_looks(looks, "the ledger cannot be followed");
        } else {
            self.shared.looks.lock().splice(0..0, looks);
        }
    }

    /// A read or an append that began at `began` has shown the end of the ledger.
    fn reached(&mut self, began: Instant, looks: Vec<Look>) {
        self.renew_stuck_lives();
        self.shared.view.set_progress(|progress| {
            progress.reached = true;
            progress.looked = Some(began);
        });
        let seen = self.shared.view.progress().seen();
        for look in looks {
            // Whoever waited may have gone.
            let _ = look.send(Ok(seen));
        }
    }

    fn went_well(&mut self) {
        self.failures = 0;
        self.races = 0;
        self.shared.ledger_trouble(None);
    }

    fn failed(&mut self, error: &LedgerError) {
        self.failures = self.failures.saturating_add(1);
        self.refused = !error.is_transient();
        let text = chain(error);
        tracing::warn!(error = %text, failures = self.failures, "ledger call failed");
        self.shared.ledger_trouble(Some(text));
    }

    async fn back_off(&self, backoff: Backoff, count: u32) {
        if count > 0 {
            let wait = self
                .shared
                .world
                .chance
                .between(Duration::ZERO, backoff.bound(count.min(16)));
            self.shared.world.clock.sleep(wait).await;
        }
    }
}

fn refuse_looks(looks: Vec<Look>, why: &str) {
    for look in looks {
        let _ = look.send(Err(ReadError::NotCurrent(why.to_owned())));
    }
}
