//! The duty of compacting by key, and the date that duties go by which wait for a time to pass.

use seeded::Bug;

use super::Upkeep;
use crate::plan::clean;
use crate::{Report, run};

impl Upkeep {
    /// Compacts what is due by key, share by share, if this process' clock agrees with the store's.
    pub(super) async fn clean(&mut self, report: &mut Report) {
        let topics = self.engine.read(clean::topics);
        if topics.is_empty() {
            return;
        }
        let due =
            |upkeep: &Upkeep, now_ms| clean::due(&upkeep.engine, &topics, &upkeep.config, now_ms, &upkeep.spared());
        // Planned by the own clock first: the store is asked for its date only when there is something to do.
        if due(self, self.engine.world().clock.wall_ms()).is_empty() {
            return;
        }
        let Some(date_ms) = self.date_ms(report).await else {
            return;
        };
        let due = due(self, date_ms);
        let mut failures = 0;
        for share in self.in_turn("clean", due.keys().copied().collect()) {
            let cleanings = due.get(&share).map(Vec::as_slice).unwrap_or_default();
            let cleaning = run::clean::partitions(&self.engine, &self.config, share.topic, cleanings, date_ms);
            let done = self.came_of(Box::pin(cleaning).await, "clean", report);
            if let Some(done) = &done {
                metrics::counter!("tidelog_compaction_dropped_records_total").increment(done.dropped);
                report.cleaned.add(done);
            }
            if !self.came("clean", share, done.is_some(), &mut failures) {
                return;
            }
        }
    }

    /// The store's date, in milliseconds since 1970; none where it is not known, or this process' clock is another.
    pub(super) async fn date_ms(&self, report: &mut Report) -> Option<i64> {
        let wall_ms = self.engine.world().clock.wall_ms();
        let date_ms = self.store_date_ms(report).await?;
        let date_ms = match seeded::is(Bug::RetentionByOwnClock) {
            true => wall_ms,
            false => date_ms,
        };
        let difference_ms = self.engine.world().clock.wall_ms().saturating_sub(date_ms);
        if u128::from(difference_ms.unsigned_abs()) > self.config.clock_difference_max.as_millis() {
            tracing::warn!(
                difference_ms,
                "the clock differs from the store's; nothing is trimmed, expired or compacted by key"
            );
            report.clock_difference_ms = Some(difference_ms);
            return None;
        }
        Some(date_ms)
    }

    /// The store's date, whatever this process' clock says; none where it is not known.
    pub(super) async fn store_date_ms(&self, report: &mut Report) -> Option<i64> {
        match run::in_time(&self.engine, 1, self.engine.store().date_ms()).await {
            Ok(Ok(date_ms)) => return Some(date_ms),
            Ok(Err(error)) => report.failures.push(format!("the store's date: {error}")),
            Err(slow) => report.failures.push(format!("the store's date: {slow}")),
        }
        None
    }
}
