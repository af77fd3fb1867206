//! The duties, each in one function: plan, do, report.

use std::time::Duration;

use super::{MERGES_MAX, Upkeep};
use crate::plan::lake::Share;
use crate::plan::{Window, expiry, grace, lake, merge, move_out, retention, snapshot, tables};
use crate::sweep::{self, role};
use crate::{Report, Rewritten, run};
use metadata::State;

/// Snapshots, the base and deletions of entries may take as long as so many calls of the store.
const ENGINE_CALLS: u32 = 10;

impl Upkeep {
    /// Moves inline bytes out of entries up to `old`, or all of them when there are too many.
    pub(super) async fn move_out(&mut self, old: Option<u64>, report: &mut Report) {
        let wall_ms = self.engine.world().clock.wall_ms();
        report.inline_overdue_ms = self.engine.read(|state| move_out::overdue_ms(state, wall_ms));
        if let Some(waited_ms) = report.inline_overdue_ms {
            tracing::warn!(waited_ms, "inline bytes have stayed in the ledger for too long");
        }
        #[expect(clippy::cast_precision_loss, reason = "a gauge is an f64")]
        metrics::gauge!("tidelog_inline_overdue_ms").set(report.inline_overdue_ms.unwrap_or(0) as f64);
        let bytes_max = self.config.inline_bytes_max;
        while let Some(through) = self.engine.read(|state| move_out::due(state, old, bytes_max)) {
            let limits = run::limits(&self.engine, &self.config);
            let window = move_out::plan(&self.engine, through, &limits, &self.spared());
            let Some(done) = self.rewrite(window, "move_out", report).await else {
                return;
            };
            self.moved_out_bytes += done.bytes;
            report.moved_out.add(&done);
        }
    }

    /// Merges small objects while there are enough of them.
    pub(super) async fn merge(&mut self, report: &mut Report) {
        for _ in 0..MERGES_MAX {
            let position = self.engine.read(State::position);
            if self.merged_at == Some(position) {
                return;
            }
            let limits = run::limits(&self.engine, &self.config);
            let window = merge::plan(&self.engine, &self.config, &limits, &self.spared(), &self.listed);
            if window.is_empty() {
                self.merge_lakes(report).await;
                self.merged_at = Some(self.engine.read(State::position));
                return;
            }
            let Some(done) = self.rewrite(window, "merge", report).await else {
                return;
            };
            report.merged.add(&done);
        }
    }

    /// Makes rows of what has gathered, share by share. What does not fit into one window goes into the next, in this pass or
    /// a later one. A share of which nothing comes is tried again later, and holds up no other.
    pub(super) async fn make_rows(&mut self, patience: u32, report: &mut Report) {
        let due = self.due_for_lake(patience);
        let mut failures = 0;
        for share in self.in_turn("to_lake", due) {
            let done = self.make_rows_of(share, report).await;
            if done {
                self.unlaked.remove(&share);
            }
            if !self.came("to_lake", share, done, &mut failures) {
                return;
            }
        }
    }

    /// Makes rows of a share's records. Whether all went well.
    async fn make_rows_of(&mut self, share: Share, report: &mut Report) -> bool {
        let mut limits = run::limits(&self.engine, &self.config);
        limits.window_bytes_max = self.config.lake_bytes.saturating_mul(2);
        let (topic, level) = (share.topic, self.config.lake_zstd_level_new);
        for _ in 0..MERGES_MAX {
            let span_ms_max = |state: &State| state.topic(topic).and_then(|topic| lake::span_ms_max(topic.config()));
            let span_ms_max = self.engine.read(span_ms_max);
            let window = lake::plan(&self.engine, &self.config, share, span_ms_max, &limits, &self.spared());
            let (inputs, bytes) = (window.inputs() as u64, window.bytes);
            if window.is_empty() {
                return true;
            }
            let rewriting = run::lake::rewrite(&self.engine, &self.config, topic, window, level);
            let Some(done) = self.came_of(rewriting.await, "to_lake", report) else {
                return false;
            };
            report.to_lake.add(&done);
            if bytes < limits.window_bytes_max / 2 && done.inputs == inputs {
                return true;
            }
        }
        true
    }

    /// Merges small lake files while there are enough of them. A share of which nothing comes is tried again later.
    async fn merge_lakes(&mut self, report: &mut Report) {
        let level = self.config.lake_zstd_level_merged;
        let mut failures = 0;
        for _ in 0..MERGES_MAX {
            let mut limits = run::limits(&self.engine, &self.config);
            limits.window_bytes_max = self.config.lake_window_bytes_max;
            let waiting = self.failing.waiting("merge_lake", self.now());
            let (spared, config) = (self.spared(), &self.config);
            let Some((share, window)) = lake::merge(&self.engine, config, &limits, &spared, &waiting) else {
                return;
            };
            let rewriting = run::lake::rewrite(&self.engine, config, share.topic, window, level).await;
            let done = self.came_of(rewriting, "merge_lake", report);
            if let Some(done) = &done {
                report.lakes_merged.add(done);
            }
            if !self.came("merge_lake", share, done.is_some(), &mut failures) {
                return;
            }
        }
    }

    /// Where enough has gathered, or records have waited for long.
    fn due_for_lake(&mut self, patience: u32) -> Vec<Share> {
        let (now, waiting) = (self.now(), lake::waiting(&self.engine, &self.config, &self.spared()));
        self.unlaked.retain(|share, _| waiting.contains_key(share));
        let mut due = Vec::new();
        for (share, bytes) in waiting {
            let since = *self.unlaked.entry(share).or_insert(now);
            let delay_ms = |state: &State| state.topic(share.topic).map(|topic| topic.config().lake_max_delay_ms());
            let delay = Duration::from_millis(self.engine.read(delay_ms).unwrap_or(u64::MAX));
            let waited = now.saturating_duration_since(since) >= delay.saturating_mul(patience);
            if waited || self.config.lake_at_once || bytes >= self.config.lake_bytes.saturating_mul(u64::from(patience))
            {
                due.push(share);
            }
        }
        due
    }

    /// Rewrites a window; none when nothing came of it, so that going on is no use.
    async fn rewrite(&mut self, window: Window, what: &'static str, report: &mut Report) -> Option<Rewritten> {
        if window.is_empty() {
            return None;
        }
        let rewritten = run::rewrite(&self.engine, &self.config, window).await;
        self.came_of(rewritten, what, report)
    }

    pub(super) fn came_of(
        &mut self,
        rewritten: Result<run::Outcome, run::RunError>,
        what: &'static str,
        report: &mut Report,
    ) -> Option<Rewritten> {
        let outcome = match rewritten {
            Ok(outcome) => outcome,
            Err(error) => {
                report.failures.push(format!("{what}: {error}"));
                return None;
            }
        };
        let found_damage = !outcome.damaged.is_empty();
        let now = self.now();
        for damaged in outcome.damaged {
            tracing::error!(
                topic = damaged.partition.topic,
                partition = damaged.partition.partition,
                first = damaged.extent.first,
                last = damaged.extent.last(),
                place = ?damaged.extent.place,
                what = damaged.what,
                "records are damaged; they stay where they are"
            );
            self.damaged
                .insert((damaged.partition, damaged.extent.first), (damaged, now));
        }
        let done = outcome.rewritten;
        metrics::counter!("tidelog_compaction_runs_total", "kind" => what).increment(1);
        metrics::counter!("tidelog_compaction_bytes_total", "kind" => what).increment(done.bytes);
        metrics::counter!("tidelog_compaction_extents_total", "kind" => what).increment(done.inputs);
        metrics::counter!("tidelog_compaction_refused_total", "kind" => what).increment(done.refused);
        tracing::debug!(what, ?done, "rewrote a window");
        (done.inputs > 0 || found_damage).then_some(done)
    }

    /// Trims and forgets what is too old, if this process' clock agrees with the store's.
    pub(super) async fn retention(&mut self, report: &mut Report) {
        // Planned by the own clock first: the store is asked for its date only when there is something to do.
        let wall_ms = self.engine.world().clock.wall_ms();
        let bytes_max = run::limits(&self.engine, &self.config).proposal_bytes_max;
        let due = self.engine.read(|state| {
            !retention::plan(state, wall_ms).is_empty() || expiry::count(&expiry::plan(state, wall_ms, bytes_max)) > 0
        });
        if !due {
            return;
        }
        let Some(date_ms) = self.date_ms(report).await else {
            return;
        };
        if let Err(error) = self.forget(date_ms, bytes_max, report).await {
            report.failures.push(format!("retention: {error}"));
        }
    }

    async fn forget(&mut self, date_ms: i64, bytes_max: usize, report: &mut Report) -> Result<(), engine::ChangeError> {
        let role = role(&self.engine);
        let trims = self.engine.read(|state| retention::plan(state, date_ms));
        for trim in retention::cut(&trims, bytes_max) {
            report.trimmed += run::trim(&self.engine, role, trim).await?;
        }
        loop {
            let expire = self.engine.read(|state| expiry::plan(state, date_ms, bytes_max));
            if expiry::count(&expire) == 0 {
                return Ok(());
            }
            let forgotten = run::expire(&self.engine, role, expire).await?;
            report.expired += forgotten;
            if forgotten == 0 {
                return Ok(());
            }
        }
    }

    /// Takes a snapshot when one is due.
    pub(super) async fn snapshot(&mut self, patience: u32, report: &mut Report) {
        let newest = self
            .engine
            .read(|state| state.snapshots().last().map(|newest| newest.position));
        let now = self.now();
        if newest != self.newest_snapshot.0 {
            self.newest_snapshot = (newest, now);
            self.moved_out_bytes = 0;
        }
        let age = now.saturating_duration_since(self.newest_snapshot.1);
        let since = |state: &State| snapshot::Since {
            age_ms: u64::try_from(age.as_millis()).unwrap_or(u64::MAX),
            bytes: self.moved_out_bytes + state.inline_bytes(),
        };
        let patience = u64::from(patience);
        let policy = snapshot::Policy {
            bytes: self.config.snapshot_bytes * patience,
            age_ms: u64::try_from(self.config.snapshot_age.as_millis())
                .unwrap_or(u64::MAX)
                .saturating_mul(patience),
            entries_min: self.config.snapshot_entries_min * patience,
        };
        if !self
            .engine
            .read(|state| !state.halted() && snapshot::is_due(state, &since(state), &policy))
        {
            return;
        }
        let taking = self.engine.take_snapshot(role(&self.engine));
        match run::in_time(&self.engine, ENGINE_CALLS, taking).await {
            Ok(Ok(taken)) => {
                metrics::counter!("tidelog_snapshots_total").increment(1);
                tracing::info!(position = taken.position, bytes = taken.bytes, "took a snapshot");
                report.snapshot = Some(taken);
            }
            Ok(Err(error)) => report.failures.push(format!("snapshot: {error}")),
            Err(slow) => report.failures.push(format!("snapshot: {slow}")),
        }
    }

    /// Moves the base when there is a snapshot for which that was not yet tried.
    pub(super) async fn base(&mut self, report: &mut Report) {
        let newest = self
            .engine
            .read(|state| state.snapshots().last().map(|newest| newest.position));
        if newest.is_none() || newest == self.advanced_for {
            return;
        }
        match run::in_time(&self.engine, ENGINE_CALLS, self.engine.advance_base()).await {
            Ok(Ok(base)) => {
                if let Some(base) = &base {
                    tracing::info!(position = base.position, "moved the base");
                }
                report.base = base;
                self.advanced_for = newest;
            }
            Ok(Err(error)) => report.failures.push(format!("base: {error}")),
            Err(slow) => report.failures.push(format!("base: {slow}")),
        }
    }

    /// Sweeps, then marks the time if something waits for it, then deletes the entries whose readers had their grace.
    pub(super) async fn sweep(&mut self, report: &mut Report) {
        let swept = match Box::pin(sweep::sweep(&self.engine, &self.config)).await {
            Ok(Some(swept)) => swept,
            Ok(None) => return,
            Err(error) => return report.failures.push(format!("sweep: {error}")),
        };
        self.listed = swept.named;
        // What is forgotten shows in the listing, not in the log.
        self.merged_at = None;
        let base = swept.base_position;
        let waiting = self.engine.read(|state| grace::Waiting {
            objects: swept.segments_wait,
            lakes: swept.lakes_wait,
            tables: tables::waiting(state).filter(|_| self.config.tables),
            entries: (base > self.deleted_below).then_some(base),
            expiring: expiry::last_change(state),
            inline: state.lowest_inline(),
        });
        let marked = match sweep::mark(&self.engine, &waiting, swept.own_flush_open).await {
            Ok(marked) => marked,
            Err(error) => {
                report.failures.push(format!("sweep: {error}"));
                false
            }
        };
        report.swept = Some(crate::Swept { marked, ..swept.swept });
        if waiting.entries.is_some() {
            self.delete_entries(base, report).await;
        }
    }

    async fn delete_entries(&mut self, base: u64, report: &mut Report) {
        let free = self.engine.read(|state| grace::is_over(state, base));
        match run::in_time(&self.engine, ENGINE_CALLS, self.engine.delete_entries()).await {
            Ok(Ok(deleted)) => {
                metrics::counter!("tidelog_entries_deleted_total").increment(deleted);
                report.entries_deleted = deleted;
                if free {
                    self.deleted_below = base;
                }
            }
            Ok(Err(error)) => report.failures.push(format!("entries: {error}")),
            Err(slow) => report.failures.push(format!("entries: {slow}")),
        }
    }
}
