//! What each client does next.

use std::collections::BTreeMap;

use super::effect::Effect;
use super::model::name;
use super::{Event, Fate, Generator, TICK};
use crate::operation::{Basis, Did, Poll, Producer, Send, SendPart, TopicLike};

/// How a client works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Sends requests, one at a time.
    Plain,
    /// Sends numbered requests, several at a time.
    Numbered,
    /// Sends numbered records as requests of their own.
    Apart,
    /// Reads partitions that it chose.
    Reader,
    /// Reads one partition and carries its position along.
    Follower,
    /// Reads what its group gives it.
    Subscriber,
    /// Reads from anywhere.
    Seeker,
    /// Commits for a group of its own.
    Committer,
    /// Commits for a group that others commit for.
    Sharer,
    /// Creates and deletes.
    Admin,
    /// Asks where partitions begin and end.
    Asker,
    /// Reads prefixes and keeps their hashes.
    Chainer,
    /// No client: what happens by itself.
    Keeper,
}

/// A client.
#[derive(Debug)]
pub(super) struct Actor {
    pub(super) process: u32,
    pub(super) role: Role,
    /// Where it reads next.
    pub(super) positions: BTreeMap<usize, u64>,
    /// When the last thing that it did takes effect.
    pub(super) last_effect: u64,
    epoch: u64,
    /// Counts what it did.
    sequence: u64,
    has_begun: bool,
}

/// The clients. That of number 0 is the administrator, who says first what topics are like.
pub(super) fn cast() -> Vec<Actor> {
    let roles = [
        (Role::Admin, 1),
        (Role::Plain, 4),
        (Role::Numbered, 4),
        (Role::Apart, 1),
        (Role::Reader, 4),
        (Role::Follower, 2),
        (Role::Subscriber, 1),
        (Role::Seeker, 1),
        (Role::Committer, 1),
        (Role::Sharer, 2),
        (Role::Asker, 1),
        (Role::Chainer, 1),
        (Role::Keeper, 1),
    ];
    let roles = roles
        .into_iter()
        .flat_map(|(role, count)| std::iter::repeat_n(role, count));
    let actor = |(process, role)| Actor {
        process,
        role,
        positions: BTreeMap::new(),
        last_effect: 0,
        epoch: 0,
        sequence: 0,
        has_begun: false,
    };
    (0..).zip(roles).map(actor).collect()
}

impl Generator {
    /// A client does the next thing, and rests after it.
    pub(super) fn step(&mut self, actor: usize) {
        let ends = match self.actors[actor].role {
            Role::Plain => self.send(actor, None),
            Role::Numbered | Role::Apart => {
                self.numbered(actor);
                // The next one begins before this one ends.
                self.now
            }
            Role::Reader => self.reader(actor),
            Role::Follower => self.follower(actor),
            Role::Subscriber => self.subscriber(actor),
            Role::Seeker => self.seeker(actor),
            Role::Committer | Role::Sharer => self.committer(actor),
            Role::Admin => self.admin(actor),
            Role::Asker => self.asker(actor),
            Role::Chainer => self.chainer(actor),
            Role::Keeper => {
                self.model.keep_up(&self.chance.clone());
                self.now + 100 * TICK
            }
        };
        let rest = TICK * (1 + self.chance.below(20));
        self.at(ends + rest, Event::Step(actor));
    }

    fn fate(&self) -> Fate {
        match self.chance.below(100) {
            0..90 => Fate::Done,
            90..94 => Fate::Refused,
            94..96 => Fate::Unanswered,
            96..98 => Fate::Late,
            _ => Fate::Lost,
        }
    }

    /// Reads fail without effect, or not at all.
    fn read_fate(&self) -> Fate {
        if self.chance.coin(0.95) {
            Fate::Done
        } else {
            Fate::Refused
        }
    }

    fn one_of(&self, of: &[usize]) -> usize {
        let bound = u64::try_from(of.len()).expect("a few");
        of[usize::try_from(self.chance.below(bound)).expect("a few")]
    }

    fn values(&mut self, most: u64) -> Vec<u64> {
        (0..1 + self.chance.below(most)).map(|_| self.model.value()).collect()
    }

    fn send(&mut self, actor: usize, producer: Option<Producer>) -> u64 {
        let alive = self.model.alive();
        let mut partitions: Vec<usize> = (0..1 + self.chance.below(6) / 4).map(|_| self.one_of(&alive)).collect();
        partitions.sort_unstable();
        partitions.dedup();
        let (mut parts, mut effect) = (Vec::new(), Vec::new());
        for partition in partitions {
            let values = self.values(4);
            let any = producer.is_none() && self.chance.coin(0.3);
            let partition_of = &self.model.partitions[partition];
            let key = if any {
                &self.model.like(partition).topic
            } else {
                &partition_of.key
            };
            parts.push(SendPart {
                key: key.clone(),
                values: values.iter().map(|value| name(*value)).collect(),
                ..SendPart::default()
            });
            effect.push((partition, values));
        }
        let send = Send {
            parts,
            apart: false,
            producer,
        };
        let fate = self.fate();
        self.begin(actor, Did::Send(send), Effect::Append(effect), fate)
    }

    fn numbered(&mut self, actor: usize) {
        let own = &mut self.actors[actor];
        own.sequence += 1;
        if self.chance.coin(0.02) {
            (own.epoch, own.sequence) = (own.epoch + 1, 0);
        }
        let producer = Producer {
            id: format!("producer-{}", own.process),
            epoch: own.epoch,
            sequence: own.sequence,
        };
        if own.role == Role::Numbered {
            self.send(actor, Some(producer));
            return;
        }
        let partition = self.one_of(&self.model.alive());
        let values: Vec<u64> = (0..3).map(|_| self.model.value()).collect();
        let part = SendPart {
            key: self.model.partitions[partition].key.clone(),
            values: values.iter().map(|value| name(*value)).collect(),
            ..SendPart::default()
        };
        let send = Send {
            parts: vec![part],
            apart: true,
            producer: Some(producer),
        };
        let fate = self.fate();
        self.begin(actor, Did::Send(send), Effect::Append(vec![(partition, values)]), fate);
    }

    fn poll(&mut self, actor: usize, basis: Basis, effect: Effect) -> u64 {
        let poll = Poll {
            basis,
            ..Poll::default()
        };
        let fate = self.read_fate();
        self.begin(actor, Did::Poll(poll), effect, fate)
    }

    fn reader(&mut self, actor: usize) -> u64 {
        if !self.actors[actor].has_begun {
            let alive = self.model.alive();
            let mut from = Vec::new();
            self.actors[actor].positions.clear();
            for _ in 0..3 {
                let partition = self.one_of(&alive);
                let position = self.chance.below(self.model.partitions[partition].end() + 1);
                self.actors[actor].positions.insert(partition, position);
            }
            for (partition, position) in &self.actors[actor].positions {
                let known = self.chance.coin(0.8).then_some(*position);
                from.push((self.model.partitions[*partition].key.clone(), known));
            }
            self.actors[actor].has_begun = true;
            return self.begin(actor, Did::Assign { from }, Effect::Nothing, Fate::Done);
        }
        if self.chance.coin(0.02) {
            self.actors[actor].has_begun = false;
            return self.begin(actor, Did::Crash, Effect::Nothing, Fate::Done);
        }
        let own: Vec<usize> = self.actors[actor].positions.keys().copied().collect();
        let parts = own
            .into_iter()
            .map(|partition| (partition, None, 1 + self.chance.below(20)));
        let effect = Effect::Read(parts.collect());
        self.poll(actor, Basis::Hint, effect)
    }

    fn follower(&mut self, actor: usize) -> u64 {
        if self.chance.coin(0.01) {
            self.actors[actor].positions.clear();
        }
        let next = self.actors[actor]
            .positions
            .first_key_value()
            .map(|(partition, _)| *partition);
        let part = match next {
            Some(partition) => (partition, None, 20),
            None => (self.one_of(&self.model.alive()), Some(0), 20),
        };
        self.poll(actor, Basis::Carried, Effect::Read(vec![part]))
    }

    fn subscriber(&mut self, actor: usize) -> u64 {
        if !self.actors[actor].has_begun {
            self.actors[actor].has_begun = true;
            let topics = vec!["plain".to_owned(), "trimmed".to_owned()];
            return self.begin(actor, Did::Subscribe { topics }, Effect::Nothing, Fate::Done);
        }
        let partition = self.one_of(&[0, 1, 2, 3, 4]);
        if self.chance.coin(0.2) {
            return self.poll(actor, Basis::Hint, Effect::Rebalance(partition));
        }
        // Somebody else had it meanwhile.
        let position = self.chance.below(self.model.partitions[partition].end() + 1);
        self.actors[actor].positions.insert(partition, position);
        self.poll(actor, Basis::Hint, Effect::Read(vec![(partition, None, 10)]))
    }

    fn seeker(&mut self, actor: usize) -> u64 {
        let partition = self.one_of(&self.model.alive());
        let from = self.chance.below(self.model.partitions[partition].end() + 2);
        self.poll(actor, Basis::Hint, Effect::Read(vec![(partition, Some(from), 10)]))
    }

    fn committer(&mut self, actor: usize) -> u64 {
        let alone = self.actors[actor].role == Role::Committer;
        let group = if alone { "own" } else { "shared" }.to_owned();
        if self.chance.coin(0.4) {
            let (offsets, partitions) = (Vec::new(), vec![0, 1]);
            let fate = self.read_fate();
            return self.begin(
                actor,
                Did::Committed { group, offsets },
                Effect::Committed(partitions),
                fate,
            );
        }
        self.actors[actor].sequence += 1;
        let number = self.actors[actor].sequence;
        // Those who share a group also share numbers, so that one says little of who committed it.
        let offset = || if alone { number } else { self.chance.below(5) };
        let offsets = [(0, offset()), (1, offset())];
        let key = |(partition, offset): &(usize, u64)| (self.model.partitions[*partition].key.clone(), *offset);
        let did = Did::Commit {
            group,
            offsets: offsets.iter().map(key).collect(),
            settles: alone,
        };
        let fate = self.fate();
        self.begin(
            actor,
            did,
            Effect::Commit(if alone { number } else { 0 }, offsets.to_vec()),
            fate,
        )
    }

    fn admin(&mut self, actor: usize) -> u64 {
        let passing = (0..self.model.topics.len()).find(|topic| {
            let topic = &self.model.topics[*topic];
            topic.is_passing && !topic.is_gone
        });
        let fate = if self.chance.coin(0.9) { Fate::Done } else { Fate::Late };
        match (self.chance.below(10), passing) {
            (0..3, None) => {
                self.actors[actor].sequence += 1;
                let like = TopicLike {
                    topic: format!("passing-{}", self.actors[actor].sequence),
                    ..TopicLike::default()
                };
                self.begin(actor, Did::Topic(like.clone()), Effect::Create(like, 2), Fate::Done)
            }
            (0..3, Some(number)) => {
                let topic = self.model.topics[number].like.topic.clone();
                self.begin(actor, Did::Delete { topic }, Effect::Delete(number), fate)
            }
            _ => {
                let at = 3 + self.one_of(&[0, 1]);
                let partition = &self.model.partitions[at];
                let length = partition.end() - partition.log_start;
                let before = partition.log_start + self.chance.below(length / 4 + 1);
                let key = partition.key.clone();
                let ends = self.begin(actor, Did::Trim { key, before }, Effect::Trim(at, before), fate);
                ends + TICK * self.chance.below(60)
            }
        }
    }

    fn asker(&mut self, actor: usize) -> u64 {
        let alive = self.model.alive();
        let partitions = vec![self.one_of(&alive), self.one_of(&alive)];
        let basis = [Basis::Hint, Basis::Carried, Basis::Tip][self.one_of(&[0, 1, 2])];
        let did = Did::Watermarks {
            basis,
            marks: Vec::new(),
        };
        let fate = self.read_fate();
        self.begin(actor, did, Effect::Marks(partitions), fate)
    }

    fn chainer(&mut self, actor: usize) -> u64 {
        let partition = self.one_of(&[0, 1, 2, 3, 4, 5]);
        let did = prefix(self.model.partitions[partition].key.clone());
        let ends = self.begin(actor, did, Effect::Prefix(partition, 50), Fate::Done);
        ends + 50 * TICK
    }
}

/// To be filled in when it takes effect.
fn prefix(key: String) -> Did {
    Did::Prefix {
        key,
        from: 0,
        end: 0,
        hash: String::new(),
    }
}
