//! The section of a topic: its configs, partitions with their extents in columns, and HTTP producers.

mod producers;
mod table;

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use self::producers::{decode_producer, decode_request, encode_producer, encode_request};
use super::cluster::{decode_config, decode_object, encode_object};
use super::{corrupt, wire};
use crate::config::TopicConfig;
use crate::entry::FormatError;
use crate::ids::{Change, TopicId};
use crate::limits::OFFSET_MAX;
use crate::state::extent::{Extents, Packed, Spot};
use crate::state::partition::PartitionState;
use crate::state::table::TableState;
use crate::state::topic::Topic;
use crate::state::{Cleaned, LakeEnd, State, Tombstones};

/// Objects of a section in the order in which they are first named, and the index of each by its slot.
#[derive(Default)]
struct Names {
    objects: Vec<wire::Object>,
    by_slot: HashMap<u32, u32, FxBuildHasher>,
}

pub(super) fn encode(state: &State, topic: &Topic) -> wire::Topic {
    let mut names = Names::default();
    let partitions = topic
        .partitions
        .iter()
        .map(|partition| encode_partition(state, &mut names, partition))
        .collect();
    let table = table::encode(state, &mut names, &topic.table);
    wire::Topic {
        number: topic.number,
        name: topic.name.clone(),
        id: topic.id.0.to_vec().into(),
        created_position: topic.created_at.position,
        created_index: topic.created_at.index,
        config: topic.config.overrides().clone(),
        objects: names.objects,
        partitions,
        requests: topic
            .requests
            .iter()
            .map(|(name, known)| encode_request(name, known))
            .collect(),
        table,
    }
}

fn encode_partition(state: &State, names: &mut Names, partition: &PartitionState) -> wire::Partition {
    let extents = partition.extents.as_slice();
    let mut to = wire::Partition {
        log_start: partition.log_start,
        end: partition.end,
        epochs: partition.epochs.iter().map(|&(era, _)| era).collect(),
        epoch_starts: partition.epochs.iter().map(|&(_, first)| first).collect(),
        first: extents.first().map_or(partition.end, |extent| extent.first),
        last_deltas: extents.iter().map(|extent| extent.last_delta).collect(),
        records: extents.iter().map(|extent| extent.records).collect(),
        bytes: extents.iter().map(|extent| extent.bytes).collect(),
        producers: partition
            .producers
            .iter()
            .map(|(&id, producer)| encode_producer(id, producer))
            .collect(),
        cleaned: encode_cleaned(&partition.cleaned),
        ..Default::default()
    };
    let mut before = 0i64;
    for extent in extents {
        to.max_timestamps.push(extent.max_timestamp.wrapping_sub(before));
        before = extent.max_timestamp;
        match extent.spot() {
            Spot::Segment { slot, start } => {
                to.places.push(names.place(state, slot));
                to.starts.push(start);
            }
            Spot::Lake { slot } => {
                to.places.push(names.place(state, slot));
                to.starts.push(0);
            }
            Spot::Inline {
                position,
                proposal,
                run,
            } => {
                to.places.push(0);
                to.starts.push(position);
                to.inline_proposals.push(u32::from(proposal));
                to.inline_runs.push(run);
            }
        }
    }
    to
}

fn encode_cleaned(cleaned: &Cleaned) -> Option<wire::Cleaned> {
    (cleaned.through > 0).then(|| wire::Cleaned {
        through: cleaned.through,
        tombstones_before: cleaned.tombstones.map(|tombstones| tombstones.before),
        tombstones_since: cleaned.tombstones.map(|tombstones| tombstones.since_ms),
    })
}

fn decode_cleaned(from: &wire::Cleaned, end: u64) -> Result<Cleaned, FormatError> {
    let tombstones = from.tombstones_before.zip(from.tombstones_since);
    let cleaned = Cleaned {
        through: from.through,
        tombstones: tombstones.map(|(before, since_ms)| Tombstones { before, since_ms }),
    };
    let halves = from.tombstones_before.is_some() == from.tombstones_since.is_some();
    match halves && cleaned.through > 0 && cleaned.can_be(end) {
        true => Ok(cleaned),
        false => Err(corrupt("a partition that is cleaned as it cannot be")),
    }
}

impl Names {
    /// One more than the index of the name in a slot.
    fn place(&mut self, state: &State, slot: u32) -> u32 {
        let Self { objects, by_slot } = self;
        *by_slot.entry(slot).or_insert_with(|| {
            let known = &state.places.objects;
            let lake = known.end(slot).map(|end| wire::LakeEnd {
                object_bytes: end.object_bytes,
                tail_bytes: end.tail_bytes,
                tail_checksum: end.tail_checksum,
            });
            objects.push(wire::Object {
                lake,
                ..encode_object(&known.name(slot))
            });
            // Slots have 30 bits.
            u32::try_from(objects.len()).unwrap_or(u32::MAX)
        })
    }
}

/// Puts the topic of a section into the state.
pub(super) fn decode(state: &mut State, number: u32, from: wire::Topic) -> Result<(), FormatError> {
    let id = from
        .id
        .as_ref()
        .try_into()
        .map(TopicId)
        .map_err(|_| corrupt("a topic's id has 16 bytes"))?;
    if from.number != number || number >= state.topics.next {
        return Err(corrupt("a topic's number is not the index's, or was not given yet"));
    }
    crate::fold::check_topic_name(&from.name).map_err(|rejection| FormatError::Corrupt(rejection.to_string()))?;
    if state.topics.named(&from.name).is_some() || state.topics.knows_id(&id) || from.partitions.is_empty() {
        return Err(corrupt("two topics of one name or id, or one without partitions"));
    }
    let slots = intern_objects(state, &from.objects)?;
    let mut topic = Topic {
        number,
        name: from.name,
        id,
        created_at: Change {
            position: from.created_position,
            index: from.created_index,
        },
        config: decode_config(from.config, |set| TopicConfig::default().changed(set, &[]))?,
        partitions: Vec::with_capacity(from.partitions.len()),
        requests: std::collections::BTreeMap::new(),
        table: TableState::default(),
    };
    for partition in from.partitions {
        topic.partitions.push(decode_partition(state, &slots, &partition)?);
    }
    let declared = topic.config.lake_columns();
    match &from.table {
        Some(table) => topic.table = table::decode(state, &slots, table, declared)?,
        None if declared.is_empty() => {}
        None => return Err(corrupt("typed columns without their ids")),
    }
    state.counts.columns += topic.table.columns.columns().len() as u64;
    for producer in from.requests {
        let (name, known) = decode_request(&producer, topic.partition_count())?;
        state.counts.requests += known.weight() + name.len() as u64;
        topic.requests.insert(name, known);
    }
    state.counts.partitions += u64::from(topic.partition_count());
    // A name that nothing bears would be held for ever.
    let idle = slots.iter().any(|&slot| !state.places.objects.is_held(slot));
    state.topics.insert(topic);
    if idle {
        Err(corrupt("a name that nothing bears"))
    } else {
        Ok(())
    }
}

/// The slots of a section's names, each once.
fn intern_objects(state: &mut State, from: &[wire::Object]) -> Result<Vec<u32>, FormatError> {
    let mut slots = Vec::with_capacity(from.len());
    for object in from {
        let (name, objects) = (decode_object(object)?, &mut state.places.objects);
        let end = object.lake.as_ref().map(decode_end).transpose()?;
        // One that another topic named before would be given this end.
        if objects.find(&name).is_some_and(|slot| objects.end(slot) != end) {
            return Err(corrupt("two objects of one name"));
        }
        slots.push(match end {
            None => objects.intern(&name),
            Some(end) => objects.intern_lake(&name, end),
        });
    }
    let mut sorted = slots.clone();
    sorted.sort_unstable();
    let twice = sorted.windows(2).any(|pair| pair[0] == pair[1]);
    if twice {
        Err(corrupt("two names of one object"))
    } else {
        Ok(slots)
    }
}

fn decode_end(from: &wire::LakeEnd) -> Result<LakeEnd, FormatError> {
    let end = LakeEnd {
        object_bytes: from.object_bytes,
        tail_bytes: from.tail_bytes,
        tail_checksum: from.tail_checksum,
    };
    match end.can_be() {
        true => Ok(end),
        false => Err(corrupt("a lake file that is shorter than its end")),
    }
}

fn decode_partition(state: &mut State, slots: &[u32], from: &wire::Partition) -> Result<PartitionState, FormatError> {
    let epochs: Vec<_> = from
        .epochs
        .iter()
        .copied()
        .zip(from.epoch_starts.iter().copied())
        .collect();
    let rising = epochs
        .windows(2)
        .all(|pair| pair[0].0 < pair[1].0 && pair[0].1 < pair[1].1);
    if epochs.is_empty() || epochs.len() != from.epochs.len() || epochs.len() != from.epoch_starts.len() || !rising {
        return Err(corrupt("leader epochs that do not rise"));
    }
    // A new era is put behind the last of them, at the end.
    let begun = epochs.first().is_some_and(|&(_, first)| first <= from.log_start);
    let fit = epochs
        .last()
        .is_some_and(|&(era, first)| era <= state.era && first <= from.end);
    if !begun || !fit {
        return Err(corrupt("leader epochs that are not the partition's"));
    }
    let mut partition = PartitionState::new(from.log_start, 0);
    partition.end = from.end;
    partition.epochs = epochs;
    let cleaned = from.cleaned.as_ref().map(|cleaned| decode_cleaned(cleaned, from.end));
    partition.cleaned = cleaned.transpose()?.unwrap_or_default();
    partition.extents = decode_extents(state, slots, from)?;
    for extent in partition.extents.as_slice() {
        state.places.hold(extent);
        partition.bytes += partition.log_bytes(extent);
    }
    for producer in &from.producers {
        partition.producers.insert(producer.id, decode_producer(producer)?);
    }
    state.counts.producers += partition.producers.len() as u64;
    Ok(partition)
}

/// The extents, each behind the one before, that hold the offsets from the log start to the end; the first may begin before,
/// and some in lake files may lie before it.
fn decode_extents(state: &State, slots: &[u32], from: &wire::Partition) -> Result<Extents, FormatError> {
    let count = from.last_deltas.len();
    let inline = from.places.iter().filter(|&&place| place == 0).count();
    let columns = [
        from.records.len(),
        from.bytes.len(),
        from.max_timestamps.len(),
        from.places.len(),
        from.starts.len(),
    ];
    if columns.iter().any(|&len| len != count)
        || from.inline_proposals.len() != inline
        || from.inline_runs.len() != inline
    {
        return Err(corrupt("columns of extents differ in length"));
    }
    let mut extents = Vec::with_capacity(count);
    let (mut first, mut max_timestamp) = (from.first, 0i64);
    let mut inlines = from.inline_proposals.iter().zip(&from.inline_runs);
    let rows = from.last_deltas.iter().zip(&from.records).zip(&from.bytes);
    let rows = rows.zip(from.max_timestamps.iter().zip(&from.places)).zip(&from.starts);
    for ((((&last_delta, &records), &bytes), (&timestamp, &place)), &start) in rows {
        let spot = match place.checked_sub(1) {
            None => inlines.next().and_then(|(&proposal, &run)| {
                let proposal = u16::try_from(proposal).ok()?;
                (start <= state.position).then_some(Spot::Inline {
                    position: start,
                    proposal,
                    run,
                })
            }),
            Some(index) => slots
                .get(index as usize)
                .map(|&slot| match state.places.objects.end(slot) {
                    None => Spot::Segment { slot, start },
                    Some(_) => Spot::Lake { slot },
                }),
        };
        let packed = spot
            .and_then(Spot::pack)
            .ok_or_else(|| corrupt("an extent that lies nowhere"))?;
        let (place, start) = packed;
        max_timestamp = max_timestamp.wrapping_add(timestamp);
        let extent = Packed {
            first,
            start,
            max_timestamp,
            last_delta,
            records,
            bytes,
            place,
        };
        let next = first
            .checked_add(u64::from(last_delta))
            .and_then(|last| last.checked_add(1));
        first = next
            .filter(|&next| next <= OFFSET_MAX)
            .ok_or_else(|| corrupt("an offset beyond the greatest"))?;
        extents.push(extent);
    }
    let starts_well = extents.first().is_none_or(|extent| extent.first <= from.log_start);
    let below = extents.iter().take_while(|extent| extent.last() < from.log_start);
    let starts_well = starts_well && below.clone().all(Packed::is_lake);
    let empty_well = !extents.is_empty() || from.log_start == from.end;
    if first != from.end || from.end > OFFSET_MAX || !starts_well || !empty_well {
        return Err(corrupt("extents that do not hold the partition's offsets"));
    }
    Ok(Extents::from(extents))
}
