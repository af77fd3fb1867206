//! What must hold of a folded state, whatever was folded: its extents hold its offsets, its counts are right, and its
//! snapshot is the state. It knows no entry.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use metadata::{ObjectName, ObjectStatus, Partition, PartitionId, Place, State, Topic, snapshot};

/// What the extents of a state add up to, and its tables.
#[derive(Default)]
struct Sums {
    extents: u64,
    partitions: u64,
    inline_bytes: u64,
    inline: BTreeSet<u64>,
    references: BTreeMap<ObjectName, u32>,
}

/// All of it.
pub(crate) fn sound(state: &State) {
    let mut sums = Sums::default();
    for topic in state.topics() {
        assert_eq!(state.topic(topic.number()).map(Topic::name), Some(topic.name()));
        assert_eq!(state.topic_by_id(&topic.id()).map(Topic::name), Some(topic.name()));
        for (id, partition) in state.partitions(topic.number()) {
            sums.partitions += 1;
            extents(state, id, &partition, &mut sums);
            epochs(state, &partition);
        }
        table(state, topic, &mut sums);
    }
    assert_eq!(state.partition_count(), sums.partitions);
    assert_eq!(state.extents(), sums.extents);
    assert_eq!(state.inline_bytes(), sums.inline_bytes);
    assert_eq!(state.lowest_inline(), sums.inline.first().copied());
    assert_eq!(state.objects(), sums.references.len());
    for (name, references) in sums.references {
        assert_eq!(state.object(&name), ObjectStatus::Named { references });
        assert!(!state.sweepable(&name, 0), "what is named is not swept");
    }
    lives(state);
}

fn extents(state: &State, id: PartitionId, partition: &Partition<'_>, sums: &mut Sums) {
    let (start, end) = (partition.log_start(), partition.high_watermark());
    assert!(start <= end && end <= metadata::OFFSET_MAX, "{id:?}: {start} to {end}");
    let mut next = None;
    let mut bytes = 0;
    for extent in partition.extents() {
        assert!(
            next.is_none_or(|next| next == extent.first),
            "{id:?}: a hole before {extent:?}"
        );
        assert!(
            next.is_some() || extent.first <= start,
            "{id:?}: the first begins behind the log start"
        );
        let is_kept = extent.last() >= start || matches!(extent.place, Place::Lake { .. });
        assert!(is_kept, "{id:?}: {extent:?} was trimmed");
        next = Some(extent.last() + 1);
        if extent.last() >= start {
            bytes += u64::from(extent.bytes);
        }
        sums.extents += 1;
        match extent.place {
            Place::Inline { position, .. } => {
                assert!(
                    position <= state.position(),
                    "{id:?}: bytes of an entry that is yet to come"
                );
                sums.inline.insert(position);
                sums.inline_bytes += u64::from(extent.bytes);
            }
            Place::Segment { name, .. } | Place::Lake { name, .. } => *sums.references.entry(name).or_default() += 1,
        }
    }
    assert_eq!(
        next.unwrap_or(start),
        end,
        "{id:?}: extents hold every offset to the end"
    );
    assert_eq!(partition.bytes(), bytes, "{id:?}");
    let middle = start + (end - start) / 2;
    let found = partition.extents_from(middle).next();
    assert!(
        found.is_none_or(|extent| extent.first <= middle && middle <= extent.last()),
        "{id:?}: {middle}"
    );
    assert_eq!(found.is_some(), middle < end, "{id:?}: {middle}");
}

fn table(state: &State, topic: &Topic, sums: &mut Sums) {
    assert!(topic.lake_changed() <= state.position());
    let published = state.published(topic.number());
    assert_eq!(
        published.is_some(),
        topic.told().is_some(),
        "what is published tells of something"
    );
    let Some(published) = published else { return };
    assert!(
        published.oldest <= published.seen && published.seen < published.at && published.at <= state.position(),
        "{published:?}"
    );
    assert!(published.metadata().is_some(), "{published:?}");
    for object in published.objects {
        *sums.references.entry(object.name).or_default() += 1;
    }
}

fn epochs(state: &State, partition: &Partition<'_>) {
    let epochs = partition.leader_epochs();
    assert!(!epochs.is_empty());
    assert!(
        epochs
            .windows(2)
            .all(|pair| pair[0].0 < pair[1].0 && pair[0].1 < pair[1].1),
        "{epochs:?}"
    );
    assert!(partition.leader_epoch() <= state.era());
    assert!(epochs[0].1 <= partition.log_start() || epochs.len() == 1, "{epochs:?}");
}

fn lives(state: &State) {
    let mut numbers = BTreeSet::new();
    for life in state.incarnations() {
        assert!(numbers.insert(life.node_id()), "a node id is one life's");
        assert!(life.last_taken() <= state.position());
        assert_eq!(state.incarnation(&life.incarnation()), Some(life));
    }
}

/// The snapshot of a state is read as that state. Gives the state as it was read, and its hash.
pub(crate) fn round_trip(state: &State) -> (State, [u8; 32]) {
    let written = snapshot::encode(state);
    let bytes = written.to_bytes();
    let (read, hash) = match snapshot::decode(bytes.clone()) {
        Ok(read) => read,
        Err(error) => panic!("what was folded cannot be read back: {error}"),
    };
    assert_eq!(hash, written.state_hash);
    same(&read, state, &bytes);
    (read, hash)
}

/// Two states are one, as far as anybody can see.
pub(crate) fn same(one: &State, other: &State, bytes: &Bytes) {
    assert_eq!(snapshot::encode(one).to_bytes(), bytes);
    assert_eq!(one.memory_bytes(), other.memory_bytes());
    assert_eq!(
        (one.position(), one.era(), one.halted()),
        (other.position(), other.era(), other.halted())
    );
    assert_eq!((one.extents(), one.objects()), (other.extents(), other.objects()));
    assert_eq!(
        (one.lowest_inline(), one.inline_bytes()),
        (other.lowest_inline(), other.inline_bytes())
    );
    assert_eq!(one.marks(), other.marks());
    assert!(one.groups().eq(other.groups()));
    assert!(one.incarnations().eq(other.incarnations()));
    let tables = |state: &State| -> Vec<_> { state.topics().map(|topic| state.published(topic.number())).collect() };
    assert_eq!(tables(one), tables(other));
}
