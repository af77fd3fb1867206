//! The naive model: the same rules as the fold's, written as simply as they can be. Every set is scanned, nothing is
//! interned, packed or counted ahead; a group that is rejected is undone by putting a copy of the topics back.

mod append;
mod cluster;
mod columns;
mod groups;
mod lives;
mod publish;
mod swap;
mod topics;
mod upkeep;

use std::collections::{BTreeMap, BTreeSet};

use metadata::entry::proposal::Kind;
use metadata::entry::{Body, PartitionSwap, PartitionTrim, Proposal};
use metadata::{
    Applied, Change, Committed, Fate, Incarnation, ObjectName, Outcome, PartitionId, Place, Rejection, Role, Verdict,
};

pub(crate) const OFFSET_MAX: u64 = i64::MAX as u64;
pub(crate) const DAY_MS: i64 = 86_400_000;
/// A limit that any history with a life and a topic is above.
pub(crate) const FULL_BYTES: u64 = 1024;

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Life {
    pub(crate) role: Role,
    pub(crate) node: u32,
    pub(crate) next: [u64; 3],
    pub(crate) flush: [Option<u64>; 3],
    pub(crate) last_taken: u64,
    pub(crate) features: (u32, u32),
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Held {
    pub(crate) first: u64,
    pub(crate) last: u64,
    pub(crate) records: u32,
    pub(crate) bytes: u32,
    pub(crate) timestamp: i64,
    pub(crate) place: Place,
}

/// Every batch of the producer's epoch.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Producer {
    pub(crate) epoch: u32,
    pub(crate) batches: Vec<(u32, u32, u64)>,
    pub(crate) position: u64,
}

/// Acks of every request of the producer's epoch.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Requests {
    pub(crate) epoch: u64,
    pub(crate) acks: Vec<Vec<(u32, u64, u32)>>,
    pub(crate) position: u64,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Partition {
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) extents: Vec<Held>,
    /// What was trimmed, for drawing swaps of it.
    pub(crate) trimmed: Vec<Held>,
    pub(crate) eras: Vec<(u64, u64)>,
    pub(crate) producers: BTreeMap<u64, Producer>,
    /// Below which offset no two records have one key, and the tombstones that wait: below which offset, since when.
    pub(crate) cleaned: (u64, Option<(u64, i64)>),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Topic {
    pub(crate) name: String,
    pub(crate) id: Vec<u8>,
    pub(crate) created: Change,
    pub(crate) config: BTreeMap<String, String>,
    pub(crate) partitions: Vec<Partition>,
    pub(crate) requests: BTreeMap<Vec<u8>, Requests>,
    /// Position of the entry with which a lake file was last named first, or un-named, or columns became others.
    pub(crate) lake_changed: u64,
    pub(crate) published: Option<Published>,
    pub(crate) columns: Columns,
}

pub(crate) use columns::{Columns, LISTS};
pub(crate) use publish::Published;

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Group {
    pub(crate) changed: Change,
    pub(crate) timestamp: i64,
    pub(crate) offsets: BTreeMap<PartitionId, Committed>,
}

#[derive(Debug, Clone)]
pub(crate) struct Model {
    pub(crate) position: u64,
    pub(crate) era: u64,
    pub(crate) halted: bool,
    pub(crate) level: u32,
    pub(crate) lives: BTreeMap<Incarnation, Life>,
    /// Where each that is no more ended. For ever: after two days any position that low is as good.
    pub(crate) ended: BTreeMap<Incarnation, u64>,
    pub(crate) next_node: u32,
    pub(crate) nonces: BTreeMap<u64, u64>,
    pub(crate) topics: BTreeMap<u32, Topic>,
    pub(crate) next_topic: u32,
    pub(crate) ids: BTreeSet<Vec<u8>>,
    pub(crate) unnamed: BTreeMap<ObjectName, u64>,
    pub(crate) named: BTreeSet<ObjectName>,
    pub(crate) groups: BTreeMap<String, Group>,
    pub(crate) next_producer: u64,
    pub(crate) config: BTreeMap<String, String>,
    pub(crate) snapshots: Vec<u64>,
    /// Positions and dates.
    pub(crate) marks: Vec<(u64, i64)>,
}

/// What is known of the proposal that is judged.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ask {
    pub(crate) change: Change,
    pub(crate) life: Incarnation,
    pub(crate) lane: u32,
    pub(crate) flush: Option<u64>,
    pub(crate) floor: Option<u64>,
}

pub(crate) type Judged = Result<Applied, Rejection>;

impl Model {
    pub(crate) fn new() -> Self {
        Self {
            position: 0,
            era: 1,
            halted: false,
            level: 1,
            lives: BTreeMap::new(),
            ended: BTreeMap::new(),
            next_node: 1,
            nonces: BTreeMap::new(),
            topics: BTreeMap::new(),
            next_topic: 1,
            ids: BTreeSet::new(),
            unnamed: BTreeMap::new(),
            named: BTreeSet::new(),
            groups: BTreeMap::new(),
            next_producer: 0,
            config: BTreeMap::new(),
            snapshots: Vec::new(),
            marks: Vec::new(),
        }
    }

    pub(crate) fn setting(&self, name: &str, default: u64) -> u64 {
        self.config.get(name).map_or(default, |value| value.parse().unwrap())
    }

    pub(crate) fn full(&self) -> Result<(), Rejection> {
        let limit_bytes = self.setting("fold.bytes.max", 1 << 30);
        if limit_bytes <= FULL_BYTES {
            Err(Rejection::FoldFull { limit_bytes })
        } else {
            Ok(())
        }
    }

    pub(crate) fn partition(&self, topic: u32, partition: u32) -> Result<&Partition, Rejection> {
        let topic = self.topics.get(&topic).ok_or(Rejection::UnknownTopic)?;
        topic
            .partitions
            .get(partition as usize)
            .ok_or(Rejection::UnknownPartition)
    }

    pub(crate) fn partition_mut(&mut self, topic: u32, partition: u32) -> Result<&mut Partition, Rejection> {
        let topic = self.topics.get_mut(&topic).ok_or(Rejection::UnknownTopic)?;
        topic
            .partitions
            .get_mut(partition as usize)
            .ok_or(Rejection::UnknownPartition)
    }

    pub(crate) fn extents(&self) -> impl Iterator<Item = &Held> {
        self.topics
            .values()
            .flat_map(|topic| &topic.partitions)
            .flat_map(|partition| &partition.extents)
    }

    pub(crate) fn new_era(&mut self) {
        self.position += 1;
        self.era += 1;
        self.halted = false;
        let position = self.position;
        let ended = std::mem::take(&mut self.lives).into_keys();
        self.ended.extend(ended.map(|life| (life, position)));
        for topic in self.topics.values_mut() {
            for partition in &mut topic.partitions {
                partition.eras.push((self.era, partition.end));
            }
        }
    }

    pub(crate) fn apply(&mut self, body: &Body) -> Vec<Outcome> {
        self.position += 1;
        let mut outcomes = Vec::new();
        for (index, proposal) in body.proposals.iter().enumerate() {
            let change = Change {
                position: self.position,
                index: index as u32,
            };
            let fate = self.judge(change, proposal);
            self.find_unnamed();
            let incarnation = proposal.incarnation.map(|named| Incarnation::try_from(named).unwrap());
            let (lane, sequence) = (proposal.lane, proposal.sequence);
            outcomes.push(Outcome {
                incarnation,
                lane,
                sequence,
                index: change.index,
                fate,
            });
        }
        outcomes
    }

    /// Whatever was named before a proposal and is not after it went with it.
    fn find_unnamed(&mut self) {
        let name = |held: &Held| swap::object(held).map(|(name, _)| name);
        let now: BTreeSet<_> = self.extents().filter_map(name).chain(self.published()).collect();
        for gone in self.named.difference(&now) {
            self.unnamed.insert(*gone, self.position);
        }
        for name in &now {
            self.unnamed.remove(name);
        }
        self.named = now;
    }

    fn judge(&mut self, change: Change, proposal: &Proposal) -> Fate {
        let (life, kind) = match (proposal.incarnation, &proposal.kind) {
            (None, Some(Kind::Register(register))) => return self.register(change, register),
            (_, Some(Kind::Register(_))) | (None, _) => return Fate::Void,
            (Some(life), kind) => (Incarnation::try_from(life).unwrap(), kind.as_ref()),
        };
        let Some(known) = self.lives.get(&life) else {
            return Fate::Void;
        };
        if proposal.lane > 2 {
            return Fate::Void;
        }
        let lane = proposal.lane as usize;
        match proposal.sequence.cmp(&known.next[lane]) {
            std::cmp::Ordering::Less => return Fate::Dropped,
            std::cmp::Ordering::Greater => return Fate::Void,
            std::cmp::Ordering::Equal => {}
        }
        let ask = Ask {
            change,
            life,
            lane: proposal.lane,
            flush: proposal.flush,
            floor: known.flush[lane],
        };
        let verdicts = match self.whole(&ask, known.role, kind) {
            Some(rejection) => vec![Verdict::Rejected(rejection); parts(kind)],
            None => self.judge_kind(&ask, kind.unwrap()),
        };
        if let Some(known) = self.lives.get_mut(&life) {
            known.next[lane] += 1;
            known.flush[lane] = known.flush[lane].max(proposal.flush);
            known.last_taken = change.position;
        }
        Fate::Taken(verdicts)
    }

    fn whole(&self, ask: &Ask, role: Role, kind: Option<&Kind>) -> Option<Rejection> {
        let Some(kind) = kind else {
            return Some(Rejection::Malformed(""));
        };
        let is_append = matches!(kind, Kind::Append(_));
        let is_swap = matches!(kind, Kind::Swap(_) | Kind::Publish(_));
        if self.halted {
            Some(Rejection::Halted)
        } else if is_append && ask.lane == 0 || !is_append && ask.lane != 0 {
            Some(Rejection::WrongLane)
        } else if is_append && role == Role::Compactor || is_swap && role == Role::Agent {
            Some(Rejection::WrongRole)
        } else {
            let fell = match (ask.flush, ask.floor) {
                (None, _) => ask.lane == 2 || is_swap,
                (Some(flush), Some(floor)) => flush < floor,
                (Some(_), None) => false,
            };
            fell.then_some(Rejection::FlushFell {
                last: ask.floor,
                got: ask.flush,
            })
        }
    }

    fn judge_kind(&mut self, ask: &Ask, kind: &Kind) -> Vec<Verdict> {
        let change = ask.change;
        let judged: Vec<Judged> = match kind {
            Kind::Register(_) => unreachable!(),
            Kind::Beat(_) => vec![Ok(Applied::Done)],
            Kind::Retire(retire) => vec![self.retire(retire)],
            Kind::CreateTopic(create) => vec![self.create_topic(change, create)],
            Kind::AlterTopic(alter) => vec![self.alter_topic(alter)],
            Kind::DeleteTopic(delete) => vec![self.delete_topic(delete.topic)],
            Kind::AddPartitions(add) => vec![self.add_partitions(add)],
            Kind::Append(append) => self.append(ask, append),
            Kind::ProducerIds(ids) => vec![self.producer_ids(ids.count)],
            Kind::CommitOffsets(commit) => vec![self.commit(change, commit)],
            Kind::DeleteGroup(delete) => vec![self.delete_group(delete)],
            Kind::Trim(trim) => {
                let judge = |trim: &PartitionTrim| self.noting(trim.topic, |model| model.trim(trim));
                trim.partitions.iter().map(judge).collect()
            }
            Kind::Swap(swap) => {
                let judge = |swap: &PartitionSwap| self.noting(swap.topic, |model| model.swap(ask, swap));
                swap.partitions.iter().map(judge).collect()
            }
            Kind::Publish(publish) => vec![self.publish(ask, publish)],
            Kind::SnapshotTaken(taken) => vec![self.snapshot(taken)],
            Kind::Mark(mark) => vec![self.mark(mark)],
            Kind::Expire(expire) => self.expire(expire),
            Kind::AlterCluster(alter) => vec![self.alter_cluster(alter)],
            Kind::FeatureLevel(raise) => vec![self.raise(raise)],
        };
        judged.into_iter().map(verdict).collect()
    }
}

fn verdict(judged: Judged) -> Verdict {
    match judged {
        Ok(applied) => Verdict::Applied(applied),
        Err(rejection) => Verdict::Rejected(rejection),
    }
}

fn parts(kind: Option<&Kind>) -> usize {
    match kind {
        Some(Kind::Append(append)) => append.groups.len(),
        Some(Kind::Trim(trim)) => trim.partitions.len(),
        Some(Kind::Swap(swap)) => swap.partitions.len(),
        Some(Kind::Expire(e)) => e.producers.len() + e.request_producers.len() + e.groups.len(),
        _ => 1,
    }
}
