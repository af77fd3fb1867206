//! Clients: each is a task with a chance of its own, asks processes through [`Agent::call`] and writes into the history
//! what it asked and what it was told.

mod admin;
mod bundle;
mod compare;
mod follower;
mod groups;
mod http;
mod kafka;
mod keyed;
mod pipelined;
mod plain;
mod prober;
mod reader;
mod scripted;
mod waiting;

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use engine::{AppendDone, AppendError, AppendGroup, AppendRun, Happened};
use metadata::entry::{ProducerBatch, RequestSequence};
use metadata::{PartitionId, RunAck, TopicId};
use records::{Batch, Codec};
use world::{Chance, World};

use crate::agent::{Agent, Called};
use crate::audit::Rests;
use crate::ground::{Ground, Yard};
use crate::history::{Fate, Known, Send};
use crate::value::{self, Shape};

pub(crate) use groups::committed;
pub(crate) use prober::Prober;
pub(crate) use scripted::Scripted;
pub(crate) use waiting::wait_for;

/// How long a client waits for an answer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// More clients than any run has; session numbers of one client lie so far apart.
const SESSIONS: u32 = 1_000;

/// What every client has.
#[derive(Debug)]
pub(crate) struct Client {
    yard: Yard,
    world: World,
    session: u32,
    name: String,
    /// The process it talks to until something makes it change.
    agent: Agent,
    /// Operations that failed one after another.
    failures: AtomicU32,
}

/// What a client was told of an append.
#[derive(Debug)]
enum Told {
    Acked(AppendDone),
    /// It certainly did not happen; what the process said, if it was there.
    Failed(Option<AppendError>),
    Unknown,
}

/// A partition to send to, and the topic that it is taken to be of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Target {
    partition: PartitionId,
    topic: TopicId,
}

/// One batch of a group to be sent.
#[derive(Clone, Debug)]
struct Part {
    send: u64,
    partition: PartitionId,
    batch: Batch,
    producer: Option<ProducerBatch>,
    expected_offset: Option<u64>,
}

/// What a batch is sent as.
#[derive(Clone, Copy, Debug, Default)]
struct As {
    /// What is in the log whole or not at all.
    group: u64,
    /// Its place among what the session sends with a sequence.
    order: Option<u64>,
    producer: Option<ProducerBatch>,
    expected_offset: Option<u64>,
    /// Its topic is compacted by key.
    keyed: bool,
}

impl Part {
    fn records(&self) -> u32 {
        self.batch.records()
    }
}

/// Starts the clients of a run.
pub(crate) fn start_all(yard: &Yard, world: &World) {
    let mut session = 0;
    let mut client = |kind: &str| {
        session += 1;
        let world = world_of(world, kind);
        Client {
            agent: yard.any_front(&world.chance),
            yard: yard.clone(),
            world,
            session,
            name: format!("{kind}-{session}"),
            failures: AtomicU32::new(0),
        }
    };
    let tasks = &world.tasks;
    for _ in 0..3 {
        tasks.spawn("plain", plain::run(client("plain")));
    }
    for _ in 0..2 {
        tasks.spawn("http", http::run(client("http")));
        tasks.spawn("kafka", kafka::run(client("kafka")));
        tasks.spawn("reader", reader::run(client("reader")));
        tasks.spawn("follower", follower::run(client("follower")));
        tasks.spawn("groups", groups::run(client("groups")));
    }
    if world.chance.coin(0.5) {
        tasks.spawn("pipelined", pipelined::run(client("pipelined")));
    }
    if world.chance.coin(0.5) {
        tasks.spawn("bundle", bundle::run(client("bundle")));
    }
    tasks.spawn("compare", compare::run(client("compare")));
    tasks.spawn("admin", admin::run(client("admin")));
    for _ in 0..2 {
        tasks.spawn("keyed", keyed::run(client("keyed")));
    }
}

/// All clients are of one tree of tasks, each with its own chance.
fn world_of(world: &World, kind: &str) -> World {
    World {
        chance: world.chance.fork(kind),
        ..world.clone()
    }
}

impl Client {
    fn ground(&self) -> &Ground {
        &self.yard.ground
    }

    fn chance(&self) -> &Chance {
        &self.world.chance
    }

    /// Rests between two operations, longer when the last ones failed. False when the run has calmed down, and nothing
    /// new is begun.
    async fn think(&self) -> bool {
        let wait = self.chance().between(Duration::ZERO, self.ground().swarm.think_max);
        self.world.clock.sleep(wait + self.penalty()).await;
        !self.ground().quiet.is_up()
    }

    /// Waits before it asks again.
    async fn back_off(&self) {
        let wait = self
            .chance()
            .between(Duration::from_millis(20), Duration::from_millis(400));
        self.world.clock.sleep(wait + self.penalty()).await;
    }

    /// How much longer it waits for each operation that failed.
    fn penalty(&self) -> Duration {
        let failures = self.failures.load(Ordering::Relaxed);
        Duration::from_millis(200) * failures.saturating_sub(2).min(15)
    }

    /// Talks to another process from now on, perhaps.
    fn wander(&mut self, likely: f64) {
        if self.chance().coin(likely) {
            self.agent = self.yard.any_front(self.chance());
        }
    }

    /// What is sent from here on may overtake, and be overtaken by, what was sent before.
    fn begin_session(&mut self) {
        // Every client has as many sessions to itself as it could ever begin.
        self.session += SESSIONS;
    }

    /// Ends an operation.
    fn operation(&self, what: &str, outcome: &str, acknowledged: bool) {
        let ground = self.ground();
        ground
            .journal
            .line(format_args!("{} {what} at {}: {outcome}", self.name, self.agent.name()));
        ground.journal.count(&format!("client {what} {outcome}"));
        let failures = if acknowledged {
            0
        } else {
            self.failures.load(Ordering::Relaxed) + 1
        };
        self.failures.store(failures, Ordering::Relaxed);
        let history = &mut *ground.history.lock();
        history.operations += 1;
        history.acknowledged += u64::from(acknowledged);
    }

    fn below(&self, bound: usize) -> usize {
        let bound = u64::try_from(bound.max(1)).expect("small");
        usize::try_from(self.chance().below(bound)).expect("small")
    }

    /// A topic that is not about to go.
    fn topic(&self) -> Option<Known> {
        let topics = self.ground().history.lock().standing();
        topics.get(self.below(topics.len())).copied()
    }

    /// A topic that stays until the end.
    fn lasting_topic(&self) -> Option<Known> {
        let topics = self.ground().history.lock().topics.clone();
        topics.get(self.below(crate::run::LASTING_TOPICS)).copied()
    }

    fn target(&self, topic: Known) -> Target {
        let partition = self.chance().below(u64::from(topic.partitions.max(1)));
        let partition = PartitionId {
            topic: topic.number,
            partition: u32::try_from(partition).expect("below a u32"),
        };
        Target {
            partition,
            topic: topic.id,
        }
    }

    /// Draws records for a partition and writes down that they are sent.
    fn part(&self, target: Target, how: As) -> Part {
        let chance = self.chance();
        let record_bytes = match chance.below(20) {
            0 => 8_000 + self.below(30_000),
            1..=3 => 500 + self.below(6_000),
            _ => 12 + self.below(200),
        };
        let records = if record_bytes > 8_000 { 1 } else { 1 + self.below(5) };
        let codec = match chance.below(6) {
            0 => Codec::Lz4,
            1 => Codec::Snappy,
            _ => Codec::None,
        };
        let shape = Shape {
            records: u32::try_from(records).expect("a few"),
            record_bytes,
            codec,
            producer: how.producer.as_ref().map(producer_of),
            keyed: how.keyed,
        };
        let ground = self.ground();
        let mut batch = None;
        let send = ground.history.lock().begin(|number| {
            let made = value::batch(number, &shape, self.world.clock.wall_ms());
            let send = Send {
                session: self.session,
                order: how.order,
                group: how.group,
                partition: target.partition,
                topic: target.topic,
                records: shape.records,
                keyed: shape.keyed,
                bytes: made.bytes().len(),
                checksum: made.header().checksum,
                invoked: ground.journal.ordinal(),
                fate: Fate::Unknown,
            };
            batch = Some(made);
            send
        });
        Part {
            send,
            partition: target.partition,
            batch: batch.expect("it was just made"),
            producer: how.producer,
            expected_offset: how.expected_offset,
        }
    }

    fn next_group(&self) -> u64 {
        self.ground().history.lock().next_group()
    }

    /// Parts were refused. Where two histories are served, the refusal may rest on the one that is lost: unless the
    /// process was not even there, the parts may be taken after all.
    fn failed(&self, parts: &[Part], error: Option<&AppendError>) {
        let ground = self.ground();
        let at = ground.journal.ordinal();
        let halted = matches!(error, Some(AppendError::Halted)) && !ground.audit.has_lost();
        ground
            .journal
            .check("nobody halts a ledger that has lost nothing", !halted, || {
                format!("{} was told so by {}", self.name, self.agent.name())
            });
        let history = &mut *ground.history.lock();
        let sure = error.is_none() || !history.is_muddled(self.world.clock.now());
        let fate = if sure { Fate::Failed { at } } else { Fate::Unknown };
        parts.iter().for_each(|part| history.end(part.send, fate));
    }

    /// Writes down where parts are, after checking that this can be.
    fn acked(&self, parts: &[Part], acks: &[RunAck]) {
        let ground = self.ground();
        let at = ground.journal.ordinal();
        let fits = parts.len() == acks.len()
            && parts
                .iter()
                .zip(acks)
                .all(|(part, ack)| part.partition == ack.partition && part.records() == ack.records);
        ground.journal.check("an answer is one to what was asked", fits, || {
            format!("{} asked {parts:?} and was answered {acks:?}", self.name)
        });
        for (part, ack) in parts.iter().zip(acks) {
            let base = ack.base_offset;
            let rests = ground.audit.acknowledged(part.send, ack.partition, base);
            let history = &mut *ground.history.lock();
            if rests == Rests::Lost {
                history.has_lost(self.session);
                history.end(part.send, Fate::Lost { base, at });
            } else {
                history.end(part.send, Fate::Acked { base, at });
            }
        }
    }
}

fn producer_of(producer: &ProducerBatch) -> records::Producer {
    records::Producer {
        id: i64::try_from(producer.id).unwrap_or(i64::MAX),
        epoch: i16::try_from(producer.epoch).unwrap_or(i16::MAX),
        base_sequence: i32::try_from(producer.base_sequence).unwrap_or(i32::MAX),
    }
}

/// Sends a group to a process.
async fn append(agent: &Agent, parts: &[Part], request: Option<RequestSequence>) -> Told {
    let runs: Vec<AppendRun> = parts.iter().map(run_of).collect();
    let bytes = runs
        .iter()
        .flat_map(|run| &run.batches)
        .map(|batch| batch.bytes().len())
        .sum();
    let called = agent
        .call(PATIENCE, move |engine| async move {
            let permit = engine.reserve(bytes)?;
            engine.append(permit, AppendGroup { runs, request }).await
        })
        .await;
    match called {
        Called::Done(Ok(done)) => Told::Acked(done),
        Called::Done(Err(error)) if error.happened() == Happened::No => Told::Failed(Some(error)),
        Called::Done(Err(_)) | Called::Lost => Told::Unknown,
        Called::Down => Told::Failed(None),
    }
}

fn run_of(part: &Part) -> AppendRun {
    AppendRun {
        partition: part.partition,
        batches: vec![part.batch.clone()],
        producer: part.producer,
        expected_offset: part.expected_offset,
    }
}

/// The first word of an error, to count by.
fn reason(error: Option<&AppendError>) -> String {
    let text = match error {
        None => return "down".to_owned(),
        Some(AppendError::Rejected(rejection)) => format!("{rejection:?}"),
        Some(other) => format!("{other:?}"),
    };
    text.split([' ', '(', '{']).next().unwrap_or_default().to_owned()
}
