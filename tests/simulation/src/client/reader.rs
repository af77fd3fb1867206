//! A reader of anything: from random offsets of random partitions, a little or much, waiting or not.

use std::time::Duration;

use engine::{FetchError, FetchPart, FetchRequest, Fetched, FetchedPart};
use history::Basis;
use metadata::PartitionId;
use store::ReadClass;
use world::Instant;

use super::{Client, PATIENCE};
use crate::agent::Called;
use crate::history::ReadBatch;
use crate::told;

pub(super) async fn run(mut client: Client) {
    while client.think().await {
        client.wander(0.4);
        let parts: Vec<FetchPart> = (0..=client.below(3))
            .filter_map(|_| client.topic().map(|topic| client.target(topic).partition))
            .map(|partition| draw(&client, partition))
            .collect();
        if parts.is_empty() {
            continue;
        }
        let wait = if client.chance().coin(0.3) {
            client.below(800)
        } else {
            0
        };
        let request = FetchRequest {
            bytes_max: [1, 2_000, 1 << 20][client.below(3)],
            bytes_min: usize::from(wait > 0),
            wait: Duration::from_millis(u64::try_from(wait).unwrap_or(0)),
            class: if client.chance().coin(0.5) {
                ReadClass::Tail
            } else {
                ReadClass::Backfill
            },
            after: None,
            parts,
        };
        let alone = request.parts.len() == 1;
        let told = fetch(&client, request, Basis::Hint).await;
        let good = told.as_ref().is_some_and(|told| told.iter().all(|part| part.good));
        let outcome = if told.is_none() { "unanswered" } else { "answered" };
        client.operation("fetch", outcome, good);
        let empty = told.iter().flatten().any(|part| {
            alone && part.good && part.next == part.from && (part.log_start..part.high_watermark).contains(&part.from)
        });
        client
            .ground()
            .journal
            .check("a reader gets on", !empty, || format!("{told:?}"));
    }
}

fn draw(client: &Client, partition: PartitionId) -> FetchPart {
    let end = client
        .ground()
        .audit
        .read(|state| state.partition(partition).map_or(0, |known| known.high_watermark()));
    // Sometimes beyond the end.
    let bound = usize::try_from(end.unwrap_or(0)).unwrap_or(0) + 2;
    FetchPart {
        partition,
        offset: u64::try_from(client.below(bound)).unwrap_or(0),
        bytes_max: [1, 5_000, 1 << 20][client.below(3)],
    }
}

/// What one part of a fetch gave.
#[derive(Debug)]
pub(super) struct Told {
    /// The offset that was asked for, and the one to ask for next.
    pub(super) from: u64,
    pub(super) next: u64,
    pub(super) log_start: u64,
    pub(super) high_watermark: u64,
    /// Whether it was an answer, be it that nothing is there.
    pub(super) good: bool,
    /// Whether the ledger had one history only.
    pub(super) one_history: bool,
}

/// What was so when a request was made.
struct Asked {
    began: Instant,
    /// Ends that had been lost by then.
    losses: u64,
    /// How long ago the process had last looked at the end of the ledger; none when it does not run.
    looked_ago: Option<Duration>,
    /// Reads of the process that were damaged by then.
    damaged: u64,
    /// Where each partition ended.
    ends: Vec<u64>,
    /// Where each had ended when a process that may serve has looked at last.
    known_ends: Vec<u64>,
}

/// One part of a request and what came for it.
struct Answer<'a> {
    client: &'a Client,
    asked: &'a Asked,
    part: &'a FetchPart,
    end: u64,
    known_end: u64,
    /// Whether the ledger has one history only, since the request was made.
    one_history: bool,
}

/// Fetches, and judges all that comes. None when there was no answer.
pub(super) async fn fetch(client: &Client, request: FetchRequest, basis: Basis) -> Option<Vec<Told>> {
    let invoked = client.ground().journal.ordinal();
    let asked = asked(client, &request);
    let parts = request.parts.clone();
    let called = client
        .agent
        .call(PATIENCE, move |engine| async move { engine.fetch(&request).await })
        .await;
    let Called::Done(fetched) = called else { return None };
    told::fetched(
        client.ground(),
        client.session,
        invoked,
        basis,
        parts.iter().zip(&fetched),
    );
    let one_history = {
        let history = client.ground().history.lock();
        history.losses() == asked.losses && !history.is_muddled(client.world.clock.now())
    };
    let told = parts
        .iter()
        .zip(fetched)
        .zip(asked.ends.iter().zip(&asked.known_ends))
        .map(|((part, fetched), (end, known_end))| {
            let answer = Answer {
                client,
                asked: &asked,
                part,
                end: *end,
                known_end: *known_end,
                one_history,
            };
            answer.judge(fetched)
        });
    Some(told.collect())
}

fn asked(client: &Client, request: &FetchRequest) -> Asked {
    let ground = client.ground();
    let end_of = |part: &FetchPart| {
        let end = ground.audit.read(|state| {
            state
                .partition(part.partition)
                .map_or(0, |known| known.high_watermark())
        });
        end.unwrap_or(0)
    };
    Asked {
        began: client.world.clock.now(),
        losses: ground.history.lock().losses(),
        looked_ago: client.agent.running().and_then(|engine| engine.health().looked_ago),
        damaged: client.agent.damaged_reads(),
        ends: request.parts.iter().map(end_of).collect(),
        known_ends: ground.audit.ends_before(
            request.parts.iter().map(|part| part.partition),
            ground.swarm.engine.staleness_max,
        ),
    }
}

impl Answer<'_> {
    fn judge(&self, fetched: FetchedPart) -> Told {
        let (client, part) = (self.client, self.part);
        let journal = &client.ground().journal;
        let mut told = Told {
            from: part.offset,
            next: part.offset,
            log_start: 0,
            high_watermark: 0,
            good: false,
            one_history: self.one_history,
        };
        match fetched.result {
            Ok(fetched) => {
                (told.log_start, told.high_watermark, told.good) = (fetched.log_start, fetched.high_watermark, true);
                told.next = self.take(&fetched);
                let fresh = told.high_watermark >= self.known_end || !self.one_history;
                journal.check("what is served is not older than it may be", fresh, || {
                    format!(
                        "{} was told by {} that {:?} ends at {}; it had ended at {}",
                        client.name,
                        client.agent.name(),
                        part.partition,
                        told.high_watermark,
                        self.known_end
                    )
                });
            }
            Err(FetchError::OutOfRange {
                log_start,
                high_watermark,
            }) => {
                (told.log_start, told.high_watermark, told.good) = (log_start, high_watermark, true);
                journal.count("fetch out of range");
                let final_end = high_watermark >= self.end || !self.one_history;
                journal.check("a final answer rests on the end", final_end, || {
                    format!(
                        "{} was told that {:?} ends at {high_watermark}; it ended at {}",
                        client.name, part.partition, self.end
                    )
                });
            }
            Err(FetchError::UnknownTopic | FetchError::UnknownPartition) => {
                told.good = true;
                journal.count("fetch unknown topic");
                let gone = client.ground().history.lock().may_be_gone(part.partition.topic);
                journal.check("an existing partition is not denied", gone || !self.one_history, || {
                    format!("{} {:?}", client.name, part.partition)
                });
            }
            Err(FetchError::Corrupt { what, first, last }) => {
                journal.count("fetch corrupt");
                self.check_damage(Some((&what, first, last)));
                return told;
            }
            Err(FetchError::NotCurrent(_)) => journal.count("fetch not current"),
            Err(FetchError::HistoryLost) => journal.count("fetch of a lost history"),
            Err(FetchError::Unavailable(_)) => journal.count("fetch unavailable"),
        }
        self.check_damage(None);
        told
    }

    /// Damage is answered only where reads were damaged, or where a process that has not looked for as long as the
    /// grace wanted what is gone.
    fn check_damage(&self, damage: Option<(&str, u64, u64)>) {
        let ground = self.client.ground();
        let damaged = self.client.agent.damaged_reads() > self.asked.damaged;
        let took = self
            .client
            .world
            .clock
            .now()
            .saturating_duration_since(self.asked.began);
        let age = self.asked.looked_ago.map(|ago| ago + took);
        let old = age.is_none_or(|age| age >= ground.swarm.grace);
        let holds = damage.is_none() || damaged || old || !self.one_history;
        ground
            .journal
            .check("a reader younger than the grace finds what it wants", holds, || {
                format!(
                    "{} at {} {:?} {damage:?}; age {age:?}, grace {:?}",
                    self.client.name,
                    self.client.agent.name(),
                    self.part,
                    ground.swarm.grace
                )
            });
    }

    /// The offset behind what came.
    fn take(&self, fetched: &Fetched) -> u64 {
        let (client, part) = (self.client, self.part);
        let ground = client.ground();
        let mut next = None;
        for batch in &fetched.batches {
            let dense = match next {
                None => batch.base_offset <= part.offset && part.offset <= batch.last_offset(),
                Some(next) => batch.base_offset == next,
            };
            ground.journal.check("what is fetched has no holes", dense, || {
                format!(
                    "{} {part:?}: a batch from {} to {}, expected {next:?}",
                    client.name,
                    batch.base_offset,
                    batch.last_offset()
                )
            });
            let below = batch.last_offset() < fetched.high_watermark;
            ground.journal.check("nothing is read beyond the end", below, || {
                format!("{} {part:?} {}", client.name, batch.last_offset())
            });
            ground
                .journal
                .count_by("records read", u64::from(batch.batch.records()));
            let read = ReadBatch {
                partition: part.partition,
                base_offset: batch.base_offset,
                batch: &batch.batch,
            };
            let now = client.world.clock.now();
            ground.history.lock().read(&ground.journal, &client.name, &read, now);
            next = Some(batch.last_offset() + 1);
        }
        next.unwrap_or(part.offset)
    }
}
