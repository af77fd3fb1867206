//! What operations do to the log at the moment at which they take effect.

use super::model::name;
use super::{Generator, Underway};
use crate::check::Chain;
use crate::operation::{Basis, Did, Marks, Outcome, PollPart, SendPart, TopicLike};

/// What an operation does.
#[derive(Clone, Debug)]
pub(super) enum Effect {
    Nothing,
    /// Appends values to partitions; those of one part of the send stand together.
    Append(Vec<(usize, Vec<u64>)>),
    /// Reads so many records of each partition at most, going on where the actor stopped or, with an offset, there.
    Read(Vec<(usize, Option<u64>, u64)>),
    /// Reads pieces of a partition that was taken and given meanwhile.
    Rebalance(usize),
    Create(TopicLike, u32),
    Delete(usize),
    Trim(usize, u64),
    /// Commits offsets. The number says which commits came before; 0 leaves that open.
    Commit(u64, Vec<(usize, u64)>),
    Committed(Vec<usize>),
    Marks(Vec<usize>),
    Prefix(usize, u64),
}

impl Generator {
    pub(super) fn take_effect(&mut self, underway: &mut Underway) {
        match underway.effect.clone() {
            Effect::Nothing => {}
            Effect::Append(parts) => self.append(underway, &parts),
            Effect::Read(parts) => self.read(underway, &parts),
            Effect::Rebalance(partition) => self.rebalance(underway, partition),
            Effect::Create(like, partitions) => self.model.create(like, partitions, true),
            Effect::Delete(topic) => self.model.topics[topic].is_gone = true,
            Effect::Trim(partition, before) => {
                let partition = &mut self.model.partitions[partition];
                partition.log_start = before.min(partition.end()).max(partition.log_start);
            }
            Effect::Commit(number, offsets) => self.commit(underway, number, &offsets),
            Effect::Committed(partitions) => self.committed(underway, &partitions),
            Effect::Marks(partitions) => self.marks(underway, &partitions),
            Effect::Prefix(partition, most) => self.prefix(underway, partition, most),
        }
    }

    /// Appends all parts, or none when a topic is gone.
    fn append(&mut self, underway: &mut Underway, parts: &[(usize, Vec<u64>)]) {
        let Did::Send(send) = &mut underway.operation.did else {
            return;
        };
        if parts.iter().any(|(partition, _)| self.model.is_gone(*partition)) {
            // Whoever gave up never hears of it.
            if underway.operation.outcome == Outcome::Ok {
                underway.operation.outcome = Outcome::Fail;
                underway.operation.why = Some("gone".to_owned());
            }
            return;
        }
        let told = underway.operation.outcome == Outcome::Ok;
        for (part, (partition, values)) in send.parts.iter_mut().zip(parts) {
            let base = self.model.append(*partition, values, &self.chance);
            let key = &self.model.partitions[*partition].key;
            let word = self.chance.unit();
            // Now and then the answer does not say where, and one without an answer had been told.
            if told && word < 0.98 || !told && word < 0.2 {
                part.key.clone_from(key);
                place(part, base, send.apart);
            }
        }
    }

    fn read(&mut self, underway: &mut Underway, parts: &[(usize, Option<u64>, u64)]) {
        let Did::Poll(poll) = &mut underway.operation.did else {
            return;
        };
        let positions = &mut self.actors[underway.actor].positions;
        for &(at, from, most) in parts {
            if self.model.is_gone(at) {
                continue;
            }
            let partition = &self.model.partitions[at];
            let position = from.unwrap_or_else(|| positions.get(&at).copied().unwrap_or(0));
            let records: Vec<(u64, String)> = partition
                .read(position, most)
                .map(|(offset, value)| (offset, name(value)))
                .collect();
            positions.insert(at, records.last().map_or(position, |(last, _)| last + 1));
            let told = poll.basis != Basis::Hint || self.chance.coin(0.5);
            poll.parts.push(PollPart {
                key: partition.key.clone(),
                from,
                records,
                rebalanced: false,
                marks: told.then(|| partition.marks()),
            });
        }
    }

    fn rebalance(&mut self, underway: &mut Underway, at: usize) {
        let Did::Poll(poll) = &mut underway.operation.did else {
            return;
        };
        let partition = &self.model.partitions[at];
        if self.model.is_gone(at) {
            return;
        }
        let pieces = (0..2).flat_map(|_| {
            let from = self.chance.below(partition.end() + 1);
            partition.read(from, 1 + self.chance.below(5))
        });
        poll.parts.push(PollPart {
            key: partition.key.clone(),
            records: pieces.map(|(offset, value)| (offset, name(value))).collect(),
            rebalanced: true,
            ..PollPart::default()
        });
    }

    fn commit(&mut self, underway: &Underway, number: u64, offsets: &[(usize, u64)]) {
        let Did::Commit { group, .. } = &underway.operation.did else {
            return;
        };
        for (partition, offset) in offsets {
            let at = (group.clone(), *partition);
            let later = self
                .model
                .committed
                .get(&at)
                .is_none_or(|(_, last)| number == 0 || number > *last);
            if later {
                self.model.committed.insert(at, (*offset, number));
            }
        }
    }

    fn committed(&mut self, underway: &mut Underway, partitions: &[usize]) {
        let Did::Committed { group, offsets } = &mut underway.operation.did else {
            return;
        };
        for partition in partitions {
            let committed = self.model.committed.get(&(group.clone(), *partition));
            let key = self.model.partitions[*partition].key.clone();
            offsets.push((key, committed.map(|(offset, _)| *offset)));
        }
    }

    fn marks(&mut self, underway: &mut Underway, partitions: &[usize]) {
        let Did::Watermarks { basis, marks } = &mut underway.operation.did else {
            return;
        };
        for at in partitions.iter().filter(|partition| !self.model.is_gone(**partition)) {
            let partition = &self.model.partitions[*at];
            let stale = *basis == Basis::Hint && self.chance.coin(0.5);
            let told: Marks = if stale { partition.older } else { partition.marks() };
            marks.push((partition.key.clone(), told));
        }
    }

    fn prefix(&mut self, underway: &mut Underway, at: usize, most: u64) {
        let Did::Prefix { from, end, hash, .. } = &mut underway.operation.did else {
            return;
        };
        let partition = &self.model.partitions[at];
        let mut chain = Chain::default();
        *from = partition.log_start;
        *end = *from;
        for (offset, value) in partition.read(*from, most) {
            chain.add(offset, &name(value));
            *end = offset + 1;
        }
        *hash = chain.hex();
    }
}

/// Tells where the records of a part are.
fn place(part: &mut SendPart, base: u64, apart: bool) {
    if apart {
        part.offsets = Some((base..).take(part.values.len()).collect());
    } else {
        part.base = Some(base);
    }
}
