//! The duty of publishing lake files as tables.
//!
//! It is done when new rows have come, and once more when files were merged: so readers who follow a table from snapshot to
//! snapshot see rows come in one, and files become others in the next.

use metadata::TopicNumber;

use super::Upkeep;
use crate::plan::tables;
use crate::{Report, run};

/// Publishings that fail in a row before the store counts as gone.
const FAILURES_MAX: usize = 3;

impl Upkeep {
    /// Publishes every topic whose lake files are others than what is published of them tells. One that cannot be told is
    /// tried again later, and holds up no other.
    pub(super) async fn publish(&mut self, report: &mut Report) {
        if !self.config.tables {
            return;
        }
        let (now, retry_after) = (self.now(), self.config.damaged_retry_after);
        self.untold
            .retain(|_, failed| now.saturating_duration_since(*failed) < retry_after);
        let mut due: Vec<TopicNumber> = self.engine.read(tables::due);
        #[expect(clippy::cast_precision_loss, reason = "a gauge is an f64")]
        metrics::gauge!("tidelog_tables_behind").set(due.len() as f64);
        due.retain(|topic| !self.untold.contains_key(topic));
        if due.is_empty() {
            return;
        }
        let Some(date_ms) = self.store_date_ms(report).await else {
            return;
        };
        let mut failures = 0;
        for topic in due {
            let publishing = run::publish::publish(&self.engine, &self.config, topic, date_ms, false);
            match Box::pin(publishing).await {
                Ok(taken) => {
                    failures = 0;
                    report.published += u64::from(taken);
                    let taken = if taken { "published" } else { "refused" };
                    metrics::counter!("tidelog_tables_published_total", "outcome" => taken).increment(1);
                }
                Err(error) => {
                    // What the store did not do it may do now; what cannot be told stays so.
                    if matches!(error, run::RunError::Lake(_) | run::RunError::Verify(_)) {
                        self.untold.insert(topic, now);
                    }
                    let name = self
                        .engine
                        .read(|state| state.topic(topic).map(|topic| topic.name().to_owned()));
                    report
                        .failures
                        .push(format!("the table of {}: {error}", name.unwrap_or_default()));
                    failures += 1;
                }
            }
            if failures == FAILURES_MAX {
                return;
            }
        }
    }

    /// See [`rebuild_tables`](super::rebuild_tables).
    pub(super) async fn rebuild(&mut self, is_asked: impl Fn(&str) -> bool, report: &mut Report) {
        let Some(date_ms) = self.store_date_ms(report).await else {
            return;
        };
        let topics: Vec<(TopicNumber, String)> = self.engine.read(|state| {
            let topics = state
                .topics()
                .filter(|topic| topic.lake_changed() > 0 && is_asked(topic.name()));
            topics.map(|topic| (topic.number(), topic.name().to_owned())).collect()
        });
        for (topic, name) in topics {
            let publishing = run::publish::publish(&self.engine, &self.config, topic, date_ms, true);
            match Box::pin(publishing).await {
                Ok(true) => report.published += 1,
                Ok(false) => report
                    .failures
                    .push(format!("the table of {name}: another was published meanwhile")),
                Err(error) => report.failures.push(format!("the table of {name}: {error}")),
            }
        }
    }
}
