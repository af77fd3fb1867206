//! The scenario: two agents, of which the first is the compactor too. It begins the cluster, takes records in both
//! lanes, alone and many at once, moves them out, merges them and compacts some by key, takes snapshots, moves the base, sweeps, deletes a
//! topic, and is stopped and started. A step in which it dies is done once more when it is back.

use std::sync::Arc;
use std::time::Duration;

use compactor::{CompactorConfig, Upkeep};
use engine::{ChangeError, CommitBasis, CreateTopicRequest, Engine};
use futures::future::join_all;
use history::Did;
use metadata::entry::OffsetCommit;
use metadata::{PartitionId, Rejection, Role};

use crate::agent::{Agent, Called, Crash, When};
use crate::check;
use crate::client::Scripted;
use crate::ground::{Ground, Yard};
use crate::history::Known;
use crate::swarm::{Duties, Process};
use crate::told;

const PATIENCE: Duration = Duration::from_secs(20);
/// Who deletes, in the history.
const ADMIN: u32 = 500_000;
/// Rounds of records and upkeep: enough for a base that has moved twice.
const ROUNDS: u64 = 3;

/// The configs of the topic that is compacted by key.
const KEYED: &[(&str, &str)] = &[
    ("cleanup.policy", "compact"),
    ("min.cleanable.dirty.ratio", "0"),
    ("delete.retention.ms", "0"),
];

/// Two agents; upkeep is done by hand.
pub(super) fn processes() -> Vec<Process> {
    let first = Process::by_hand(vec![Role::Agent, Role::Compactor]);
    let second = Process {
        duties: Duties::NONE,
        ..Process::front()
    };
    vec![first, second]
}

/// The counter of points of a kind that the first process has passed.
pub(super) fn passed_name(when: When) -> &'static str {
    match when {
        When::Before => "points before",
        When::Applied => "points applied",
        When::Answered => "points answered",
    }
}

/// Plays it, with a death at one point.
pub(super) async fn play(ground: Arc<Ground>, crash: Option<Crash>) {
    let yard = Yard::new(&ground);
    let [first, second] = yard.agents.as_slice() else {
        return;
    };
    if let Some(crash) = crash {
        first.crash_at(crash);
    }
    let stage = Stage {
        script: Scripted::new(&yard, first),
        yard: &yard,
        first,
    };
    first.start().await;
    second.start().await;
    stage.play().await;
    // It may have died while nothing was asked of it.
    first.come_back().await;
    for when in When::ALL {
        ground.journal.count_by(passed_name(when), first.passed(when));
    }
    check::compare_states(&yard).await;
    for agent in yard.agents.iter() {
        agent.stop(Duration::from_secs(5)).await;
    }
    check::last_look(&yard).await;
}

/// What the steps need.
struct Stage<'a> {
    yard: &'a Yard,
    first: &'a Agent,
    script: Scripted,
}

impl Stage<'_> {
    async fn play(&self) {
        let mut topics = Vec::new();
        let configured = self
            .step(
                async || match crate::run::configure(&self.yard.ground, self.first).await {
                    Called::Done(done) => done.ok(),
                    Called::Down | Called::Lost => None,
                },
            )
            .await;
        self.check("a cluster can be set up", &configured);
        for (name, lane) in [("inline", "inline"), ("object", "object")] {
            topics.extend(self.create(name, &[("tidelog.lane", lane)]).await);
        }
        let passing = self.create("passing", &[]).await;
        self.yard.ground.history.lock().topics = [topics.clone(), passing.into_iter().collect()].concat();
        let keyed = self.create("keyed", KEYED).await;
        self.yard.ground.history.lock().keyed = keyed;
        for round in 1..=ROUNDS {
            for topic in &topics {
                self.append(&[*topic]).await;
            }
            let many = [topics.as_slice(), topics.as_slice(), topics.as_slice()].concat();
            self.append(&many).await;
            self.append(&keyed.map_or(Vec::new(), |keyed| vec![keyed; 6])).await;
            self.commit(&topics, round).await;
            self.keep_up().await;
        }
        self.trim(&topics).await;
        if let Some(passing) = passing {
            self.append(&[passing]).await;
            self.delete(passing).await;
        }
        self.restart().await;
        self.append(&topics).await;
        self.keep_up().await;
        self.keep_up().await;
    }

    /// Does a step by the first process; once more if it died meanwhile, and then it is over.
    async fn step<T>(&self, step: impl AsyncFn() -> Option<T>) -> Option<T> {
        let done = step().await;
        if !self.first.come_back().await {
            return done;
        }
        match done {
            Some(done) => Some(done),
            None => step().await,
        }
    }

    async fn call<T: Send, F>(&self, ask: impl FnOnce(Engine) -> F + Send) -> Option<T>
    where
        F: Future<Output = Option<T>> + Send,
    {
        match self.first.call(PATIENCE, ask).await {
            Called::Done(answer) => answer,
            Called::Down | Called::Lost => None,
        }
    }

    fn check<T: std::fmt::Debug>(&self, name: &'static str, done: &Option<T>) {
        self.yard.ground.journal.check(name, done.is_some(), || {
            "it was not, though nobody dies any more".to_owned()
        });
    }

    async fn create(&self, name: &str, configs: &[(&str, &str)]) -> Option<Known> {
        let configs = configs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let request = CreateTopicRequest {
            name: name.to_owned(),
            partitions: 1,
            configs: configs.collect(),
            first_offset: 0,
        };
        let create = |engine: Engine| {
            let (name, request) = (name.to_owned(), request.clone());
            async move {
                match engine.create_topic(request, "operator").await {
                    Ok(created) => Some(created),
                    Err(ChangeError::Rejected(Rejection::TopicExists)) => {
                        engine.read(|state| state.topic_by_name(&name).map(|topic| (topic.number(), topic.id())))
                    }
                    Err(_) => None,
                }
            }
        };
        let created = self.step(async || self.call(create).await).await;
        self.check("a topic can be created", &created);
        let (number, id) = created?;
        Some(Known {
            number,
            id,
            partitions: 1,
        })
    }

    /// One append to each of the topics, all at once.
    async fn append(&self, topics: &[Known]) {
        let appended = self
            .step(async || {
                let sent = join_all(topics.iter().map(|topic| self.script.append(*topic))).await;
                sent.iter().all(|acked| *acked).then_some(())
            })
            .await;
        self.check("records can be appended", &appended);
    }

    async fn commit(&self, topics: &[Known], offset: u64) {
        let commits = topics.iter().map(|topic| OffsetCommit {
            topic: topic.number,
            offset,
            leader_epoch: -1,
            ..OffsetCommit::default()
        });
        let commits: Vec<OffsetCommit> = commits.collect();
        let commit = |engine: Engine| {
            let commits = commits.clone();
            async move {
                let committed = engine.commit_offsets("group", CommitBasis::Latest, &commits, "client");
                committed.await.ok()
            }
        };
        let committed = self.step(async || self.call(commit).await).await;
        self.check("offsets can be committed", &committed);
        for topic in topics {
            let partition = PartitionId {
                topic: topic.number,
                partition: 0,
            };
            let history = &mut *self.yard.ground.history.lock();
            history.commits_of("group", partition).acked = Some(offset);
        }
    }

    async fn trim(&self, topics: &[Known]) {
        let before: Vec<(PartitionId, u64)> = topics
            .iter()
            .map(|topic| {
                let partition = PartitionId {
                    topic: topic.number,
                    partition: 0,
                };
                (partition, 1)
            })
            .collect();
        let ground = &self.yard.ground;
        ground.history.lock().trims.extend(before.iter().copied());
        for (partition, before) in before.iter().copied() {
            let key = told::key(partition);
            told::asked_for(ground, ADMIN, Did::Trim { key, before });
        }
        let trim = |engine: Engine| {
            let before = before.clone();
            async move { engine.delete_records(&before, "admin").await.ok() }
        };
        let trimmed = self.step(async || self.call(trim).await).await;
        self.check("records can be deleted", &trimmed);
    }

    async fn delete(&self, topic: Known) {
        let ground = &self.yard.ground;
        let number = topic.number.to_string();
        told::asked_for(ground, ADMIN, Did::Delete { topic: number });
        ground.history.lock().gone.insert(topic.id);
        let delete = |engine: Engine| async move {
            match engine.delete_topic(topic.number, "admin").await {
                Ok(()) | Err(ChangeError::Rejected(Rejection::UnknownTopic)) => Some(()),
                Err(_) => None,
            }
        };
        let deleted = self.step(async || self.call(delete).await).await;
        self.check("a topic can be deleted", &deleted);
    }

    /// Everything that is due, and the grace.
    async fn keep_up(&self) {
        let eager = CompactorConfig {
            fan_in: 2,
            small_objects_max: 4,
            lake_small_files_max: 2,
            ..CompactorConfig::eager()
        };
        let keep_up = |engine: Engine| {
            let eager = eager.clone();
            async move {
                let report = Box::pin(Upkeep::new(engine, eager).once()).await;
                report.failures.is_empty().then_some(())
            }
        };
        let kept = self.step(async || self.call(keep_up).await).await;
        self.check("upkeep succeeds when nothing fails", &kept);
        self.yard
            .ground
            .world
            .clock
            .sleep(self.yard.ground.swarm.grace * 2)
            .await;
    }

    async fn restart(&self) {
        self.first.stop(Duration::from_secs(3)).await;
        self.first.start().await;
        self.first.come_back().await;
    }
}
