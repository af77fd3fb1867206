//! Compares what can be seen of the state with the model.

use std::collections::BTreeMap;

use metadata::{
    Applied, Extent, Fate, Lane, ObjectName, ObjectStatus, Outcome, PartitionId, Place, Rejection, State, Verdict,
};

use crate::model::{Held, Model};

/// Outcomes without the texts, which are nobody's rule.
pub(crate) fn plain(mut outcomes: Vec<Outcome>) -> Vec<Outcome> {
    for outcome in &mut outcomes {
        let Fate::Taken(verdicts) = &mut outcome.fate else {
            continue;
        };
        for verdict in verdicts {
            match verdict {
                Verdict::Rejected(
                    Rejection::Malformed(text) | Rejection::OutputsWrong(text) | Rejection::InvalidName(text),
                ) => *text = "",
                Verdict::Rejected(Rejection::InvalidConfig { reason, .. }) => reason.clear(),
                Verdict::Applied(Applied::Done) | Verdict::Applied(_) | Verdict::Rejected(_) => {}
            }
        }
    }
    outcomes
}

fn extent(held: &Held) -> Extent {
    Extent {
        first: held.first,
        last_delta: (held.last - held.first) as u32,
        records: held.records,
        bytes: held.bytes,
        max_timestamp: held.timestamp,
        place: held.place,
    }
}

pub(crate) fn compare(state: &State, model: &Model, names: &[ObjectName]) {
    assert_eq!(
        (state.position(), state.era(), state.halted()),
        (model.position, model.era, model.halted)
    );
    assert_eq!(
        (state.feature_level(), state.next_producer_id()),
        (model.level, model.next_producer)
    );
    compare_lives(state, model);
    compare_topics(state, model);
    for group in state.groups() {
        let other = &model.groups[group.name()];
        assert_eq!(
            (group.changed(), group.timestamp(), group.offsets()),
            (other.changed, other.timestamp, &other.offsets)
        );
    }
    assert_eq!(state.groups().len(), model.groups.len());
    assert_eq!(state.cluster_config().overrides(), &model.config);
    let kept = state.snapshots().iter().map(|snapshot| snapshot.position);
    assert!(
        kept.eq(model.snapshots[model.snapshots.len().saturating_sub(4)..]
            .iter()
            .copied())
    );
    compare_objects(state, model, names);
}

fn compare_lives(state: &State, model: &Model) {
    assert_eq!(state.incarnations().len(), model.lives.len());
    for life in state.incarnations() {
        let other = &model.lives[&life.incarnation()];
        assert_eq!(
            (life.role(), life.node_id(), life.last_taken()),
            (other.role, other.node, other.last_taken)
        );
        assert_eq!(Lane::ALL.map(|lane| life.next_sequence(lane)), other.next);
        assert_eq!(Lane::ALL.map(|lane| life.last_flush(lane)), other.flush);
    }
}

fn compare_topics(state: &State, model: &Model) {
    assert_eq!(state.topic_count(), model.topics.len());
    for (&number, other) in &model.topics {
        let topic = state.topic(number).unwrap();
        assert_eq!(
            (topic.name(), &topic.id().0[..], topic.created_at()),
            (&*other.name, &*other.id, other.created)
        );
        assert_eq!(topic.config().overrides(), &other.config);
        assert_eq!(
            state.topic_by_name(&other.name).map(|topic| topic.number()),
            Some(number)
        );
        assert_eq!(topic.partition_count() as usize, other.partitions.len());
        let columns = topic.lake_columns().columns().iter();
        let columns: Vec<_> = columns
            .map(|column| {
                (
                    column.declared.name.clone(),
                    column.declared.kind.to_string(),
                    column.id,
                )
            })
            .collect();
        assert_eq!(
            (columns, topic.lake_columns().version()),
            (other.columns.known.clone(), other.columns.version)
        );
        let published = other.published.clone().map(|they| metadata::Published {
            objects: they
                .objects
                .into_iter()
                .map(|(name, checksum)| metadata::Describing { name, checksum })
                .collect(),
            seen: they.seen,
            oldest: they.oldest,
            sequence: they.sequence,
            at: they.at,
        });
        assert_eq!(
            (topic.lake_changed(), state.published(number)),
            (other.lake_changed, published)
        );
        for (partition, other) in (0..).zip(&other.partitions) {
            compare_partition(
                state,
                PartitionId {
                    topic: number,
                    partition,
                },
                other,
            );
        }
        let requests: Vec<_> = topic.request_producers().collect();
        assert_eq!(requests.len(), other.requests.len());
        for (known, (name, other)) in requests.iter().zip(&other.requests) {
            let last = other.acks.len() as u64 - 1;
            assert_eq!((&known.producer[..], known.epoch), (&name[..], other.epoch));
            assert_eq!((known.last_sequence, known.last_position), (last, other.position));
        }
    }
}

fn compare_partition(state: &State, id: PartitionId, other: &crate::model::Partition) {
    let partition = state.partition(id).unwrap();
    assert_eq!(
        (partition.log_start(), partition.high_watermark()),
        (other.start, other.end),
        "{id:?}"
    );
    assert!(partition.extents().eq(other.extents.iter().map(extent)), "{id:?}");
    assert_eq!(
        partition.bytes(),
        other
            .extents
            .iter()
            .filter(|held| held.last >= other.start)
            .map(|held| u64::from(held.bytes))
            .sum::<u64>()
    );
    let of_log = other.extents.iter().filter(|held| held.last >= other.start);
    assert!(partition.log_extents().eq(of_log.map(extent)), "{id:?}");
    let is_lake = |held: &&Held| matches!(held.place, Place::Lake { .. });
    let first = other.extents.first().filter(is_lake);
    assert_eq!(
        partition.lake_start(),
        first.map_or(other.start, |held| held.first),
        "{id:?}"
    );
    let edges = other.extents.iter().flat_map(|held| [held.first, held.last]);
    for offset in edges.chain([other.start, other.end]) {
        let holder = other
            .extents
            .iter()
            .find(|held| (held.first..=held.last).contains(&offset));
        let found = partition.extents_from(offset).next();
        assert_eq!(
            found,
            holder
                .map(extent)
                .or_else(|| other.extents.iter().find(|h| h.first > offset).map(extent))
        );
        if offset >= other.start {
            let era = other
                .eras
                .iter()
                .rev()
                .find(|(_, first)| *first <= offset)
                .map(|&(era, _)| era);
            assert_eq!(
                Some(partition.leader_epoch_at(offset)),
                era,
                "{id:?} {offset} {:?}",
                other.eras
            );
        }
    }
    assert_eq!(partition.leader_epoch(), state.era());
    let cleaned = partition.cleaned();
    let tombstones = cleaned.tombstones.map(|they| (they.before, they.since_ms));
    assert_eq!((cleaned.through, tombstones), other.cleaned, "{id:?}");
    assert_eq!(partition.producers().len(), other.producers.len());
    for (known, (&key, other)) in partition.producers().zip(&other.producers) {
        let next = (other.batches.last().unwrap().1 + 1) % (1 << 31);
        assert_eq!((known.id, known.epoch, known.next_sequence), (key, other.epoch, next));
        assert_eq!(known.last_position, other.position);
    }
}

fn compare_objects(state: &State, model: &Model, names: &[ObjectName]) {
    let mut references: BTreeMap<ObjectName, u32> = BTreeMap::new();
    let (mut inline_bytes, mut lowest) = (0, None::<u64>);
    for held in model.extents() {
        match held.place {
            Place::Segment { name, .. } | Place::Lake { name, .. } => *references.entry(name).or_default() += 1,
            Place::Inline { position, .. } => {
                inline_bytes += u64::from(held.bytes);
                lowest = Some(lowest.map_or(position, |lowest| lowest.min(position)));
            }
        }
    }
    assert_eq!((state.inline_bytes(), state.lowest_inline()), (inline_bytes, lowest));
    assert_eq!(state.extents(), model.extents().count() as u64);
    for topic in model.topics.values() {
        for (name, _) in topic.published.iter().flat_map(|they| &they.objects) {
            *references.entry(*name).or_default() += 1;
        }
    }
    assert_eq!(state.objects(), references.len());
    for name in names.iter().chain(model.unnamed.keys()).chain(references.keys()) {
        let status = match (references.get(name), model.unnamed.get(name)) {
            (Some(&references), _) => ObjectStatus::Named { references },
            (None, Some(&at)) => ObjectStatus::Unnamed { at },
            (None, None) => ObjectStatus::Unknown,
        };
        assert_eq!(state.object(name), status, "{name}");
        for grace in [0, 60_000, 3_600_000, 172_800_000] {
            assert_eq!(
                state.sweepable(name, grace),
                model.sweepable(name, grace as i64),
                "{name} {grace}"
            );
        }
    }
}
