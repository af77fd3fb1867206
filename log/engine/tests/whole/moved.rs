//! Reads whose plan is older than where the bytes are now, or than what may be served.

use std::time::Duration;

use engine::{Engine, EngineConfig, FetchError, Fetched};
use metadata::entry::{self, proposal::Kind};
use metadata::{Extent, ObjectName, PartitionId, Place, Role, TopicNumber};
use segment::{SegmentBuilder, SegmentId};
use store::Key;

use crate::common::{Cluster, append, request, topic};

pub(crate) fn extents(engine: &Engine, topic: TopicNumber) -> Vec<Extent> {
    let id = PartitionId { topic, partition: 0 };
    engine.read(|state| state.partition(id).unwrap().extents().collect())
}

/// Moves extents of partition 0 into one new segment, and deletes the objects they were in.
pub(crate) async fn merge(engine: &Engine, topic: TopicNumber, inputs: &[Extent]) {
    let id = PartitionId { topic, partition: 0 };
    let (incarnation, flush) = engine.next_flush(Role::Compactor).unwrap();
    let mut builder = SegmentBuilder::new(SegmentId {
        cluster: engine.cluster().0,
        incarnation: (incarnation.position, incarnation.index, incarnation.nonce),
        flush,
    });
    let mut output = entry::Extent::from(inputs[0]);
    output.last_delta = (inputs.last().unwrap().last() - inputs[0].first) as u32;
    output.records = inputs.iter().map(|input| input.records).sum();
    output.bytes = inputs.iter().map(|input| input.bytes).sum();
    for input in inputs {
        let batches = engine.read_extent(id, input).await.unwrap();
        builder.add(
            topic,
            0,
            batches
                .into_iter()
                .map(|batch| (batch.batch.clone().into_bytes(), batch.batch.records())),
        );
    }
    let built = builder.build();
    let name = ObjectName {
        incarnation,
        flush,
        attempt: 0,
    };
    engine.store().put(&Key::Segment(name), built.parts).await.unwrap();
    output.place = Some(entry::extent::Place::Segment(entry::SegmentPlace {
        name: Some(name.into()),
        start: built.placed[0],
    }));
    let swap = entry::PartitionSwap {
        topic,
        partition: 0,
        inputs: inputs.iter().map(entry::Extent::from).collect(),
        outputs: vec![output],
        cleaning: None,
    };
    let swap = entry::Swap { partitions: vec![swap] };
    let verdicts = engine
        .propose(Role::Compactor, Kind::Swap(swap), Some((incarnation, flush)), "")
        .await
        .unwrap();
    assert!(
        matches!(verdicts.as_slice(), [metadata::Verdict::Applied(_)]),
        "{verdicts:?}"
    );
    for input in inputs {
        if let Place::Segment { name, .. } = input.place {
            engine.store().delete(&[Key::Segment(name)]).await.unwrap();
        }
    }
}

fn offsets(fetched: &Fetched) -> Vec<u64> {
    fetched.batches.iter().map(|batch| batch.base_offset).collect()
}

/// Six records in six objects; a second process has folded them, sleeps while they are moved as `merges` says, and then
/// fetches by its old plan.
async fn fetch_by_an_old_plan(merges: &[(usize, usize)]) -> Vec<u64> {
    let cluster = Cluster::new(1);
    let (one, other) = (cluster.engine().await, cluster.engine().await);
    let topic = topic(&one, "orders", 1, &[("tidelog.lane", "object")]).await;
    for number in 0..6 {
        append(&one, topic, 0, &[&format!("v{number}")]).await.unwrap();
    }
    other.look().await.unwrap();
    other.world().tasks.pause();
    let before = extents(&one, topic);
    for (from, to) in merges {
        merge(&one, topic, &before[*from..*to]).await;
    }
    assert_eq!(extents(&other, topic), before, "it sleeps");
    let wanted = request(topic, 0, 0);
    let (fetched, ()) = tokio::join!(other.fetch(&wanted), async {
        cluster.world.clock.sleep(Duration::from_millis(100)).await;
        other.world().tasks.resume();
    });
    offsets(fetched[0].result.as_ref().unwrap())
}

#[tokio::test(start_paused = true)]
async fn what_was_moved_is_read_once_and_in_order() {
    let cases: [&[(usize, usize)]; 5] = [
        &[(0, 6)],
        &[(0, 2)],
        &[(0, 3), (3, 6)],
        &[(2, 5)],
        &[(1, 2), (3, 4), (5, 6)],
    ];
    for merges in cases {
        assert_eq!(fetch_by_an_old_plan(merges).await, [0, 1, 2, 3, 4, 5], "{merges:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_process_that_cannot_see_the_end_serves_nothing_after_a_while() {
    let cluster = Cluster::new(2);
    let config = EngineConfig {
        staleness_max: Duration::from_secs(5),
        change_deadline: Duration::from_secs(1),
        ..EngineConfig::default()
    };
    let engine = cluster.engine_with(config).await;
    let topic = topic(&engine, "orders", 1, &[]).await;
    append(&engine, topic, 0, &["a"]).await.unwrap();
    let ask = async |wait| {
        let mut wanted = request(topic, 0, 1);
        (wanted.bytes_min, wanted.wait) = (1, wait);
        engine
            .fetch(&wanted)
            .await
            .remove(0)
            .result
            .map(|fetched| fetched.batches)
    };
    assert_eq!(ask(Duration::ZERO).await, Ok(vec![]));
    cluster.ledger.set_faults(ledger::Faults {
        refused: 1.0,
        ..ledger::Faults::NONE
    });
    assert_eq!(ask(Duration::from_secs(2)).await, Ok(vec![]), "it looked not long ago");
    for wait in [Duration::from_secs(20), Duration::ZERO] {
        let refused = ask(wait).await;
        assert!(matches!(refused, Err(FetchError::NotCurrent(_))), "{refused:?}");
    }
    cluster.ledger.set_faults(ledger::Faults::NONE);
    cluster.world.clock.sleep(Duration::from_secs(5)).await;
    assert_eq!(ask(Duration::ZERO).await, Ok(vec![]));
}

#[tokio::test(start_paused = true)]
async fn a_time_is_found_in_what_was_moved_and_in_what_is_not_yet_folded() {
    let cluster = Cluster::new(3);
    let (one, other) = (cluster.engine().await, cluster.engine().await);
    let topic = topic(&one, "orders", 1, &[("tidelog.lane", "object")]).await;
    let id = PartitionId { topic, partition: 0 };
    for _ in 0..4 {
        append(&one, topic, 0, &["at 1000", "at 1001"]).await.unwrap();
    }
    other.look().await.unwrap();
    assert_eq!(other.offset_for_timestamp(id, 1_001).await, Ok(Some((1, 1_001))));
    assert_eq!(other.offset_for_timestamp(id, 1_002).await, Ok(None));
    other.world().tasks.pause();
    merge(&one, topic, &extents(&one, topic)).await;
    append(&one, topic, 0, &["at 1000", "at 1001", "at 1002"])
        .await
        .unwrap();
    let resume = async {
        cluster.world.clock.sleep(Duration::from_millis(100)).await;
        other.world().tasks.resume();
    };
    let (found, ()) = tokio::join!(other.offset_for_timestamp(id, 1_002), resume);
    assert_eq!(found, Ok(Some((10, 1_002))));
    other.delete_records(&[(id, 1)], "").await.unwrap();
    assert_eq!(other.offset_for_timestamp(id, 0).await, Ok(Some((1, 1_001))));
}
