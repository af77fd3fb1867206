//! Fills into proposals what no fuzzer can guess, where they ask for it: which life speaks and with which sequence, the
//! change or position that was seen, the extents that are to be replaced. What they do not ask for stays as it came.

use std::collections::BTreeMap;

use metadata::entry::proposal::Kind;
use metadata::entry::{
    self, AlterCluster, Body, Config, CreateTopic, Expire, LaneSeen, Proposal, Register, Retire, Role, Swap, extent,
};
use metadata::{Incarnation, Lane, PartitionId, State};

/// Nonces below this mean: one of the live ones.
const ASKS: u64 = 16;
/// Partitions of all topics: a fuzzer finds large numbers, and large numbers of partitions are slow.
const PARTITIONS_MAX: u32 = 64;

/// A body whose proposals fit the state.
pub(crate) fn body(mut body: Body, state: &State) -> Body {
    let mut used: BTreeMap<(Incarnation, u32), u64> = BTreeMap::new();
    for proposal in &mut body.proposals {
        let asker = proposal.incarnation.as_mut().and_then(|named| life(named, state));
        if let Some(asker) = asker {
            let next = Lane::from_number(proposal.lane).and_then(|lane| state.next_sequence(&asker, lane));
            let used = used.entry((asker, proposal.lane)).or_default();
            // What asks for 0 gets the next sequence.
            proposal.sequence = next.unwrap_or(0).wrapping_add(*used).wrapping_add(proposal.sequence);
            *used += 1;
        }
        if let Some(kind) = &mut proposal.kind {
            fill(kind, asker, state);
        }
    }
    body
}

/// The live one that is asked for, put in its place.
fn life(named: &mut entry::Incarnation, state: &State) -> Option<Incarnation> {
    if named.nonce >= ASKS {
        return None;
    }
    let lives = state.incarnations();
    let count = lives.len().max(1);
    // A nonce below ASKS.
    let chosen = lives
        .map(metadata::Life::incarnation)
        .nth(named.nonce as usize % count)?;
    *named = chosen.into();
    Some(chosen)
}

fn fill(kind: &mut Kind, asker: Option<Incarnation>, state: &State) {
    match kind {
        Kind::Retire(retire) => seen_lanes(retire, state),
        Kind::CommitOffsets(commit) => seen_change(&commit.group, &mut commit.seen, state),
        Kind::DeleteGroup(delete) => seen_change(&delete.group, &mut delete.seen, state),
        Kind::Swap(swap) => swapped(swap, asker, state),
        Kind::Expire(expire) => seen_positions(expire, state),
        _ => {}
    }
}

fn seen_lanes(retire: &mut Retire, state: &State) {
    let target = retire.target.as_mut().and_then(|target| life(target, state));
    let known = target.and_then(|target| state.incarnation(&target));
    if let Some(known) = known.filter(|_| retire.seen.is_empty()) {
        let seen = known.lanes_seen().into_iter().map(|(lane, next)| LaneSeen {
            lane: lane.number(),
            next,
        });
        retire.seen = seen.collect();
    }
}

/// The change 0.0 asks for the group's last.
fn seen_change(group: &str, seen: &mut Option<entry::Change>, state: &State) {
    let asks = seen.is_some_and(|seen| (seen.position, seen.index) == (0, 0));
    if asks {
        *seen = state.group(group).map(|group| group.changed().into());
    }
}

/// Position 0 asks for that of the last batch or request.
fn seen_positions(expire: &mut Expire, state: &State) {
    for seen in expire.producers.iter_mut().filter(|seen| seen.seen == 0) {
        let id = PartitionId {
            topic: seen.topic,
            partition: seen.partition,
        };
        let partition = state.partition(id);
        let known = partition.and_then(|partition| partition.producers().find(|known| known.id == seen.id));
        seen.seen = known.map_or(0, |known| known.last_position);
    }
    for seen in expire.request_producers.iter_mut().filter(|seen| seen.seen == 0) {
        let topic = state.topic(seen.topic);
        let known = topic.and_then(|topic| topic.request_producers().find(|known| known.producer == seen.producer));
        seen.seen = known.map_or(0, |known| known.last_position);
    }
    for seen in &mut expire.groups {
        seen_change(&seen.group, &mut seen.seen, state);
    }
}

/// An input without a place asks for the extent with that number; outputs are the asker's.
fn swapped(swap: &mut Swap, asker: Option<Incarnation>, state: &State) {
    for part in &mut swap.partitions {
        let id = PartitionId {
            topic: part.topic,
            partition: part.partition,
        };
        let Some(partition) = state.partition(id) else { continue };
        let count = partition.extent_count().max(1);
        for input in part.inputs.iter_mut().filter(|input| input.place.is_none()) {
            let wanted = usize::try_from(input.first).unwrap_or(0) % count;
            if let Some(stands) = partition.extents().nth(wanted) {
                *input = stands.into();
            }
        }
        for output in &mut part.outputs {
            let name = match &mut output.place {
                Some(extent::Place::Segment(place)) => &mut place.name,
                Some(extent::Place::Lake(place)) => &mut place.name,
                _ => continue,
            };
            let maker = name.as_mut().and_then(|name| name.incarnation.as_mut());
            if let Some((maker, asker)) = maker.filter(|maker| maker.nonce < ASKS).zip(asker) {
                *maker = asker.into();
            }
        }
    }
}

/// What a small state begins with. Two bits of `flags` choose how small its limits are.
pub(crate) fn first(flags: u8) -> Vec<Body> {
    let register = |nonce, role: Role| Proposal {
        kind: Some(Kind::Register(Register {
            nonce,
            role: role.into(),
            feature_min: 1,
            feature_max: 2,
            ..Default::default()
        })),
        ..Default::default()
    };
    let fold_bytes = [1 << 20, 1 << 14, 1 << 26, 1 << 12][usize::from(flags & 3)];
    let configs = [
        ("partitions.max", u64::from(PARTITIONS_MAX)),
        ("groups.max", 8),
        ("fold.bytes.max", fold_bytes),
    ];
    let set = configs.map(|(name, value)| Config {
        name: name.to_owned(),
        value: value.to_string(),
    });
    let limits = Kind::AlterCluster(AlterCluster {
        set: set.to_vec(),
        unset: Vec::new(),
    });
    let topic = Kind::CreateTopic(CreateTopic {
        name: "t".to_owned(),
        id: vec![9; 16].into(),
        partitions: 2,
        ..Default::default()
    });
    vec![
        entry::body(vec![register(1000, Role::Agent), register(1001, Role::Compactor)]),
        entry::body(vec![of_life(0, 0, limits), of_life(0, 0, topic)]),
    ]
}

/// A proposal of the live one with this number, with the next sequence.
pub(crate) fn of_life(number: u64, lane: u32, kind: Kind) -> Proposal {
    let incarnation = Some(entry::Incarnation {
        nonce: number,
        ..Default::default()
    });
    Proposal {
        incarnation,
        lane,
        kind: Some(kind),
        ..Default::default()
    }
}
