//! A hundred deletions of records a second, while two compactors, of which one is killed again and again, make rows of the same
//! topic, merge them and publish them, over a store that fails.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use engine::{AppendError, Engine};
use metadata::{PartitionId, Place, Role, TopicNumber};
use records::{BatchBuilder, Codec, Limits, walk};
use store::{Faults, Kind};

use crate::common::{Cluster, batches, listed, set, topic, try_append};
use crate::tables::{keys, rows, small};

const PARTITIONS: u32 = 3;
const SECONDS: u64 = 30;

const FAULTS: Faults = Faults {
    refused: 0.02,
    unanswered: 0.02,
    hung: 0.002,
    truncated: 0.01,
    flipped: 0.01,
    ..Faults::NONE
};

/// What was sent.
#[derive(Debug, Default)]
struct Sent {
    /// What was acknowledged, by partition and offset.
    acknowledged: BTreeMap<(u32, u64), String>,
    /// What may be there: passes that move the base at once overtake an agent now and then, which answers that it cannot know.
    unknown: BTreeSet<String>,
}

fn marks(engine: &Engine, id: PartitionId) -> (u64, u64) {
    engine.read(|state| {
        let partition = state.partition(id).unwrap();
        (partition.log_start(), partition.high_watermark())
    })
}

/// Appends ten times a second and deletes a hundred times. How many deletions moved a log start.
async fn load(cluster: &Cluster, engine: &Engine, topic: TopicNumber, sent: &mut Sent) -> u64 {
    let (chance, mut moved) = (&cluster.world.chance, 0);
    for tick in 0..SECONDS * 100 {
        if tick % 10 == 0 {
            let partition = (tick / 10 % u64::from(PARTITIONS)) as u32;
            let values = [0, 1, 2, 3].map(|n| format!("{tick}.{n}"));
            let mut builder = BatchBuilder::new(Codec::None, None);
            for value in &values {
                builder.push(0, None, Some(value.as_bytes()), &[]).unwrap();
            }
            let id = PartitionId { topic, partition };
            match try_append(engine, id, builder.build().unwrap()).await {
                Ok(base) => {
                    let placed = values.into_iter().zip(base..);
                    sent.acknowledged
                        .extend(placed.map(|(value, at)| ((partition, at), value)));
                }
                Err(AppendError::Unknown(_)) => sent.unknown.extend(values),
                Err(error) => panic!("{error}"),
            }
        }
        let partition = chance.below(u64::from(PARTITIONS)) as u32;
        let id = PartitionId { topic, partition };
        let (start, end) = marks(engine, id);
        // Mostly of the oldest, now and then of nearly all.
        let most = if chance.coin(0.01) { end - start } else { 1 };
        let before = (start + chance.below(most + 1)).min(end);
        // That one is not known is no harm: the next goes further.
        let deleted = engine.delete_records(&[(id, before)], "test").await;
        moved += u64::from(deleted.is_ok_and(|deleted| deleted[0].as_ref().is_ok_and(|at| *at > start)));
        cluster.world.clock.sleep(Duration::from_millis(10)).await;
    }
    moved
}

/// A compactor that keeps up until it is told to stop, or killed. How many passes came to an end.
async fn keep_up(engine: &Engine, stop: &AtomicBool) -> usize {
    let (world, mut passes) = (engine.world().clone(), 0);
    while !stop.load(Ordering::SeqCst) {
        let pass = async {
            compactor::run_once(engine, &small()).await;
            world.clock.sleep(Duration::from_millis(200)).await;
        };
        match world.tasks.gated(pass).await {
            Some(()) => passes += 1,
            None => break,
        }
    }
    passes
}

/// Compactors one after the other, each killed in the midst of what it does.
async fn die_again_and_again(cluster: &Cluster, stop: &Arc<AtomicBool>) -> usize {
    let mut deaths = 0;
    while !stop.load(Ordering::SeqCst) {
        // One that cannot start is no compactor.
        cluster.objects.set(Faults::NONE);
        let victim = cluster.engine_of(vec![Role::Compactor]).await;
        cluster.objects.set(FAULTS);
        let (tasks, clock) = (victim.world().tasks.clone(), cluster.world.clock.clone());
        let life = Duration::from_millis(300 + cluster.world.chance.below(2_500));
        let kill = async {
            clock.sleep(life).await;
            tasks.kill();
        };
        tokio::join!(keep_up(&victim, stop), kill);
        deaths += 1;
    }
    deaths
}

/// Every record from the log starts on is at its offset, in the log and in the table; none is in the table twice.
async fn check(engine: &Engine, topic: TopicNumber, sent: &Sent) {
    let table = rows(engine, topic).await;
    for partition in 0..PARTITIONS {
        let id = PartitionId { topic, partition };
        let (start, end) = marks(engine, id);
        let mut read = BTreeMap::new();
        for (base, batch) in batches(engine, id).await {
            for record in walk(&batch, &Limits::default()).unwrap() {
                let record = record.unwrap();
                let at = base + u64::from(record.offset_delta.unsigned_abs());
                let value = String::from_utf8(record.value.unwrap().to_vec()).unwrap();
                assert!(read.insert(at, value).is_none(), "{id:?} {at} twice");
            }
        }
        let mut read = read.split_off(&start);
        assert!(read.keys().copied().eq(start..end), "{id:?} from {start} to {end}");
        read.retain(|_, value| !sent.unknown.contains(value));
        let kept = sent.acknowledged.range((partition, start)..(partition, end));
        let kept: BTreeMap<u64, String> = kept.map(|((_, at), value)| (*at, value.clone())).collect();
        assert_eq!(read, kept, "{id:?} from {start} to {end}");
        let of_table: BTreeSet<u64> = table.get(&id).cloned().unwrap_or_default();
        assert!(kept.keys().all(|at| of_table.contains(at)), "{id:?} from {start}");
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_lost_and_nothing_comes_twice() {
    for seed in 70..74 {
        let cluster = Cluster::new(seed);
        let engine = cluster.engine_of(vec![Role::Agent]).await;
        for grace in ["segment.grace.ms", "lake.grace.ms"] {
            set(&engine, grace, "2000").await;
        }
        set(&engine, "agent.timeout.ms", "5000").await;
        let number = topic(&engine, "t", PARTITIONS, &[("tidelog.lane", "inline")]).await;
        let other = cluster.engine_of(vec![Role::Compactor]).await;
        let (stop, mut sent) = (Arc::new(AtomicBool::new(false)), Sent::default());
        let load = async {
            let moved = load(&cluster, &engine, number, &mut sent).await;
            stop.store(true, Ordering::SeqCst);
            moved
        };
        let (moved, passes, deaths) = tokio::join!(load, keep_up(&other, &stop), die_again_and_again(&cluster, &stop));
        assert!(
            moved > SECONDS * 10 && passes > 5 && deaths > 5,
            "seed {seed}: {moved} {passes} {deaths}"
        );
        assert!(sent.acknowledged.len() > 10 * sent.unknown.len(), "{:?}", sent.unknown);
        cluster.objects.set(Faults::NONE);
        // It converges: what was found damaged by a bad read is tried again, garbage goes.
        for seconds in [2_000, 5, 5, 5, 5, 5] {
            cluster.sleep(seconds).await;
            compactor::run_once(&other, &small()).await;
        }
        engine.look().await.unwrap();
        check(&engine, number, &sent).await;
        converged(&engine, number).await;
    }
}

/// All records are rows, and nothing is there that is not named.
async fn converged(engine: &Engine, topic: TopicNumber) {
    let (files, beside) = engine.read(|state| {
        let (mut files, mut beside) = (BTreeSet::new(), 0);
        for (_, partition) in state.partitions(topic) {
            for extent in partition.extents() {
                match extent.place {
                    Place::Lake { name, .. } => drop(files.insert(name)),
                    _ => beside += 1,
                }
            }
        }
        (files.len(), beside)
    });
    assert_eq!(beside, 0, "all of it is rows");
    assert_eq!(listed(engine, Kind::LakeData).await.len(), files);
    assert_eq!(
        listed(engine, Kind::LakeMetadata).await.len(),
        keys(engine, topic).len()
    );
}
