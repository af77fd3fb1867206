//! The duty of publishing lake files as tables.
//!
//! It is done when new rows have come, and once more when files were merged: so readers who follow a table from snapshot to
//! snapshot see rows come in one, and files become others in the next.

use metadata::{ObjectName, TopicNumber};

use super::{FAILURES_MAX, Upkeep};
use crate::plan::{lake, tables};
use crate::run::publish::Publication;
use crate::{Report, run};

/// How often a topic's files are mended in one pass.
const MENDS_MAX: usize = 4;

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
            match Box::pin(self.publish_one(topic, date_ms, false, report)).await {
                Ok(came) => {
                    failures = 0;
                    report.published += u64::from(came == Publication::Taken);
                    let outcome = match came {
                        Publication::Taken => "published",
                        Publication::Refused => "refused",
                        Publication::Torn(_) => "torn",
                    };
                    metrics::counter!("tidelog_tables_published_total", "outcome" => outcome).increment(1);
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

    /// Publishes a topic. Files of which a part is named no more are written anew first, without that.
    async fn publish_one(
        &mut self,
        topic: TopicNumber,
        date_ms: i64,
        anew: bool,
        report: &mut Report,
    ) -> Result<Publication, run::RunError> {
        let mut mended = 0;
        loop {
            let came = run::publish::publish(&self.engine, &self.config, topic, date_ms, anew).await?;
            let Publication::Torn(files) = &came else {
                return Ok(came);
            };
            let mut done = false;
            for file in files {
                done |= self.mend(topic, *file, report).await;
            }
            mended += 1;
            if !done || mended == MENDS_MAX {
                tracing::warn!(?files, "of files a part is named no more: their table stays as it is");
                return Ok(came);
            }
        }
    }

    /// Writes what is named in a file into new ones. Whether something was.
    async fn mend(&mut self, topic: TopicNumber, file: ObjectName, report: &mut Report) -> bool {
        let (level, mut done) = (self.config.lake_zstd_level_merged, false);
        let mut limits = run::limits(&self.engine, &self.config);
        limits.window_bytes_max = self.config.lake_window_bytes_max;
        loop {
            let window = lake::named(&self.engine, topic, file, &limits, &self.spared());
            if window.is_empty() {
                return done;
            }
            let rewriting = run::lake::rewrite(&self.engine, &self.config, topic, window, level).await;
            let Some(mended) = self.came_of(rewriting, "mend_lake", report) else {
                return done;
            };
            report.lakes_mended.add(&mended);
            done |= mended.outputs > 0;
            if mended.outputs == 0 {
                return done;
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
            match Box::pin(self.publish_one(topic, date_ms, true, report)).await {
                Ok(Publication::Taken) => report.published += 1,
                Ok(Publication::Refused) => report
                    .failures
                    .push(format!("the table of {name}: another was published meanwhile")),
                Ok(Publication::Torn(_)) => report
                    .failures
                    .push(format!("the table of {name}: files could not be written anew")),
                Err(error) => report.failures.push(format!("the table of {name}: {error}")),
            }
        }
    }
}
