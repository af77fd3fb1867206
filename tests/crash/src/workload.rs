//! Clients that append until they are told to stop, and write down what they were told.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Result, bail};
use bytes::Bytes;
use world::{Chance, Clock};

use crate::client::{Ack, Append, Appended, Client, Producer, Record};
use crate::history::{Action, History, Outcome, Placed};

/// How a client works.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Its number in the history; no two have the same.
    pub process: u32,
    /// The topic.
    pub topic: String,
    /// One partition for all, or any for each request.
    pub partition: Option<u32>,
    /// Records of a request, at most.
    pub records_max: u64,
    /// Bytes of a record's padding.
    pub padding: usize,
    /// Whether requests are numbered, and so repeated until something definite is said.
    pub numbered: bool,
    /// How long it waits between two requests.
    pub pause: Duration,
}

/// What clients share.
#[derive(Clone, Debug)]
pub struct Shared {
    /// What they did.
    pub history: Arc<History>,
    /// Whether they are to stop.
    pub stop: Arc<AtomicBool>,
}

impl Default for Shared {
    fn default() -> Shared {
        Shared {
            history: Arc::new(History::default()),
            stop: Arc::new(AtomicBool::new(false)),
        }
    }
}

impl Shared {
    /// Tells the clients to stop after what is under way.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::SeqCst);
    }

    /// Whether they are to.
    pub fn is_stopping(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }
}

/// One client, which speaks to several agents: to the next when one does not answer.
#[derive(Debug)]
pub struct Worker {
    plan: Plan,
    agents: Vec<Client>,
    shared: Shared,
    clock: Clock,
    chance: Chance,
    turn: usize,
    sequence: u64,
}

impl Worker {
    /// One that has done nothing yet.
    pub fn new(plan: Plan, agents: Vec<Client>, shared: Shared) -> Worker {
        Worker {
            turn: plan.process as usize,
            plan,
            agents,
            shared,
            clock: Clock::real(),
            chance: Chance::from_entropy(),
            sequence: 0,
        }
    }

    /// Appends until told to stop.
    ///
    /// # Errors
    /// When an agent says something that makes no sense.
    pub async fn run(mut self) -> Result<()> {
        while !self.shared.is_stopping() {
            self.once().await?;
            if !self.plan.pause.is_zero() {
                self.clock.sleep(self.plan.pause).await;
            }
        }
        Ok(())
    }

    /// One request, repeated as long as that is safe and nothing definite was said.
    ///
    /// # Errors
    /// When an agent says something that makes no sense.
    pub async fn once(&mut self) -> Result<Outcome> {
        let values = self.values();
        let body = Bytes::from(values.join("\n"));
        let begun = self.shared.history.begin(self.plan.process);
        let (placed, outcome) = self.send(&values, body).await?;
        self.shared
            .history
            .end(begun, Action::Send { values, placed }, outcome.clone());
        self.sequence += 1;
        Ok(outcome)
    }

    fn values(&self) -> Vec<String> {
        let Plan {
            process,
            padding,
            records_max,
            ..
        } = self.plan;
        let count = 1 + self.chance.below(records_max);
        let pad = "x".repeat(padding);
        let value = |index| format!(r#"{{"id":"{process}-{}-{index}","pad":"{pad}"}}"#, self.sequence);
        (0..count).map(value).collect()
    }

    async fn send(&mut self, values: &[String], body: Bytes) -> Result<(Vec<Placed>, Outcome)> {
        let mut doubt: Option<String> = None;
        loop {
            let why = match self.attempt(body.clone()).await {
                Appended::Ok { acks, .. } => return Ok((placed(values, &acks)?, Outcome::Ok)),
                Appended::Refused(refusal) => {
                    if refusal.code == "sequence_gap" {
                        bail!("a gap that this client did not make: {:?}", refusal.problem);
                    }
                    if !self.plan.numbered || self.shared.is_stopping() {
                        let why = refusal.code;
                        return Ok((Vec::new(), doubt.map_or(Outcome::Fail(why), Outcome::Info)));
                    }
                    refusal.code
                }
                Appended::Unknown(why) if self.plan.numbered => {
                    doubt = Some(why.clone());
                    why
                }
                Appended::Unknown(why) => return Ok((Vec::new(), Outcome::Info(why))),
            };
            if self.shared.is_stopping() {
                return Ok((Vec::new(), Outcome::Info(why)));
            }
            self.turn += 1;
            self.clock.sleep(Duration::from_millis(20)).await;
        }
    }

    async fn attempt(&self, body: Bytes) -> Appended {
        let Plan {
            topic,
            partition,
            numbered,
            process,
            ..
        } = &self.plan;
        let to = match partition {
            Some(partition) => format!("{topic}/partitions/{partition}"),
            None => topic.clone(),
        };
        let producer = numbered.then(|| Producer {
            id: format!("worker-{process}"),
            epoch: 0,
            sequence: self.sequence,
        });
        let append = Append {
            to: &to,
            media_type: "application/x-ndjson",
            body,
            producer,
        };
        self.agents[self.turn % self.agents.len()].append(&append).await
    }
}

/// Where the records of a request for one partition are.
fn placed(values: &[String], acks: &[Ack]) -> Result<Vec<Placed>> {
    let [ack] = acks else {
        bail!("one partition, and acks {acks:?}");
    };
    if ack.count != values.len() as u64 {
        bail!("{} records, and acks {acks:?}", values.len());
    }
    let place = |(offset, value): (u64, &String)| Placed {
        partition: ack.partition,
        offset,
        value: value.clone(),
    };
    Ok((ack.base_offset..).zip(values).map(place).collect())
}

/// Everything in a topic, from the beginning to the end of every partition.
///
/// # Errors
/// When it cannot be read.
pub async fn whole_log(client: &Client, topic: &str) -> Result<Vec<Placed>> {
    let mut log = Vec::new();
    for partition in 0..client.partitions(topic).await? {
        log.extend(
            client
                .read_partition(topic, partition)
                .await?
                .into_iter()
                .map(Placed::from),
        );
    }
    Ok(log)
}

impl From<Record> for Placed {
    fn from(record: Record) -> Placed {
        Placed {
            partition: record.partition,
            offset: record.offset,
            value: record.value,
        }
    }
}
