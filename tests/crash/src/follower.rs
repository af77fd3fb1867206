//! Clients that read along, and one that commits how far it has come; both write down what they were told.

use std::time::Duration;

use anyhow::Result;
use history::{Did, Outcome, Poll};
use reqwest::Method;
use serde_json::{Value, json};
use world::{Chance, Clock};

use crate::client::Client;
use crate::workload::{Shared, polled};

/// Waits between two operations.
const PAUSE: Duration = Duration::from_millis(5);

/// Agents, one of which is asked until it does not answer.
#[derive(Debug)]
struct Turn {
    agents: Vec<Client>,
    turn: usize,
}

impl Turn {
    fn now(&self) -> &Client {
        &self.agents[self.turn % self.agents.len()]
    }

    fn next(&mut self) {
        self.turn += 1;
    }
}

/// Reads every partition from its beginning on, one after another, as records come.
#[derive(Debug)]
pub struct Follower {
    process: u32,
    topic: &'static str,
    next: Vec<u64>,
    turn: Turn,
    shared: Shared,
    clock: Clock,
}

impl Follower {
    /// One that has read nothing yet.
    pub fn new(process: u32, topic: &'static str, partitions: u32, agents: Vec<Client>, shared: Shared) -> Follower {
        Follower {
            process,
            topic,
            next: vec![0; partitions as usize],
            turn: Turn {
                agents,
                turn: process as usize,
            },
            shared,
            clock: Clock::real(),
        }
    }

    /// Reads until told to stop.
    ///
    /// # Errors
    /// None: what does not answer is asked again.
    pub async fn run(mut self) -> Result<()> {
        let partitions = u32::try_from(self.next.len())?;
        let from = self.next.iter().zip(0..partitions);
        let from = from
            .map(|(next, partition)| (format!("{}/{partition}", self.topic), Some(*next)))
            .collect();
        let begun = self.shared.history.begin(self.process);
        self.shared.history.end(begun, Did::Assign { from }, Outcome::Ok, None);
        for partition in (0..partitions).cycle() {
            if self.shared.is_stopping() {
                break;
            }
            self.poll(partition).await;
            self.clock.sleep(PAUSE).await;
        }
        Ok(())
    }

    async fn poll(&mut self, partition: u32) {
        let next = self.next[partition as usize];
        let path = format!(
            "/v1/topics/{}/partitions/{partition}/records?offset={next}&limit=200",
            self.topic
        );
        let begun = self.shared.history.begin(self.process);
        match self.turn.now().read(&path).await {
            Ok(page) => {
                let poll = Poll {
                    parts: vec![polled(self.topic, partition, &page.records)],
                    ..Poll::default()
                };
                if let Some(last) = page.records.last() {
                    self.next[partition as usize] = last.offset + 1;
                }
                self.shared.history.end(begun, Did::Poll(poll), Outcome::Ok, None);
                self.shared.answered(true);
            }
            Err(error) => {
                let why = Some(format!("{error:#}"));
                self.shared
                    .history
                    .end(begun, Did::Poll(Poll::default()), Outcome::Fail, why);
                self.shared.answered(false);
                self.turn.next();
            }
        }
    }
}

/// Commits rising offsets of a group, each only on top of what it last saw, and reads them back.
#[derive(Debug)]
pub struct Committer {
    process: u32,
    topic: &'static str,
    group: &'static str,
    offset: u64,
    /// The group's last change that it knows of.
    change: Option<String>,
    turn: Turn,
    shared: Shared,
    clock: Clock,
    chance: Chance,
}

impl Committer {
    /// One that has committed nothing yet.
    pub fn new(process: u32, topic: &'static str, agents: Vec<Client>, shared: Shared) -> Committer {
        Committer {
            process,
            topic,
            group: "readers",
            offset: 0,
            change: None,
            turn: Turn { agents, turn: 0 },
            shared,
            clock: Clock::real(),
            chance: Chance::from_entropy(),
        }
    }

    /// Makes the group, while nothing goes wrong yet.
    ///
    /// # Errors
    /// When that is refused.
    pub async fn begin(&mut self) -> Result<()> {
        let begun = self.shared.history.begin(self.process);
        let answer = self.put().await?;
        anyhow::ensure!(answer.is_ok(), "{answer:?}");
        self.end_commit(begun, Outcome::Ok, None);
        self.change = answer.ok();
        Ok(())
    }

    /// Commits and reads until told to stop.
    ///
    /// # Errors
    /// When an agent says something that makes no sense.
    pub async fn run(mut self) -> Result<()> {
        while !self.shared.is_stopping() {
            if self.change.is_some() && self.chance.coin(0.6) {
                self.commit().await;
            } else {
                self.read_back().await;
            }
            self.clock.sleep(PAUSE).await;
        }
        Ok(())
    }

    async fn commit(&mut self) {
        self.offset += 1;
        let begun = self.shared.history.begin(self.process);
        let (outcome, why) = match self.put().await {
            Ok(Ok(change)) => {
                self.change = Some(change);
                (Outcome::Ok, None)
            }
            // It was not as the group was last seen, so it is looked at again.
            Ok(Err(refused)) => {
                self.change = None;
                (Outcome::Fail, Some(refused))
            }
            Err(error) => {
                self.change = None;
                (Outcome::Info, Some(format!("{error:#}")))
            }
        };
        self.shared.answered(outcome == Outcome::Ok);
        if outcome != Outcome::Ok {
            self.turn.next();
        }
        self.end_commit(begun, outcome, why);
    }

    fn end_commit(&self, begun: history::Begun, outcome: Outcome, why: Option<String>) {
        let commit = Did::Commit {
            group: self.group.to_owned(),
            offsets: vec![(self.key(), self.offset)],
            // Each names the change before it: what others or earlier tries sent meanwhile can land no more.
            settles: true,
        };
        self.shared.history.end(begun, commit, outcome, why);
    }

    fn key(&self) -> String {
        format!("{}/0", self.topic)
    }

    fn path(&self) -> String {
        format!("/v1/groups/{}/offsets", self.group)
    }

    /// The change that did it, or why it certainly was not done.
    async fn put(&self) -> Result<Result<String, String>> {
        let offset = json!({"topic": self.topic, "partition": 0, "offset": self.offset});
        let mut request = self.turn.now().request(Method::PUT, &self.path());
        if let Some(change) = &self.change {
            request = request.header("if-match", format!("\"{change}\""));
        }
        let answer = match request.json(&json!({"offsets": [offset]})).send().await {
            Ok(answer) => answer,
            Err(error) if error.is_connect() => return Ok(Err(error.to_string())),
            Err(error) => return Err(error.into()),
        };
        let body: Value = serde_json::from_slice(&answer.bytes().await?)?;
        if let Some(change) = body["change"].as_str().filter(|_| body["offsets"].is_array()) {
            return Ok(Ok(change.to_owned()));
        }
        anyhow::ensure!(body["no_side_effects"] == true, "{body}");
        Ok(Err(body["code"].to_string()))
    }

    async fn read_back(&mut self) {
        let begun = self.shared.history.begin(self.process);
        let committed = |offset| Did::Committed {
            group: self.group.to_owned(),
            offsets: vec![(self.key(), offset)],
        };
        match self.turn.now().get(&self.path()).await {
            Ok(answer) => {
                let offset = answer["offsets"][0]["offset"].as_u64();
                let committed = committed(offset);
                self.shared.history.end(begun, committed, Outcome::Ok, None);
                self.shared.answered(true);
                self.change = answer["change"].as_str().map(str::to_owned);
            }
            Err(error) => {
                let why = Some(format!("{error:#}"));
                self.shared.history.end(begun, committed(None), Outcome::Fail, why);
                self.shared.answered(false);
                self.turn.next();
            }
        }
    }
}
