//! Draws everything but appends and swaps.

use metadata::entry::proposal::Kind;
use metadata::entry::{
    AddPartitions, AlterCluster, AlterTopic, CommitOffsets, Config, CreateTopic, DeleteGroup, DeleteTopic, Expire,
    FeatureLevel, GroupSeen, Mark, OffsetCommit, ProducerIds, ProducerSeen, RequestProducerSeen, SnapshotTaken,
};
use metadata::{Change, Incarnation};

use super::Drawer;
use crate::model::{DAY_MS, FULL_BYTES, LISTS, Model, OFFSET_MAX};

fn config(name: &str, value: &str) -> Config {
    Config {
        name: name.to_owned(),
        value: value.to_owned(),
    }
}

impl Drawer {
    pub(super) fn admin(&mut self, model: &Model, proposer: Incarnation) -> Kind {
        if model.full().is_err() && self.dice.percent(12) {
            return Kind::AlterCluster(AlterCluster {
                set: vec![],
                unset: vec!["fold.bytes.max".to_owned()],
            });
        }
        let few_topics = model.topics.len() < 3;
        match self.dice.below(100) {
            0..9 => self.create_topic(model),
            9..20 if few_topics => self.create_topic(model),
            9..13 => self.delete_topic(model),
            13..20 => self.alter_topic(model),
            20..26 => self.add_partitions(model),
            26..38 => self.trim(model),
            38..55 => self.commit(model),
            55..60 => self.delete_group(model),
            60..70 => self.expire(model),
            70..77 => self.mark(model),
            77..83 => self.snapshot(model),
            83..88 => self.alter_cluster(),
            88..91 => self.raise(model),
            91..94 => Kind::ProducerIds(ProducerIds {
                count: [0, 1, 5, 1000, 1_000_001][self.dice.below(5)],
            }),
            94..98 => self.retire(model, proposer),
            _ => self.beat(),
        }
    }

    fn create_topic(&mut self, model: &Model) -> Kind {
        let dice = &mut self.dice;
        let mut id = [0; 16];
        id[..8].copy_from_slice(&dice.number().to_be_bytes());
        let mut create = CreateTopic {
            name: format!("t{}", dice.below(12)),
            id: id.to_vec().into(),
            partitions: dice.between(1, 3) as u32,
            configs: vec![config("retention.ms", "5")],
            first_offset: [0, 0, 7, OFFSET_MAX - 20][dice.below(4)],
        };
        match dice.below(24) {
            0 => create.name = ["", ".", "..", "a/b", "ä"][dice.below(5)].to_owned(),
            1 => create.name = "n".repeat(250),
            2 => create.id = vec![1; 15].into(),
            3 => create.id = vec![0; 16].into(),
            4 | 5 => {
                let ids: Vec<_> = model.ids.iter().cloned().collect();
                create.id = dice.pick(&ids).cloned().unwrap_or_default().into();
            }
            6 => create.partitions = 0,
            7 => create.partitions = 1000,
            8 => create.configs = self.bad_config(),
            9 => create.first_offset = OFFSET_MAX + 1,
            _ => {}
        }
        Kind::CreateTopic(create)
    }

    fn bad_config(&mut self) -> Vec<Config> {
        let bad = [
            vec![config("retention.ms", "-2")],
            vec![config("tidelog.lane", "fast")],
            vec![config("no.such.config", "1")],
            vec![config("segment.bytes", "14"), config("segment.bytes", "15")],
            vec![config("cleanup.policy", "compact,compact")],
        ];
        bad[self.dice.below(bad.len())].clone()
    }

    fn some_topic(&mut self, model: &Model) -> u32 {
        if self.dice.percent(8) {
            0
        } else {
            self.partition(model).0
        }
    }

    fn alter_topic(&mut self, model: &Model) -> Kind {
        let topic = self.some_topic(model);
        let good = [
            config("retention.ms", "1000"),
            config("tidelog.lane", "inline"),
            config("segment.bytes", "14"),
            config("cleanup.policy", "compact"),
            config("lake.retention.ms", ["-1", "-2", "999", "1000"][self.dice.below(4)]),
        ];
        let mut set = vec![good[self.dice.below(good.len())].clone()];
        let mut unset = match set[0].name.as_str() {
            "cleanup.policy" => vec!["retention.ms".to_owned()],
            _ if self.dice.percent(50) => vec!["segment.bytes".to_owned()],
            _ => vec!["cleanup.policy".to_owned()],
        };
        match self.dice.below(8) {
            0..2 => {
                let list = LISTS[self.dice.below(LISTS.len())];
                set.extend([config("lake.columns", list), config("lake.mode", "json")]);
            }
            2 => unset.extend(["lake.columns", "lake.mode"].map(str::to_owned)),
            3 if self.dice.percent(20) => set.push(config("lake.mode", ["raw", "json"][self.dice.below(2)])),
            _ => {}
        }
        match self.dice.below(6) {
            0 => set = self.bad_config(),
            1 => unset = vec!["no.such.config".to_owned()],
            2 => unset = vec![set[0].name.clone()],
            _ => {}
        }
        Kind::AlterTopic(AlterTopic { topic, set, unset })
    }

    fn delete_topic(&mut self, model: &Model) -> Kind {
        Kind::DeleteTopic(DeleteTopic {
            topic: self.some_topic(model),
        })
    }

    fn add_partitions(&mut self, model: &Model) -> Kind {
        let topic = self.some_topic(model);
        let mut seen = model
            .topics
            .get(&topic)
            .map_or(0, |topic| topic.partitions.len() as u32);
        let total = seen + [0, 1, 1, 2, 1000][self.dice.below(5)];
        seen += u32::from(self.dice.percent(15));
        Kind::AddPartitions(AddPartitions { topic, seen, total })
    }

    fn some_group(&mut self, model: &Model) -> (String, Option<metadata::entry::Change>) {
        let name = format!("g{}", self.dice.below(8));
        let mut seen = model.groups.get(&name).map(|group| group.changed.into());
        match self.dice.below(12) {
            0 => seen = None,
            1 => {
                seen = Some(
                    Change {
                        position: model.position,
                        index: 9,
                    }
                    .into(),
                )
            }
            _ => {}
        }
        (name, seen)
    }

    fn commit(&mut self, model: &Model) -> Kind {
        let (mut group, mut seen) = self.some_group(model);
        if self.dice.percent(3) {
            group = ["".to_owned(), "g".repeat(256)][self.dice.below(2)].clone();
            seen = None;
        }
        let count = self.dice.below(4);
        let offsets = (0..count).map(|_| self.offset(model)).collect();
        let timestamp = self.dice.between(0, 1 << 40) as i64;
        Kind::CommitOffsets(CommitOffsets {
            group,
            seen,
            timestamp,
            offsets,
        })
    }

    fn offset(&mut self, model: &Model) -> OffsetCommit {
        let (topic, partition) = self.partition(model);
        let dice = &mut self.dice;
        let mut commit = OffsetCommit {
            topic,
            partition,
            ..Default::default()
        };
        commit.forget = dice.percent(15);
        if !commit.forget || dice.percent(10) {
            commit.offset = dice.between(0, 50);
            commit.leader_epoch = dice.between(0, 3) as i32 - 1;
            commit.metadata = "m".repeat(dice.below(5));
        }
        match dice.below(40) {
            0 => commit.offset = OFFSET_MAX + 1,
            1 => commit.leader_epoch = -2,
            2 => commit.metadata = "m".repeat(4097),
            _ => {}
        }
        commit
    }

    fn delete_group(&mut self, model: &Model) -> Kind {
        let (group, seen) = self.some_group(model);
        Kind::DeleteGroup(DeleteGroup { group, seen })
    }

    fn expire(&mut self, model: &Model) -> Kind {
        let mut expire = Expire::default();
        let (topic, partition) = self.partition(model);
        let id = self.dice.between(1, 5);
        let known = model
            .partition(topic, partition)
            .ok()
            .and_then(|known| known.producers.get(&id));
        let seen = known.map_or(3, |known| known.position) + u64::from(self.dice.percent(20));
        expire.producers.push(ProducerSeen {
            topic,
            partition,
            id,
            seen,
        });
        let producer = format!("p{}", self.dice.below(2)).into_bytes();
        let known = model.topics.get(&topic).and_then(|topic| topic.requests.get(&producer));
        let seen = known.map_or(3, |known| known.position) + u64::from(self.dice.percent(20));
        expire.request_producers.push(RequestProducerSeen {
            topic,
            producer: producer.into(),
            seen,
        });
        let (group, seen) = self.some_group(model);
        expire.groups.push(GroupSeen { group, seen });
        Kind::Expire(expire)
    }

    fn mark(&mut self, model: &Model) -> Kind {
        let dice = &mut self.dice;
        let ahead = [0, 30_000, 600_000, 3_600_000, DAY_MS / 4][dice.below(5)];
        self.date = model.newest_date().unwrap_or(self.date) + ahead;
        let (mut folded, mut date) = (model.position, self.date);
        match dice.below(16) {
            0 => folded += 1 + dice.between(0, 2),
            1 => folded = folded.saturating_sub(dice.between(0, 9)),
            2 | 3 => date -= 120_000 + ahead,
            4 => date -= 40_000,
            5 if dice.percent(10) => date -= 3 * DAY_MS,
            6 if dice.percent(10) => date += 3 * DAY_MS,
            _ => {}
        }
        let lowest_inline = dice.percent(50).then_some(folded / 2);
        Kind::Mark(Mark {
            folded,
            date,
            lowest_inline,
        })
    }

    fn snapshot(&mut self, model: &Model) -> Kind {
        let dice = &mut self.dice;
        let mut taken = SnapshotTaken {
            era: model.era,
            position: model.position.saturating_sub(dice.between(0, 3)),
            entry_hash: vec![1; 32].into(),
            attempt: 0,
            state_hash: vec![2; 32].into(),
            bytes: 5,
            lowest_inline: None,
        };
        match dice.below(12) {
            0 => taken.position = model.position + 3,
            1 => taken.position = 0,
            2 => taken.era += 1,
            3 => taken.state_hash = vec![2; 31].into(),
            _ => {}
        }
        Kind::SnapshotTaken(taken)
    }

    fn alter_cluster(&mut self) -> Kind {
        let dice = &mut self.dice;
        let (mut set, mut unset) = (Vec::new(), Vec::new());
        match dice.below(12) {
            0 => set.push(config("fold.bytes.max", &FULL_BYTES.to_string())),
            1 => set.push(config("fold.bytes.max", "5")),
            2 => set.push(config("segment.grace.ms", "172800001")),
            3 => unset.push("no.such.config".to_owned()),
            4..7 => set.push(config("groups.max", &dice.between(2, 6).to_string())),
            7..9 => set.push(config("partitions.max", &dice.between(6, 30).to_string())),
            9 => unset.push("partitions.max".to_owned()),
            10 => unset.push("groups.max".to_owned()),
            _ => set.push(config("segment.grace.ms", "0")),
        }
        Kind::AlterCluster(AlterCluster { set, unset })
    }

    fn raise(&mut self, model: &Model) -> Kind {
        let level = model.level;
        let seen = level + u32::from(self.dice.percent(20));
        let level = [level + 1, level, level + 1, 2_000_000][self.dice.below(4)];
        Kind::FeatureLevel(FeatureLevel { seen, level })
    }
}
