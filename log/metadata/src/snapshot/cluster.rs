//! The section of the cluster: all but the topics.

use super::{corrupt, wire};
use crate::config::ClusterConfig;
use crate::entry::{self, FormatError, Role};
use crate::ids::{Change, Incarnation, ObjectName, PartitionId, TopicId};
use crate::state::group::{Committed, Group};
use crate::state::life::{LaneState, Life};
use crate::state::marks::{MarkAt, SnapshotRef};
use crate::state::{EraBegun, State};

pub(super) fn encode(state: &State) -> wire::Cluster {
    let nonces = &state.lives.nonces;
    let unnamed = state.places.objects.unnamed();
    wire::Cluster {
        cluster: state.cluster.to_vec().into(),
        era: state.era,
        position: state.position,
        entry_hash: state.entry_hash.to_vec().into(),
        halted: state.halted,
        halted_at: state.halted_at,
        eras: state
            .eras
            .iter()
            .map(|begun| wire::Era {
                era: begun.era,
                lost_from: begun.lost_from,
            })
            .collect(),
        feature_level: state.feature_level,
        lives: state.lives.live.values().map(encode_life).collect(),
        next_node_id: state.lives.next_node_id,
        nonces: nonces.iter().map(|&(_, nonce)| nonce).collect(),
        nonce_positions: nonces.iter().map(|&(position, _)| position).collect(),
        ended: state
            .lives
            .ended
            .iter()
            .map(|&(at, life)| wire::Ended {
                incarnation: Some(encode_incarnation(life)),
                at,
            })
            .collect(),
        next_topic: state.topics.next,
        deleted_topics: state.topics.deleted().flat_map(|id| id.0).collect::<Vec<u8>>().into(),
        next_producer_id: state.next_producer_id,
        config: state.config.overrides().clone(),
        groups: state.groups.iter().map(encode_group).collect(),
        snapshots: state.snapshots.iter().map(encode_snapshot).collect(),
        marks: state
            .marks
            .as_slice()
            .iter()
            .map(|m| wire::Mark {
                folded: m.folded,
                date: m.date_ms,
                lowest_inline: m.lowest_inline,
            })
            .collect(),
        unnamed: unnamed
            .map(|&(at, name)| wire::Unnamed {
                object: Some(encode_object(&name)),
                at,
            })
            .collect(),
    }
}

pub(super) fn encode_object(name: &ObjectName) -> wire::Object {
    let incarnation = Some(encode_incarnation(name.incarnation));
    wire::Object {
        incarnation,
        flush: name.flush,
        attempt: u32::from(name.attempt),
        lake: None,
    }
}

fn encode_incarnation(of: Incarnation) -> wire::Incarnation {
    wire::Incarnation {
        position: of.position,
        index: u32::from(of.index),
        nonce: of.nonce,
    }
}

fn encode_life(life: &Life) -> wire::Life {
    wire::Life {
        incarnation: Some(encode_incarnation(life.incarnation)),
        node_id: life.node_id,
        role: life.role as u32,
        name: life.name.clone(),
        zone: life.zone.clone(),
        http_address: life.http_address.clone(),
        kafka_address: life.kafka_address.clone(),
        peer_address: life.peer_address.clone(),
        software_version: life.software_version.clone(),
        feature_min: life.feature_min,
        feature_max: life.feature_max,
        last_taken: life.last_taken,
        lanes: life
            .lanes
            .iter()
            .map(|lane| wire::Lane {
                next: lane.next,
                flush: lane.flush,
            })
            .collect(),
    }
}

fn encode_group(group: &Group) -> wire::Group {
    let offsets = group.offsets.iter().map(|(id, committed)| wire::Committed {
        topic: id.topic,
        partition: id.partition,
        offset: committed.offset,
        leader_epoch: committed.leader_epoch,
        metadata: committed.metadata.clone(),
        timestamp: committed.timestamp,
    });
    wire::Group {
        name: group.name.clone(),
        changed_position: group.changed.position,
        changed_index: group.changed.index,
        timestamp: group.timestamp,
        offsets: offsets.collect(),
    }
}

fn encode_snapshot(from: &SnapshotRef) -> wire::SnapshotRef {
    wire::SnapshotRef {
        era: from.era,
        position: from.position,
        entry_hash: from.entry_hash.to_vec().into(),
        incarnation: Some(encode_incarnation(from.incarnation)),
        attempt: u32::from(from.attempt),
        state_hash: from.state_hash.to_vec().into(),
        bytes: from.bytes,
        lowest_inline: from.lowest_inline,
        taken_at: from.taken_at,
    }
}

pub(super) fn decode(from: wire::Cluster) -> Result<State, FormatError> {
    let id = from
        .cluster
        .as_ref()
        .try_into()
        .map_err(|_| corrupt("a cluster's id has 16 bytes"))?;
    let mut state = State::genesis(id, from.era, hash(&from.entry_hash)?);
    state.position = from.position;
    state.halted = from.halted;
    state.feature_level = from.feature_level;
    for life in from.lives {
        let life = decode_life(life)?;
        state.lives.live.insert(life.incarnation, life);
    }
    state.lives.next_node_id = from.next_node_id;
    if from.nonces.len() != from.nonce_positions.len() {
        return Err(corrupt("nonces and their positions differ in number"));
    }
    for (&nonce, &position) in from.nonces.iter().zip(&from.nonce_positions) {
        state.lives.nonces.insert(position, nonce);
    }
    for ended in &from.ended {
        let life = decode_incarnation(ended.incarnation.as_ref())?;
        state.lives.ended.insert(ended.at, life);
    }
    state.topics.next = from.next_topic;
    let deleted = from.deleted_topics.chunks_exact(16);
    if !deleted.remainder().is_empty() {
        return Err(corrupt("a topic's id has 16 bytes"));
    }
    deleted
        .filter_map(|id| id.try_into().ok())
        .for_each(|id| state.topics.remember_deleted(TopicId(id)));
    state.next_producer_id = from.next_producer_id;
    state.halted_at = from.halted_at;
    state.eras = from
        .eras
        .iter()
        .map(|begun| EraBegun {
            era: begun.era,
            lost_from: begun.lost_from,
        })
        .collect();
    state.config = decode_config(from.config, |set| ClusterConfig::default().changed(set, &[]))?;
    from.groups
        .into_iter()
        .for_each(|group| state.groups.insert(decode_group(group)));
    state.snapshots = from.snapshots.iter().map(decode_snapshot).collect::<Result<_, _>>()?;
    let marks = from.marks.iter().map(|mark| MarkAt {
        folded: mark.folded,
        date_ms: mark.date,
        lowest_inline: mark.lowest_inline,
    });
    state.marks.restore(marks.collect());
    for gone in &from.unnamed {
        let name = gone
            .object
            .as_ref()
            .ok_or_else(|| corrupt("an object without a name"))?;
        state.places.objects.remember_unnamed(decode_object(name)?, gone.at);
    }
    Ok(state)
}

/// Configs as they were set, validated again.
pub(super) fn decode_config<C>(
    from: std::collections::BTreeMap<String, String>,
    set: impl FnOnce(&[entry::Config]) -> Result<C, crate::outcome::Rejection>,
) -> Result<C, FormatError> {
    let configs: Vec<_> = from
        .into_iter()
        .map(|(name, value)| entry::Config { name, value })
        .collect();
    set(&configs).map_err(|rejection| FormatError::Corrupt(rejection.to_string()))
}

fn hash(bytes: &[u8]) -> Result<[u8; 32], FormatError> {
    bytes.try_into().map_err(|_| corrupt("a hash has 32 bytes"))
}

fn narrow(number: u32) -> Result<u16, FormatError> {
    u16::try_from(number).map_err(|_| corrupt("an index or attempt has 16 bits"))
}

fn decode_incarnation(from: Option<&wire::Incarnation>) -> Result<Incarnation, FormatError> {
    let from = from.ok_or_else(|| corrupt("a life without a name"))?;
    Ok(Incarnation {
        position: from.position,
        index: narrow(from.index)?,
        nonce: from.nonce,
    })
}

pub(super) fn decode_object(from: &wire::Object) -> Result<ObjectName, FormatError> {
    let incarnation = decode_incarnation(from.incarnation.as_ref())?;
    Ok(ObjectName {
        incarnation,
        flush: from.flush,
        attempt: narrow(from.attempt)?,
    })
}

fn decode_life(from: wire::Life) -> Result<Life, FormatError> {
    let lanes: Vec<_> = from
        .lanes
        .iter()
        .map(|lane| LaneState {
            next: lane.next,
            flush: lane.flush,
        })
        .collect();
    let role = i32::try_from(from.role).ok().and_then(|role| Role::try_from(role).ok());
    Ok(Life {
        incarnation: decode_incarnation(from.incarnation.as_ref())?,
        node_id: from.node_id,
        role: role.ok_or_else(|| corrupt("an unknown role"))?,
        name: from.name,
        zone: from.zone,
        http_address: from.http_address,
        kafka_address: from.kafka_address,
        peer_address: from.peer_address,
        software_version: from.software_version,
        feature_min: from.feature_min,
        feature_max: from.feature_max,
        last_taken: from.last_taken,
        lanes: lanes.try_into().map_err(|_| corrupt("a life has three lanes"))?,
    })
}

fn decode_group(from: wire::Group) -> Group {
    let offsets = from.offsets.into_iter().map(|committed| {
        let id = PartitionId {
            topic: committed.topic,
            partition: committed.partition,
        };
        let wire::Committed {
            offset,
            leader_epoch,
            metadata,
            timestamp,
            ..
        } = committed;
        (
            id,
            Committed {
                offset,
                leader_epoch,
                metadata,
                timestamp,
            },
        )
    });
    Group {
        name: from.name,
        changed: Change {
            position: from.changed_position,
            index: from.changed_index,
        },
        timestamp: from.timestamp,
        offsets: offsets.collect(),
    }
}

fn decode_snapshot(from: &wire::SnapshotRef) -> Result<SnapshotRef, FormatError> {
    Ok(SnapshotRef {
        era: from.era,
        position: from.position,
        entry_hash: hash(&from.entry_hash)?,
        incarnation: decode_incarnation(from.incarnation.as_ref())?,
        attempt: narrow(from.attempt)?,
        state_hash: hash(&from.state_hash)?,
        bytes: from.bytes,
        lowest_inline: from.lowest_inline,
        taken_at: from.taken_at,
    })
}
