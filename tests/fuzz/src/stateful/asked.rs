//! The operations, each with what it needs read from the input, and what is told of it noted in the model.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use compactor::CompactorConfig;
use engine::{
    AppendDone, AppendError, AppendGroup, AppendRun, ChangeError, CommitBasis, CreateTopicRequest, Engine, Happened,
};
use metadata::entry::{OffsetCommit, RequestSequence};
use metadata::snapshot::state_hash_of;
use metadata::{PartitionId, Role, TopicNumber};
use records::{Batch, BatchBuilder, Codec};

use super::model::{Numbered, Told};
use super::process::{Called, Ground, Process};
use super::read;
use crate::input::Input;

/// Topics at once, by name.
const TOPICS: u8 = 4;
const LANES: [&str; 3] = ["auto", "inline", "object"];

/// One operation.
pub(super) async fn operation(ground: &Arc<Ground>, input: &mut Input<'_>) {
    let (what, process) = (input.u8(), usize::from(input.u8() & 1));
    match what % 24 {
        0..=5 => append(ground, process, input).await,
        6 | 7 => append_numbered(ground, process, input).await,
        8 | 9 => {
            if let Some(partition) = partition(ground, input) {
                read::some(ground, &ground.processes[process], partition, input.u8()).await;
            }
        }
        10 => commit(ground, process, input).await,
        11 => trim(ground, process, input).await,
        12 => create_topic(ground, process, input).await,
        13 => delete_topic(ground, process, input).await,
        14 => snapshot(ground, process).await,
        15 => restart(ground, process, input.u8()).await,
        16 => compact(ground, process, input.u8()).await,
        17 => {
            ground
                .world
                .clock
                .sleep(Duration::from_millis(40 * u64::from(input.u8())))
                .await
        }
        18 => ground.processes[process].suffer(input.u8()),
        19 => ground.processes[process].heal(),
        20 => ground.processes[process].pause(),
        21 => alter_topic(ground, process, input).await,
        22 => compare(ground).await,
        _ => {
            ground
                .world
                .clock
                .sleep(Duration::from_secs(u64::from(input.u8() % 16)))
                .await
        }
    }
}

/// A topic that was made.
fn topic(ground: &Ground, input: &mut Input<'_>) -> Option<(TopicNumber, u32)> {
    let chosen = usize::from(input.u8());
    let topics = &ground.model.lock().topics;
    let at = chosen.checked_rem(topics.len())?;
    topics.iter().nth(at).map(|(number, partitions)| (*number, *partitions))
}

fn partition(ground: &Ground, input: &mut Input<'_>) -> Option<PartitionId> {
    let (topic, partitions) = topic(ground, input)?;
    let partition = u32::from(input.u8()) % partitions;
    Some(PartitionId { topic, partition })
}

/// A batch of records of now, whose values are these numbers, and so many bytes more.
fn batch(ground: &Ground, values: &[u64], filler: usize) -> Batch {
    let now_ms = ground.world.clock.wall_ms();
    let mut builder = BatchBuilder::new(Codec::None, None);
    for value in values {
        let bytes = [&value.to_be_bytes()[..], &vec![b'x'; filler]].concat();
        builder.push(now_ms, None, Some(&bytes), &[]).expect("a small record");
    }
    builder.build().expect("a small batch")
}

async fn submit(engine: Engine, run: AppendRun, request: Option<RequestSequence>) -> Result<AppendDone, AppendError> {
    let bytes = run.batches.iter().map(|batch| batch.bytes().len()).sum();
    let permit = engine.reserve(bytes)?;
    let runs = vec![run];
    engine.append(permit, AppendGroup { runs, request }).await
}

fn told(called: &Called<Result<AppendDone, AppendError>>) -> Told {
    match called {
        Called::Done(Ok(done)) => done.acks.first().map_or(Told::Maybe, |ack| Told::At(ack.base_offset)),
        Called::Done(Err(error)) if error.happened() == Happened::No => Told::No,
        Called::Down => Told::No,
        Called::Done(Err(_)) | Called::Lost => Told::Maybe,
    }
}

/// Appends one batch; with a bit of its shape nobody waits for the answer before the next operation.
async fn append(ground: &Arc<Ground>, process: usize, input: &mut Input<'_>) {
    let Some(id) = partition(ground, input) else { return };
    let shape = input.u8();
    let filler = [0, 200, 3_000, 40_000][usize::from(shape >> 2 & 3)];
    let values: Vec<u64> = (0..=shape & 3).map(|_| ground.model.lock().send(id)).collect();
    let end = |engine: &Engine| engine.read(|state| state.partition(id).map(|partition| partition.high_watermark()));
    let expected_offset = ground.processes[process]
        .engine()
        .filter(|_| shape >> 5 == 7)
        .and_then(|engine| end(&engine));
    let run = AppendRun {
        partition: id,
        batches: vec![batch(ground, &values, filler)],
        producer: None,
        expected_offset,
    };
    let shared = Arc::clone(ground);
    let work = async move {
        let called = shared.processes[process]
            .call(&shared, |engine| submit(engine, run, None))
            .await;
        shared.model.lock().tell(&values, told(&called));
    };
    if shape & 0x10 == 0 {
        work.await;
    } else {
        ground.world.tasks.spawn("append", work);
    }
}

/// Appends as a producer that numbers its requests; one whose outcome is not known is asked again, the same.
async fn append_numbered(ground: &Arc<Ground>, process: usize, input: &mut Input<'_>) {
    let Some(partition) = partition(ground, input) else {
        return;
    };
    let producer = input.u8() & 1;
    let key = (partition.topic, producer);
    let last = ground.model.lock().producers.get(&key).cloned();
    let request = match last {
        Some((last, false)) => last,
        other => {
            let value = ground.model.lock().send(partition);
            Numbered {
                sequence: other.map_or(0, |(last, _)| last.sequence + 1),
                partition,
                values: vec![value],
            }
        }
    };
    let run = AppendRun {
        partition: request.partition,
        batches: vec![batch(ground, &request.values, 10)],
        producer: None,
        expected_offset: None,
    };
    let sequence = RequestSequence {
        producer: vec![b'p', producer].into(),
        epoch: 1,
        sequence: request.sequence,
    };
    let called = ground.processes[process]
        .call(ground, |engine| submit(engine, run, Some(sequence)))
        .await;
    let model = &mut *ground.model.lock();
    let told = match (model.sent(request.values[0]).told, told(&called)) {
        // This attempt did not happen; those before may have.
        (Told::Maybe, Told::No) => Told::Maybe,
        (_, told) => told,
    };
    model.tell(&request.values, told);
    match told {
        Told::At(_) => drop(model.producers.insert(key, (request, true))),
        Told::Maybe | Told::Pending => drop(model.producers.insert(key, (request, false))),
        // The sequence is free for another content.
        Told::No => {}
    }
}

fn happened<T>(called: &Called<Result<T, ChangeError>>) -> Option<bool> {
    match called {
        Called::Done(Ok(_)) => Some(true),
        Called::Done(Err(error)) if error.happened() == Happened::No => Some(false),
        Called::Down => Some(false),
        Called::Done(Err(_)) | Called::Lost => None,
    }
}

async fn commit(ground: &Ground, process: usize, input: &mut Input<'_>) {
    let Some(id) = partition(ground, input) else { return };
    let (group, offset) = (format!("g{}", input.u8() % 3), u64::from(input.u8()));
    let name = group.clone();
    let commit = OffsetCommit {
        topic: id.topic,
        partition: id.partition,
        offset,
        leader_epoch: -1,
        ..Default::default()
    };
    let ask = |engine: Engine| async move { engine.commit_offsets(&name, CommitBasis::Latest, &[commit], "").await };
    let called = ground.processes[process].call(ground, ask).await;
    let model = &mut *ground.model.lock();
    let known = model.commits.entry((group, id)).or_insert_with(|| [None].into());
    match happened(&called) {
        Some(true) => *known = [Some(offset)].into(),
        Some(false) => {}
        None => drop(known.insert(Some(offset))),
    }
}

async fn trim(ground: &Ground, process: usize, input: &mut Input<'_>) {
    let Some(id) = partition(ground, input) else { return };
    let end = ground.model.lock().acknowledged(id);
    let before = end * u64::from(input.u8()) / 200;
    let ask = |engine: Engine| async move { engine.delete_records(&[(id, before)], "").await };
    let called = ground.processes[process].call(ground, ask).await;
    let model = &mut *ground.model.lock();
    let (most, least) = model.trims.entry(id).or_default();
    if let Called::Done(Ok(trimmed)) = &called {
        match &trimmed[0] {
            Ok(start) => {
                assert!(
                    *start >= before,
                    "trimmed before {before}, and the log starts at {start}"
                );
                (*most, *least) = ((*most).max(before), (*least).max(before));
            }
            Err(rejection) => assert!(
                before > end || model.deleted.contains(&id.topic),
                "{before}: {rejection}"
            ),
        }
    } else if happened(&called).is_none() {
        *most = (*most).max(before);
    }
}

async fn create_topic(ground: &Ground, process: usize, input: &mut Input<'_>) {
    let shape = input.u8();
    let partitions = 1 + u32::from(shape >> 4 & 3);
    let lane = LANES[usize::from(shape >> 6) % LANES.len()];
    let request = CreateTopicRequest {
        name: format!("t{}", shape % TOPICS),
        partitions,
        configs: BTreeMap::from([("tidelog.lane".to_owned(), lane.to_owned())]),
        first_offset: 0,
    };
    let ask = |engine: Engine| async move { engine.create_topic(request, "operator").await };
    if let Called::Done(Ok((number, _))) = ground.processes[process].call(ground, ask).await {
        let before = ground.model.lock().topics.insert(number, partitions);
        assert_eq!(before, None, "a topic's number is its own");
    }
}

async fn delete_topic(ground: &Ground, process: usize, input: &mut Input<'_>) {
    let Some((number, _)) = topic(ground, input).filter(|_| input.u8().is_multiple_of(4)) else {
        return;
    };
    let again = !ground.model.lock().deleted.insert(number);
    let called = ground.processes[process]
        .call(
            ground,
            |engine| async move { engine.delete_topic(number, "operator").await },
        )
        .await;
    let model = &mut *ground.model.lock();
    match happened(&called) {
        Some(true) => drop(model.topics.remove(&number)),
        Some(false) if !again => drop(model.deleted.remove(&number)),
        _ => {}
    }
}

async fn alter_topic(ground: &Ground, process: usize, input: &mut Input<'_>) {
    let Some((number, partitions)) = topic(ground, input) else {
        return;
    };
    let choice = input.u8();
    let process = &ground.processes[process];
    if choice & 1 == 0 {
        let lane = LANES[usize::from(choice >> 1) % LANES.len()].to_owned();
        let set = BTreeMap::from([("tidelog.lane".to_owned(), lane)]);
        let _ = process
            .call(ground, |engine| async move {
                engine.alter_topic(number, set, Vec::new(), "operator").await
            })
            .await;
        return;
    }
    let ask = |engine: Engine| async move {
        engine
            .add_partitions(number, partitions, partitions + 1, "operator")
            .await
    };
    if happened(&process.call(ground, ask).await) == Some(true) {
        ground.model.lock().topics.insert(number, partitions + 1);
    }
}

/// A snapshot, the base moved behind an older one, entries deleted. Under faults all of this may fail.
async fn snapshot(ground: &Ground, process: usize) {
    let ask = |engine: Engine| async move {
        let _ = engine.take_snapshot(Role::Compactor).await;
        let _ = engine.advance_base().await;
        let _ = engine.delete_entries().await;
    };
    let _ = ground.processes[process].call(ground, ask).await;
}

async fn restart(ground: &Ground, process: usize, how: u8) {
    let process: &Process = &ground.processes[process];
    process.end(how & 1 == 0).await;
    ground
        .world
        .clock
        .sleep(Duration::from_millis(10 * u64::from(how >> 1)))
        .await;
    process.start(ground).await;
}

async fn compact(ground: &Ground, process: usize, how: u8) {
    let config = CompactorConfig {
        fan_in: 2 + u64::from(how & 3),
        level_bytes: 1 << (6 + (how >> 2 & 3)),
        window_bytes_max: if how >> 4 & 1 == 1 { 16 << 10 } else { 1 << 20 },
        window_extents_max: if how >> 5 & 1 == 1 { 4 } else { 1_000 },
        put_deadline: Duration::from_secs(4),
        ..CompactorConfig::eager()
    };
    let ask = |engine: Engine| async move { drop(Box::pin(compactor::run_once(&engine, &config)).await) };
    let _ = ground.processes[process].call(ground, ask).await;
}

/// Two processes that have folded as far hold the same state.
async fn compare(ground: &Ground) {
    let [one, other] = &ground.processes;
    let seen = async |process: &Process| {
        let asked = process.call(ground, |engine| async move {
            let _ = engine.look().await;
            engine.read(|state| (state.position(), state.entry_hash(), state_hash_of(state)))
        });
        match asked.await {
            Called::Done(seen) => Some(seen),
            Called::Down | Called::Lost => None,
        }
    };
    if let (Some(one), Some(other)) = (seen(one).await, seen(other).await)
        && one.0 == other.0
    {
        assert_eq!(one, other, "one fold");
    }
}
