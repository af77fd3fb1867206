//! When what is done: everything once, or in a loop for as long as the process lives.
//!
//! What is kept here between passes (ages of entries, damaged extents, the last listing) saves work and nothing rests
//! on it: a process that starts anew learns it again.

mod ages;
mod clean;
mod duties;
mod failing;
mod tables;

use std::collections::BTreeMap;
use std::time::Duration;

use engine::Engine;
use metadata::{PartitionId, Role, State, TopicNumber};
use world::Instant;

use crate::plan::Spared;
use crate::plan::lake::Share;
use crate::plan::merge::Listed;
use crate::{CompactorConfig, DamagedExtent, Report};
use ages::Ages;
use failing::Failing;

/// How much longer a compactor waits that is not the first of the live ones. A hint and no more: two at once only waste
/// work, and one that is stuck must not hold up everything.
const STAND_BY: u32 = 4;
/// Shares or tables that fail in a row before the store counts as gone.
const FAILURES_MAX: usize = 3;
/// Windows merged in one pass: the rest waits for the next, so that nothing else waits for long.
const MERGES_MAX: usize = 16;

/// The upkeep of one process.
#[derive(Debug)]
pub struct Upkeep {
    engine: Engine,
    config: CompactorConfig,
    ages: Ages,
    /// Extents that were found damaged, and when.
    damaged: BTreeMap<(PartitionId, u64), (DamagedExtent, Instant)>,
    /// Segments that are named, as the last sweep listed them.
    listed: Listed,
    /// The position after the last plan of a merge that found nothing to do.
    merged_at: Option<u64>,
    /// Where there are records that no lake file holds, and since when that is known here.
    unlaked: BTreeMap<Share, Instant>,
    /// Topics that could not be published as tables, and when.
    untold: BTreeMap<TopicNumber, Instant>,
    /// Shares of topics of which nothing came.
    failing: Failing,
    /// The newest snapshot that is known here, and since when.
    newest_snapshot: (Option<u64>, Instant),
    /// Inline bytes that moved out since then.
    moved_out_bytes: u64,
    /// The newest snapshot for which the base was moved, or could not be.
    advanced_for: Option<u64>,
    /// The base below which all entries were deleted.
    deleted_below: u64,
    due: Due,
}

/// When each duty is due in the loop.
#[derive(Clone, Copy, Debug)]
struct Due {
    move_out: Instant,
    rows: Instant,
    merge: Instant,
    retention: Instant,
    sweep: Instant,
}

/// Does everything that is due, once: what moves and merges, then trims and expiry, then snapshot and base, then the
/// sweep with its mark, and the deletion of entries.
pub async fn run_once(engine: &Engine, config: &CompactorConfig) -> Report {
    Upkeep::new(engine.clone(), config.clone()).once().await
}

/// Publishes every topic that `is_asked` names as a table, anew: what is published is not looked at, and no older snapshot is
/// told of any more. Where another publishes the same topic at the same time, its table is told of in what failed.
pub async fn rebuild_tables(engine: &Engine, config: &CompactorConfig, is_asked: impl Fn(&str) -> bool) -> Report {
    let mut upkeep = Upkeep::new(engine.clone(), config.clone());
    let mut report = Report::default();
    if let Err(error) = engine.look().await {
        report.failures.push(error.to_string());
        return report;
    }
    upkeep.wait_for_life().await;
    upkeep.rebuild(is_asked, &mut report).await;
    report
}

/// Keeps up until the engine's tasks are asked to stop. To be spawned under them.
pub async fn run(engine: Engine, config: CompactorConfig) {
    Upkeep::new(engine, config).run().await;
}

impl Upkeep {
    /// Upkeep by a process whose engine leads a compactor's life.
    pub fn new(engine: Engine, config: CompactorConfig) -> Upkeep {
        let now = engine.world().clock.now();
        Upkeep {
            ages: Ages::default(),
            damaged: BTreeMap::new(),
            listed: Listed::new(),
            merged_at: None,
            unlaked: BTreeMap::new(),
            untold: BTreeMap::new(),
            failing: Failing::default(),
            newest_snapshot: (None, now),
            moved_out_bytes: 0,
            advanced_for: None,
            deleted_below: 0,
            due: Due {
                move_out: now,
                rows: now,
                merge: now,
                retention: now,
                sweep: now + config.sweep_interval.min(Duration::from_mins(1)),
            },
            engine,
            config,
        }
    }

    /// Does everything that is due, once. Every entry counts as old enough for its inline bytes to move out.
    pub async fn once(&mut self) -> Report {
        let mut report = Report::default();
        if let Err(error) = self.engine.look().await {
            report.failures.push(error.to_string());
            return report;
        }
        if self.engine.health().halted {
            report
                .failures
                .push("the ledger is halted: nothing is moved, trimmed or swept".to_owned());
            return report;
        }
        self.wait_for_life().await;
        let through = self.engine.read(State::position);
        self.move_out(Some(through), &mut report).await;
        self.make_rows(1, &mut report).await;
        self.publish(&mut report).await;
        self.clean(&mut report).await;
        self.merge(&mut report).await;
        self.retention(&mut report).await;
        self.publish(&mut report).await;
        self.snapshot(1, &mut report).await;
        self.base(&mut report).await;
        self.sweep(&mut report).await;
        self.finish(&mut report);
        report
    }

    /// Runs until the engine's tasks are asked to stop. Whatever is under way then is dropped: what it leaves is what a
    /// crash would leave.
    pub async fn run(mut self) {
        let world = self.engine.world().clone();
        loop {
            tokio::select! {
                biased;
                () = world.tasks.stopping() => return,
                () = world.clock.sleep(self.config.tick) => {}
            }
            tokio::select! {
                biased;
                () = world.tasks.stopping() => return,
                () = Box::pin(self.tick()) => {}
            }
        }
    }

    /// Looks whether something is due, and does it.
    async fn tick(&mut self) {
        let health = self.engine.health();
        let able = health.serving && !health.halted && !health.draining;
        if !able || self.engine.incarnation(Role::Compactor).is_none() {
            return;
        }
        let (mut report, patience) = (Report::default(), self.patience());
        self.ages
            .note(self.now(), self.engine.seen().position, self.config.tick);
        if self.now() >= self.due.move_out {
            let old = self.ages.through(self.now(), self.config.move_out_after * patience);
            self.move_out(old, &mut report).await;
            let wait = if report.failures.is_empty() {
                self.config.tick
            } else {
                self.config.merge_interval
            };
            self.due.move_out = self.now() + wait;
        }
        if self.now() >= self.due.merge {
            self.make_rows(patience, &mut report).await;
            self.publish(&mut report).await;
            self.clean(&mut report).await;
            self.merge(&mut report).await;
            self.publish(&mut report).await;
            self.snapshot(patience, &mut report).await;
            self.base(&mut report).await;
            self.due.merge = self.now() + self.config.merge_interval * patience;
            self.due.rows = self.now() + self.rows_interval() * patience;
        } else if self.now() >= self.due.rows {
            self.make_rows(patience, &mut report).await;
            self.publish(&mut report).await;
            self.due.rows = self.now() + self.rows_interval() * patience;
        }
        if self.now() >= self.due.retention {
            self.retention(&mut report).await;
            self.due.retention = self.now() + self.config.retention_interval * patience;
        }
        if self.now() >= self.due.sweep {
            self.sweep(&mut report).await;
            self.due.sweep = self.now() + self.config.sweep_interval * patience;
        }
        self.finish(&mut report);
    }

    /// 1 for the first of the live compactors, more for the others.
    fn patience(&self) -> u32 {
        let own = self.engine.incarnation(Role::Compactor);
        let first = self.engine.read(|state| {
            let mut lives = state.incarnations().filter(|life| life.role() == Role::Compactor);
            lives.next().map(metadata::Life::incarnation)
        });
        if own == first { 1 } else { STAND_BY }
    }

    /// How often is looked for what has to become rows: as often as merges are planned, unless a topic's records are not to
    /// wait for so long. Half of that, for what is found waiting once becomes rows when it has waited from then on.
    fn rows_interval(&self) -> Duration {
        let shortest = |state: &State| {
            let delays = state.topics().map(|topic| topic.config().lake_max_delay_ms());
            delays.min()
        };
        let shortest = self.engine.read(shortest).map_or(Duration::MAX, Duration::from_millis);
        (shortest / 2).max(self.config.tick).min(self.config.merge_interval)
    }

    /// A process that has just begun is about to be registered.
    async fn wait_for_life(&self) {
        let clock = &self.engine.world().clock;
        let deadline = self.now() + self.engine.config().change_deadline;
        while self.engine.incarnation(Role::Compactor).is_none() && self.now() < deadline {
            clock.sleep(Duration::from_millis(10)).await;
        }
    }

    fn now(&self) -> Instant {
        self.engine.world().clock.now()
    }

    fn spared(&self) -> Spared {
        self.damaged.keys().copied().collect()
    }

    /// Those of which something may come now, what failed lately last: it holds up no other.
    fn in_turn(&self, what: &'static str, mut shares: Vec<Share>) -> Vec<Share> {
        let waiting = self.failing.waiting(what, self.now());
        shares.retain(|share| !waiting.contains(share));
        shares.sort_by_key(|share| self.failing.has_failed(what, *share));
        shares
    }

    /// Notes whether something came of a share, and counts the failures in a row. Whether to go on with others.
    fn came(&mut self, what: &'static str, share: Share, done: bool, failures: &mut usize) -> bool {
        if done {
            self.failing.forget(what, share);
            *failures = 0;
            return true;
        }
        let (now, waits) = (
            self.now(),
            (self.config.merge_interval, self.config.damaged_retry_after),
        );
        let waits = self.failing.note((what, share), now, waits);
        tracing::info!(what, ?share, ?waits, "nothing came of a share; others go first");
        *failures += 1;
        *failures < FAILURES_MAX
    }

    /// Forgets damaged extents that are gone or may be tried again, and tells what there is.
    fn finish(&mut self, report: &mut Report) {
        let (now, retry_after) = (self.now(), self.config.damaged_retry_after);
        let engine = &self.engine;
        report.damaged = self.damaged.values().map(|(damaged, _)| damaged.clone()).collect();
        self.damaged.retain(|_, (damaged, found)| {
            now.saturating_duration_since(*found) < retry_after
                && crate::run::stands(engine, damaged.partition, &damaged.extent)
        });
        #[expect(clippy::cast_precision_loss, reason = "a gauge is an f64")]
        metrics::gauge!("tidelog_damaged_extents").set(report.damaged.len() as f64);
        self.failing.forget_idle(now, retry_after);
        #[expect(clippy::cast_precision_loss, reason = "a gauge is an f64")]
        metrics::gauge!("tidelog_lake_shares_failing").set(self.failing.count() as f64);
        for failure in &report.failures {
            metrics::counter!("tidelog_compaction_failures_total").increment(1);
            tracing::warn!(failure, "upkeep failed; it is tried again");
        }
    }
}
