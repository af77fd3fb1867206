//! What was asked and what was told, to be compared with what is there.

use std::collections::{BTreeMap, BTreeSet};

use metadata::{PartitionId, TopicNumber};

/// What the sender of a record was told of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// Nothing yet.
    Pending,
    /// That it has this offset.
    At(u64),
    /// That it certainly is not there.
    No,
    /// That it may be there.
    Maybe,
}

/// A record that was sent. Its value is its number among all of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent {
    pub(super) partition: PartitionId,
    pub(super) told: Told,
    /// When it was sent and when that was answered, in the order of all such events.
    began: u64,
    ended: Option<u64>,
}

/// A request of a producer that numbers them.
#[derive(Clone, Debug)]
pub(super) struct Numbered {
    pub(super) sequence: u64,
    pub(super) partition: PartitionId,
    /// Its records.
    pub(super) values: Vec<u64>,
}

/// Everything that was asked and told.
#[derive(Debug, Default)]
pub(super) struct Model {
    sent: Vec<Sent>,
    events: u64,
    /// Topics that were made, by number.
    pub(super) topics: BTreeMap<TopicNumber, u32>,
    /// Topics that may have been deleted.
    pub(super) deleted: BTreeSet<TopicNumber>,
    /// The highest offset before which a partition may have been trimmed, and the highest of which that was told.
    pub(super) trims: BTreeMap<PartitionId, (u64, u64)>,
    /// What a group may have committed for a partition, none for nothing.
    pub(super) commits: BTreeMap<(String, PartitionId), BTreeSet<Option<u64>>>,
    /// The last request of each producer, by topic, and whether it is settled.
    pub(super) producers: BTreeMap<(TopicNumber, u8), (Numbered, bool)>,
}

impl Model {
    /// The next value, which is about to be sent.
    pub(super) fn send(&mut self, partition: PartitionId) -> u64 {
        self.events += 1;
        self.sent.push(Sent {
            partition,
            told: Told::Pending,
            began: self.events,
            ended: None,
        });
        self.sent.len() as u64 - 1
    }

    /// What was told of values, one behind the other in their partition.
    pub(super) fn tell(&mut self, values: &[u64], told: Told) {
        self.events += 1;
        for (&value, nth) in values.iter().zip(0..) {
            let sent = &mut self.sent[value as usize];
            let told = match told {
                Told::At(base) => Told::At(base + nth),
                other => other,
            };
            if let (Told::At(before), Told::At(now)) = (sent.told, told) {
                assert_eq!(before, now, "value {value} has one offset");
            }
            let undone = matches!((sent.told, told), (Told::No, Told::At(_)) | (Told::At(_), Told::No));
            assert!(!undone, "value {value}: {:?}, then {told:?}", sent.told);
            (sent.told, sent.ended) = (told, Some(self.events));
        }
    }

    /// Asks about values once more: what was told of them may turn out.
    pub(super) fn sent(&self, value: u64) -> Sent {
        self.sent[value as usize]
    }

    /// How many have not been answered.
    pub(super) fn pending(&self) -> usize {
        self.sent.iter().filter(|sent| sent.told == Told::Pending).count()
    }

    /// Behind the highest offset that was acknowledged in a partition.
    pub(super) fn acknowledged(&self, partition: PartitionId) -> u64 {
        let of = self.sent.iter().filter(|sent| sent.partition == partition);
        let ends = of.filter_map(|sent| match sent.told {
            Told::At(offset) => Some(offset + 1),
            _ => None,
        });
        ends.max().unwrap_or(0)
    }

    /// Whether a value may be read at an offset of a partition.
    pub(super) fn check_read(&self, partition: PartitionId, offset: u64, value: u64) {
        let sent = self.sent.get(value as usize).copied();
        let sent = sent.unwrap_or_else(|| panic!("{partition:?} {offset}: nobody sent {value}"));
        assert_eq!(sent.partition, partition, "value {value} at {offset}");
        match sent.told {
            Told::At(told) => assert_eq!(told, offset, "value {value} in {partition:?}"),
            Told::No => panic!("value {value} is at {offset} of {partition:?}, and certainly was not to be"),
            Told::Pending | Told::Maybe => {}
        }
    }

    /// What is there of a partition from `start` to `end`, value by value, is what was told.
    pub(super) fn check_all(&self, partition: PartitionId, start: u64, there: &[(u64, u64)]) {
        let mut offsets = BTreeMap::new();
        for &(offset, value) in there {
            self.check_read(partition, offset, value);
            assert_eq!(offsets.insert(value, offset), None, "value {value} is there twice");
        }
        let of = || (0..).zip(&self.sent).filter(|(_, sent)| sent.partition == partition);
        for (value, sent) in of() {
            if let Told::At(offset) = sent.told {
                let found = offsets.get(&value).copied();
                assert!(
                    offset < start || found == Some(offset),
                    "value {value} of {partition:?}: {sent:?}, {found:?}"
                );
            }
        }
        // Who sent after another was answered comes behind it.
        let mut answered: Vec<(u64, u64)> = of()
            .filter_map(|(_, sent)| match (sent.told, sent.ended) {
                (Told::At(offset), Some(ended)) => Some((ended, offset)),
                _ => None,
            })
            .collect();
        answered.sort_unstable();
        for (value, sent) in of() {
            let Some(&offset) = offsets.get(&value) else { continue };
            let before = answered.partition_point(|&(ended, _)| ended < sent.began);
            let highest = answered[..before].iter().map(|&(_, offset)| offset).max();
            assert!(
                highest.is_none_or(|highest| highest < offset),
                "value {value} at {offset} is behind {highest:?}"
            );
        }
    }
}
