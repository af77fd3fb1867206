//! Batches that lie in a lake file are served as those in segments are.

use engine::{Engine, FetchError, Fetched, FetchedBatch};
use lake::{LakeWriter, WriteSettings};
use metadata::entry::{self, proposal::Kind};
use metadata::{Extent, LakeColumns, LakeEnd, ObjectName, PartitionId, Place, Role, TopicNumber};
use records::{Limits, Record};
use store::Key;

use crate::common::{Cluster, append, request, topic};

const BATCHES: u64 = 40;
const PARTITION: u32 = 0;

fn extents(engine: &Engine, topic: TopicNumber) -> Vec<Extent> {
    let partition = PARTITION;
    engine.read(|state| {
        let partition = state.partition(PartitionId { topic, partition });
        partition.unwrap().extents().collect()
    })
}

/// Puts the first so many extents into a lake file; where it lies.
async fn to_lake(engine: &Engine, topic: TopicNumber, count: usize) -> Key {
    let inputs = extents(engine, topic)[..count].to_vec();
    let (first, last) = (inputs[0].first, inputs[count - 1].last());
    let settings = WriteSettings {
        group_bytes: 2_000,
        page_rows_max: 7,
        ..WriteSettings::default()
    };
    let mut writer = LakeWriter::new("orders", &LakeColumns::default(), settings).unwrap();
    writer.begin(PARTITION as i32, first as i64).unwrap();
    let id = PartitionId {
        topic,
        partition: PARTITION,
    };
    for input in &inputs {
        for FetchedBatch { base_offset, batch, .. } in engine.read_extent(id, input).await.unwrap() {
            writer.push(&batch, base_offset as i64).unwrap();
        }
    }
    writer.end(last as i64).unwrap();
    let written = writer.finish().unwrap();
    let (incarnation, flush) = engine.next_flush(Role::Compactor).unwrap();
    let name = ObjectName {
        incarnation,
        flush,
        attempt: 0,
    };
    let key = Key::LakeData(engine.read(|state| state.topic(topic).unwrap().id()), name);
    let end = LakeEnd {
        object_bytes: written.bytes.len() as u64,
        tail_bytes: written.tail_bytes as u32,
        tail_checksum: written.tail_checksum,
    };
    engine.store().put(&key, vec![written.bytes]).await.unwrap();
    let output = Extent {
        first,
        last_delta: (last - first) as u32,
        records: inputs.iter().map(|input| input.records).sum(),
        bytes: inputs.iter().map(|input| input.bytes).sum(),
        max_timestamp: inputs.iter().map(|input| input.max_timestamp).max().unwrap(),
        place: Place::Lake { name, end },
    };
    let swap = entry::PartitionSwap {
        topic,
        partition: PARTITION,
        inputs: inputs.iter().map(entry::Extent::from).collect(),
        outputs: vec![output.into()],
        cleaning: None,
    };
    let kind = Kind::Swap(entry::Swap { partitions: vec![swap] });
    let proposed = engine.propose(Role::Compactor, kind, Some((incarnation, flush)), "");
    let verdicts = proposed.await.unwrap();
    assert!(matches!(verdicts[..], [metadata::Verdict::Applied(_)]), "{verdicts:?}");
    key
}

/// All batches, and where each begins.
async fn filled(engine: &Engine) -> TopicNumber {
    let topic = topic(engine, "orders", 1, &[("tidelog.lane", "object")]).await;
    for number in 0..BATCHES {
        let values: Vec<String> = (0..number % 9 + 1).map(|at| format!("{number}.{at}")).collect();
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        append(engine, topic, 0, &values).await.unwrap();
    }
    topic
}

/// What a consumer can tell of a batch.
type Told = (u64, u64, i16, i64, Vec<Record>);

async fn all_told(engine: &Engine, topic: TopicNumber) -> Vec<Told> {
    let (mut all, mut next) = (Vec::new(), 0);
    loop {
        let fetched = fetched(engine, topic, next, 1 << 20).await.unwrap();
        let Some(last) = fetched.batches.last() else {
            return all;
        };
        next = last.last_offset() + 1;
        all.extend(fetched.batches.iter().map(told));
    }
}

fn told(one: &FetchedBatch) -> Told {
    let header = one.batch.header();
    let records = records::walk(&one.batch, &Limits::default()).unwrap();
    (
        one.base_offset,
        one.last_offset(),
        header.attributes.bits(),
        header.max_timestamp,
        records.map(Result::unwrap).collect(),
    )
}

async fn found_by_time(engine: &Engine, topic: TopicNumber, times: &[i64]) -> Vec<Option<(u64, i64)>> {
    let partition = PARTITION;
    let mut found = Vec::new();
    for time in times {
        let first = engine.offset_for_timestamp(PartitionId { topic, partition }, *time);
        found.push(first.await.unwrap());
    }
    found
}

async fn fetched(engine: &Engine, topic: TopicNumber, offset: u64, bytes_max: usize) -> Result<Fetched, FetchError> {
    let mut wanted = request(topic, PARTITION, offset);
    wanted.parts[0].bytes_max = bytes_max;
    engine.fetch(&wanted).await.remove(0).result
}

#[tokio::test(start_paused = true)]
async fn what_lies_in_a_lake_file_is_read_as_before_from_every_offset() {
    let cluster = Cluster::new(1);
    let (one, other) = (cluster.engine().await, cluster.engine().await);
    let topic = filled(&one).await;
    let before = all_told(&one, topic).await;
    assert_eq!(before.len() as u64, BATCHES);
    let times: Vec<i64> = before.iter().flat_map(|told| [told.3, told.3 + 1]).collect();
    let found = found_by_time(&one, topic, &times).await;
    to_lake(&one, topic, 25).await;
    let kinds: Vec<bool> = extents(&one, topic)
        .iter()
        .map(|extent| matches!(extent.place, Place::Lake { .. }))
        .collect();
    assert_eq!(kinds[..2], [true, false]);
    other.look().await.unwrap();
    for engine in [&one, &other] {
        let after = all_told(engine, topic).await;
        assert_eq!(after, before);
        let end = before.last().unwrap().1 + 1;
        for offset in 0..end {
            let bytes_max = 1 + (offset as usize * 131) % 900;
            let fetched = fetched(engine, topic, offset, bytes_max).await.unwrap();
            let at = before.iter().position(|told| told.1 >= offset).unwrap();
            let given: Vec<_> = fetched.batches.iter().map(told).collect();
            assert!(!given.is_empty(), "{offset}");
            assert_eq!(given, before[at..at + given.len()], "from {offset}, {bytes_max} bytes");
        }
    }
    assert_eq!(found_by_time(&one, topic, &times).await, found);
}

#[tokio::test(start_paused = true)]
async fn a_lake_file_that_is_gone_or_damaged_is_named() {
    let cluster = Cluster::new(2);
    let one = cluster.engine().await;
    let topic = filled(&one).await;
    let key = to_lake(&one, topic, 30).await;
    let whole = one.store().read_fresh(&key, None).await.unwrap();
    let fresh = cluster.engine().await;
    assert!(fetched(&fresh, topic, 0, 10_000).await.is_ok());
    let mut damaged = whole.to_vec();
    damaged[5] ^= 1;
    one.store().delete(&[key]).await.unwrap();
    let corrupt = |fetched: Result<Fetched, FetchError>| match fetched {
        Err(FetchError::Corrupt { first, what, .. }) => (first, what),
        other => panic!("{other:?}"),
    };
    let other = cluster.engine().await;
    assert_eq!(corrupt(fetched(&other, topic, 3, 10_000).await).0, 0, "it is gone");
    one.store().put(&key, vec![damaged.into()]).await.unwrap();
    let (first, what) = corrupt(fetched(&other, topic, 0, 10_000).await);
    assert!(first == 0 && what.contains("readable"), "{what}");
    let behind = extents(&one, topic)[1].first;
    assert!(fetched(&other, topic, behind, 10_000).await.is_ok(), "others are read");
}
