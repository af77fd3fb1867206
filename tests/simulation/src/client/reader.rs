//! A reader of anything: from random offsets of random partitions, a little or much, waiting or not.

use std::time::Duration;

use engine::{FetchError, FetchPart, FetchRequest, Fetched, FetchedPart};
use metadata::PartitionId;
use store::ReadClass;

use super::{Client, PATIENCE};
use crate::agent::Called;
use crate::swarm::Fault;
use crate::value;

pub(super) async fn run(mut client: Client) {
    while client.think().await {
        client.wander(0.4);
        let parts: Vec<FetchPart> = (0..=client.below(3))
            .filter_map(|_| client.topic().map(|topic| client.partition_of(topic)))
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
            parts,
        };
        let alone = request.parts.len() == 1;
        let told = fetch(&client, request).await;
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
}

/// Fetches, and judges all that comes. None when there was no answer.
pub(super) async fn fetch(client: &Client, request: FetchRequest) -> Option<Vec<Told>> {
    let ends: Vec<u64> = request
        .parts
        .iter()
        .map(|part| true_end(client, part.partition))
        .collect();
    let parts = request.parts.clone();
    let called = client
        .agent
        .call(PATIENCE, move |engine| async move { engine.fetch(&request).await })
        .await;
    let Called::Done(fetched) = called else { return None };
    let told = parts.iter().zip(fetched).zip(ends);
    Some(
        told.map(|((part, fetched), end)| judge(client, part, fetched, end))
            .collect(),
    )
}

fn true_end(client: &Client, partition: PartitionId) -> u64 {
    let end = client
        .ground()
        .audit
        .read(|state| state.partition(partition).map_or(0, |known| known.high_watermark()));
    end.unwrap_or(0)
}

/// `end` is where the partition ended when the request was made.
fn judge(client: &Client, part: &FetchPart, fetched: FetchedPart, end: u64) -> Told {
    let journal = &client.ground().journal;
    let mut told = Told {
        from: part.offset,
        next: part.offset,
        log_start: 0,
        high_watermark: 0,
        good: false,
    };
    match fetched.result {
        Ok(fetched) => {
            (told.log_start, told.high_watermark, told.good) = (fetched.log_start, fetched.high_watermark, true);
            told.next = take(client, part, &fetched);
        }
        Err(FetchError::OutOfRange {
            log_start,
            high_watermark,
        }) => {
            (told.log_start, told.high_watermark, told.good) = (log_start, high_watermark, true);
            journal.count("fetch out of range");
            journal.check("a final answer rests on the end", high_watermark >= end, || {
                format!(
                    "{} was told that {:?} ends at {high_watermark}; it ended at {end}",
                    client.name, part.partition
                )
            });
        }
        Err(FetchError::UnknownTopic | FetchError::UnknownPartition) => {
            told.good = true;
            journal.count("fetch unknown topic");
            let gone = client.ground().history.lock().deleted.contains(&part.partition.topic);
            journal.check("an existing partition is not denied", gone, || {
                format!("{} {:?}", client.name, part.partition)
            });
        }
        Err(FetchError::Corrupt { what, first, last }) => corrupt(client, part, &what, (first, last)),
        Err(FetchError::NotCurrent(_)) => journal.count("fetch not current"),
        Err(FetchError::Unavailable(_)) => journal.count("fetch unavailable"),
    }
    told
}

/// Damage is answered only where reads are damaged, or where a process slept for longer than the grace.
fn corrupt(client: &Client, part: &FetchPart, what: &str, (first, last): (u64, u64)) {
    let ground = client.ground();
    ground.journal.count("fetch corrupt");
    let causes = [
        Fault::StoreFlipped,
        Fault::StoreTruncated,
        Fault::Pause,
        Fault::StoreSlow,
        Fault::LedgerSlow,
    ];
    let caused = causes.into_iter().any(|fault| ground.swarm.has(fault));
    ground
        .journal
        .check("damage has a cause", caused && !ground.is_quiet(), || {
            format!("{} {part:?} {first} to {last}: {what}", client.name)
        });
}

/// The offset behind what came.
fn take(client: &Client, part: &FetchPart, fetched: &Fetched) -> u64 {
    let journal = &client.ground().journal;
    let mut next = None;
    for batch in &fetched.batches {
        let dense = match next {
            None => batch.base_offset <= part.offset && part.offset <= batch.last_offset(),
            Some(next) => batch.base_offset == next,
        };
        journal.check("what is fetched has no holes", dense, || {
            format!(
                "{} {part:?}: a batch from {} to {}, expected {next:?}",
                client.name,
                batch.base_offset,
                batch.last_offset()
            )
        });
        let below = batch.last_offset() < fetched.high_watermark;
        journal.check("nothing is read beyond the end", below, || {
            format!("{} {part:?} {}", client.name, batch.last_offset())
        });
        match value::records_of(batch.base_offset, &batch.batch) {
            Ok(records) => {
                journal.count_by("records read", u64::try_from(records.len()).unwrap_or(0));
                let history = &mut *client.ground().history.lock();
                history.read(journal, &client.name, part.partition, &records);
            }
            Err(what) => journal.check("what is fetched can be decoded", false, || what),
        }
        next = Some(batch.last_offset() + 1);
    }
    next.unwrap_or(part.offset)
}
