//! The object lane: batches of all partitions gather, are sealed into a segment, put, and proposed in the order in which
//! they were sealed.
//!
//! A flush goes when it is large enough, when nothing is being put and a token is left, or when its first batch has
//! waited for `linger`. So a lone producer waits for no one, and many share an object.

use std::sync::Arc;

use futures::StreamExt as _;
use futures::future::BoxFuture;
use futures::stream::FuturesOrdered;
use metadata::{Incarnation, Lane, ObjectName, Role};
use seeded::Bug;
use segment::{SegmentBuilder, SegmentId};
use store::{Key, StoreError};
use world::Instant;

use super::seal::{Limits, Reason, Waiting, due};
use super::tokens::Tokens;
use crate::AppendError;
use crate::intake::group_bytes;
use crate::jobs::{AppendJob, Flushed};
use crate::shared::Shared;

/// A sealed flush and what became of its puts.
struct Put {
    incarnation: Incarnation,
    flush: u64,
    groups: Vec<AppendJob>,
    /// The attempt that is durable.
    put: Result<u16, StoreError>,
}

struct ObjectLane {
    shared: Arc<Shared>,
    tokens: Tokens,
    /// In the order in which they were sealed, which is the order in which they are proposed.
    puts: FuturesOrdered<BoxFuture<'static, Put>>,
    /// When the first of the groups that wait came.
    waiting_since: Option<Instant>,
    /// When the newest flush was sealed that no later one has followed. Attempts of it that nothing names are garbage only
    /// once a later one was taken.
    newest_since: Option<Instant>,
}

/// Runs the lane until the process has stopped.
pub(crate) async fn run(shared: Arc<Shared>) {
    let rate = shared.config.puts_per_second.or(shared.store.puts_per_second_default());
    let tokens = Tokens::new(rate, shared.config.puts_burst, shared.world.clock.now());
    let mut lane = ObjectLane {
        shared,
        tokens,
        puts: FuturesOrdered::new(),
        waiting_since: None,
        newest_since: None,
    };
    let tasks = lane.shared.world.tasks.clone();
    while !tasks.is_stopping() {
        lane.step().await;
    }
    let mut intake = lane.shared.intake.lock();
    for job in intake.object.take() {
        intake.refuse(Lane::Object, job, &AppendError::Draining);
    }
}

impl ObjectLane {
    async fn step(&mut self) {
        let wait_until = self.seal_due().or_else(|| self.follow_due());
        let shared = Arc::clone(&self.shared);
        tokio::select! {
            biased;
            () = shared.world.tasks.stopping() => {}
            Some(put) = self.puts.next(), if !self.puts.is_empty() => self.put(put),
            () = shared.object_wake.notified() => {}
            () = shared.world.clock.sleep_until(wait_until.unwrap_or_else(|| shared.world.clock.now())), if wait_until.is_some() => {}
        }
    }

    /// Seals all that is due. When the next will be, unless something else has to happen first: a put to end, a life to
    /// begin, a group to come, of all of which the lane is told.
    fn seal_due(&mut self) -> Option<Instant> {
        loop {
            let now = self.shared.world.clock.now();
            let waiting = self.waiting(now)?;
            let token_at = self.tokens.ready_at(now);
            let (at, reason) = due(waiting, &self.limits(), self.puts.len(), token_at, now)?;
            if at > now {
                return Some(at);
            }
            if !self.seal(reason) {
                return None;
            }
        }
    }

    /// Lets an empty flush follow the newest one after a long silence, so that what a failed or a hedged put left does not
    /// stay for as long as the process lives. When it is due, if there is one to follow.
    fn follow_due(&mut self) -> Option<Instant> {
        // Its number is higher than those under way: it may not be proposed before them.
        let due = self.newest_since.filter(|_| self.puts.is_empty())? + self.shared.config.beat_interval;
        let mut intake = self.shared.intake.lock();
        if due > self.shared.world.clock.now() || !intake.object.jobs.is_empty() {
            return Some(due).filter(|_| intake.object.jobs.is_empty());
        }
        let (incarnation, flush) = intake.lives.next_flush(Role::Agent, Lane::Object)?;
        intake.flushed(Flushed {
            incarnation,
            flush,
            attempt: 0,
            groups: Vec::new(),
        });
        drop(intake);
        self.newest_since = None;
        self.shared.wake.notify_one();
        None
    }

    fn limits(&self) -> Limits {
        let config = &self.shared.config;
        Limits {
            bytes_max: config.segment_bytes_max,
            named_bytes_max: named_bytes_max(&self.shared),
            puts_in_flight_max: config.puts_in_flight_max,
            linger: config.linger,
        }
    }

    fn waiting(&mut self, now: Instant) -> Option<Waiting> {
        let intake = self.shared.intake.lock();
        if intake.object.jobs.is_empty() {
            self.waiting_since = None;
            return None;
        }
        Some(Waiting {
            bytes: intake.object.bytes,
            named_bytes: intake.object.named_bytes,
            since: *self.waiting_since.get_or_insert(now),
        })
    }

    /// Seals what waits, up to the size of an object. False when there is no life to name it.
    fn seal(&mut self, reason: Reason) -> bool {
        let (groups, named) = {
            let mut intake = self.shared.intake.lock();
            let Some(named) = intake.lives.next_flush(Role::Agent, Lane::Object) else {
                return false;
            };
            let groups = intake.take_flush(self.shared.config.segment_bytes_max, named_bytes_max(&self.shared));
            (groups, named)
        };
        // Abandoned ones were left out; some that waited behind them may go inline now.
        self.shared.wake.notify_one();
        self.waiting_since = None;
        if groups.is_empty() {
            return true;
        }
        let now = self.shared.world.clock.now();
        self.newest_since = Some(now);
        self.tokens.take(now);
        let label = match reason {
            Reason::Size => "size",
            Reason::Linger => "linger",
            Reason::Idle => "idle",
        };
        metrics::counter!("tidelog_flush_reason_total", "reason" => label).increment(1);
        let (incarnation, flush) = named;
        self.puts
            .push_back(Box::pin(put(Arc::clone(&self.shared), incarnation, flush, groups)));
        true
    }

    /// The oldest flush is durable, or failed for good.
    fn put(&mut self, done: Put) {
        let Put {
            incarnation,
            flush,
            groups,
            put,
        } = done;
        let put = if seeded::is(Bug::UndurableProposed) {
            put.or(Ok(0))
        } else {
            put
        };
        let mut intake = self.shared.intake.lock();
        match put {
            Ok(attempt) => {
                for groups in cut(groups, named_bytes_max(&self.shared)) {
                    intake.flushed(Flushed {
                        incarnation,
                        flush,
                        attempt,
                        groups,
                    });
                }
            }
            Err(error) => {
                let error = match error {
                    StoreError::Full { .. } => AppendError::StorageFull,
                    other => AppendError::StoreUnavailable(other.to_string()),
                };
                for job in groups {
                    intake.refuse(Lane::Object, job, &error);
                }
            }
        }
        drop(intake);
        // For the flush, or for groups that waited behind what failed and may go inline now.
        self.shared.wake.notify_one();
    }
}

/// Builds the segment, without copying a batch, and puts it.
async fn put(shared: Arc<Shared>, incarnation: Incarnation, flush: u64, mut groups: Vec<AppendJob>) -> Put {
    let began = shared.world.clock.now();
    let id = SegmentId {
        cluster: shared.ledger.cluster().0,
        incarnation: (incarnation.position, incarnation.index, incarnation.nonce),
        flush,
    };
    let mut builder = SegmentBuilder::new(id);
    for job in &mut groups {
        for (run, batches) in job.group.runs.iter().zip(&mut job.payload) {
            let batches = std::mem::take(batches).into_iter().map(|batch| {
                let records = batch.records();
                (batch.into_bytes(), records)
            });
            builder.add(run.topic, run.partition, batches);
        }
    }
    let built = builder.build();
    let mut placed = built.placed.iter();
    for (run, start) in groups.iter_mut().flat_map(|job| &mut job.group.runs).zip(&mut placed) {
        run.start = *start;
    }
    metrics::histogram!("tidelog_flush_bytes").record(precise(built.bytes));
    let name = |attempt| {
        Key::Segment(ObjectName {
            incarnation,
            flush,
            attempt,
        })
    };
    let deadline = began + shared.config.store_deadline;
    let put = shared.store.put_hedged(name, built.parts, deadline).await;
    metrics::histogram!("tidelog_flush_put_seconds").record(began.elapsed().as_secs_f64());
    shared.store_trouble(put.as_ref().err().map(ToString::to_string));
    Put {
        incarnation,
        flush,
        groups,
        put,
    }
}

/// Bytes that the groups of a proposal may take in an entry.
fn named_bytes_max(shared: &Shared) -> usize {
    shared.ledger.entry_bytes_max() / 2
}

/// Cuts a flush into proposals that an entry holds. A group is never cut.
fn cut(groups: Vec<AppendJob>, named_bytes_max: usize) -> Vec<Vec<AppendJob>> {
    let mut proposals: Vec<Vec<AppendJob>> = Vec::new();
    let mut used = usize::MAX;
    for job in groups {
        let bytes = group_bytes(&job.group);
        match proposals.last_mut() {
            Some(last) if used + bytes <= named_bytes_max => {
                used += bytes;
                last.push(job);
            }
            _ => {
                used = bytes;
                proposals.push(vec![job]);
            }
        }
    }
    proposals
}

/// Sizes as metrics want them.
#[expect(clippy::cast_precision_loss, reason = "sizes of objects are far below 2^53")]
fn precise(bytes: u64) -> f64 {
    bytes as f64
}
