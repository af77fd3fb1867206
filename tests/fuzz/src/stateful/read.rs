//! Reading: a page in the middle of a history, and everything at its end.

use std::time::Duration;

use engine::{Engine, FetchError, FetchPart, FetchRequest, Fetched, FetchedBatch};
use metadata::PartitionId;
use records::Limits;
use store::ReadClass;

use super::process::{Called, Ground, Process};

fn request(partition: PartitionId, offset: u64, bytes_max: usize) -> FetchRequest {
    let part = FetchPart {
        partition,
        offset,
        bytes_max,
    };
    FetchRequest {
        parts: vec![part],
        bytes_max,
        bytes_min: 0,
        wait: Duration::ZERO,
        class: ReadClass::Tail,
        after: None,
    }
}

async fn fetch(engine: &Engine, partition: PartitionId, offset: u64, bytes_max: usize) -> Result<Fetched, FetchError> {
    engine
        .fetch(&request(partition, offset, bytes_max))
        .await
        .remove(0)
        .result
}

/// The values of a batch with their offsets.
fn values(batch: &FetchedBatch) -> Vec<(u64, u64)> {
    let value = |record: records::Record| {
        let value = record.value.expect("a value");
        let number = value.first_chunk().expect("a number");
        let offset = batch.base_offset + u64::try_from(record.offset_delta).expect("a delta");
        (offset, u64::from_be_bytes(*number))
    };
    let walk = records::walk(&batch.batch, &Limits::default()).expect("a batch of ours");
    walk.map(|record| value(record.expect("a record of ours"))).collect()
}

/// The values that were fetched from `offset` on, whose batches lie one behind the other.
fn checked(partition: PartitionId, offset: u64, fetched: &Fetched) -> Vec<(u64, u64)> {
    let mut next = None;
    for batch in &fetched.batches {
        let fits = match next {
            None => batch.base_offset <= offset && offset <= batch.last_offset(),
            Some(next) => batch.base_offset == next,
        };
        assert!(
            fits,
            "{partition:?}: a batch at {} where {next:?} of {offset} is wanted",
            batch.base_offset
        );
        next = Some(batch.last_offset() + 1);
    }
    assert!(
        next.is_none_or(|next| next <= fetched.high_watermark),
        "{partition:?}: read beyond the end"
    );
    let all = fetched.batches.iter().flat_map(values);
    all.filter(|(at, _)| *at >= offset).collect()
}

/// A page from somewhere.
pub(super) async fn some(ground: &Ground, process: &Process, partition: PartitionId, where_from: u8) {
    let acknowledged = ground.model.lock().acknowledged(partition);
    let offset = (acknowledged + 2) * u64::from(where_from) / 255;
    let ask = |engine: Engine| async move { fetch(&engine, partition, offset, 10_000).await };
    let Called::Done(result) = process.call(ground, ask).await else {
        return;
    };
    let model = ground.model.lock();
    match result {
        Ok(fetched) => {
            for (offset, value) in checked(partition, offset, &fetched) {
                model.check_read(partition, offset, value);
            }
        }
        Err(FetchError::OutOfRange {
            log_start,
            high_watermark,
        }) => {
            assert!(
                offset < log_start || offset > high_watermark,
                "{offset}: {log_start} to {high_watermark}"
            );
            assert!(
                high_watermark >= acknowledged,
                "{acknowledged} were acknowledged, it ends at {high_watermark}"
            );
        }
        Err(FetchError::UnknownTopic) => assert!(
            model.deleted.contains(&partition.topic),
            "{partition:?} was not deleted"
        ),
        Err(FetchError::UnknownPartition) => panic!("{partition:?} is there"),
        Err(FetchError::HistoryLost) => panic!("nothing was lost"),
        // Under faults.
        Err(FetchError::Corrupt { .. } | FetchError::NotCurrent(_) | FetchError::Unavailable(_)) => {}
    }
}

/// Everything that is there, by a new process and by those that were there, compared with what was told.
pub(super) async fn everything(ground: &Ground, reader: &Engine) {
    let engines = ground.processes.iter().filter_map(Process::engine);
    let engines: Vec<Engine> = std::iter::once(reader.clone()).chain(engines).collect();
    let known = ground.model.lock().topics.clone();
    for topic in known.into_keys() {
        let partitions: Vec<PartitionId> = reader.read(|state| state.partitions(topic).map(|(id, _)| id).collect());
        let deleted = ground.model.lock().deleted.contains(&topic);
        assert!(deleted || !partitions.is_empty(), "topic {topic} is gone");
        for partition in partitions {
            for engine in &engines {
                partition_whole(ground, engine, partition).await;
            }
        }
    }
    let model = ground.model.lock();
    for topic in model.deleted.iter().filter(|topic| !model.topics.contains_key(topic)) {
        assert!(
            reader.read(|state| state.topic(*topic).is_none()),
            "topic {topic} was deleted"
        );
    }
    for ((group, partition), may) in &model.commits {
        let there = reader.read(|state| Some(state.group(group)?.offset(*partition)?.offset));
        let deleted = model.deleted.contains(&partition.topic);
        assert!(
            deleted || may.contains(&there),
            "{group} {partition:?}: {there:?}, not one of {may:?}"
        );
    }
}

async fn partition_whole(ground: &Ground, engine: &Engine, partition: PartitionId) {
    let look = |state: &metadata::State| {
        state
            .partition(partition)
            .map(|found| (found.log_start(), found.high_watermark()))
    };
    let (start, end) = engine.read(look).expect("it was there a moment ago");
    let (most, least) = ground.model.lock().trims.get(&partition).copied().unwrap_or_default();
    assert!(
        (least..=most).contains(&start),
        "{partition:?} starts at {start}, trimmed {least} to {most}"
    );
    let (mut next, mut there) = (start, Vec::new());
    while next < end {
        let fetched = fetch(engine, partition, next, 1 << 20).await;
        let fetched = fetched.unwrap_or_else(|error| panic!("{partition:?} at {next}: {error}"));
        there.extend(checked(partition, next, &fetched));
        let last = fetched
            .batches
            .last()
            .unwrap_or_else(|| panic!("{partition:?}: nothing at {next} of {end}"));
        next = last.last_offset() + 1;
    }
    assert_eq!(next, end, "{partition:?}");
    assert!(
        there.iter().map(|(offset, _)| *offset).eq(start..end),
        "{partition:?}: an offset without its record"
    );
    ground.model.lock().check_all(partition, start, &there);
}
