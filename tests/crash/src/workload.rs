//! Clients that append until they are told to stop, and write down what they were told.

use std::fs::File;
use std::io::BufWriter;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use history::lines::name_of;
use history::{Did, Outcome, Poll, PollPart, Recorder, Send, SendPart};
use world::{Chance, Clock};

use crate::client::{Ack, Append, Appended, Client, Producer, Record};
use crate::place::Place;

/// Numbers of those who read everything.
const READERS: u32 = 1_000_000;

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
    pub history: Arc<Recorder>,
    /// Whether they are to stop.
    pub stop: Arc<AtomicBool>,
    readers: Arc<AtomicU32>,
    /// Operations that are no sends, and those of them that were answered.
    others: Arc<[AtomicUsize; 2]>,
}

impl Shared {
    /// They write down what they do in the place's file, which is kept with it when the test fails.
    ///
    /// # Errors
    /// What the file system says.
    pub fn new(place: &Place) -> Result<Shared> {
        let file = File::create(place.history()).context("the history")?;
        Ok(Shared {
            history: Arc::new(Recorder::new(BufWriter::new(file))?),
            stop: Arc::new(AtomicBool::new(false)),
            readers: Arc::new(AtomicU32::new(READERS)),
            others: Arc::default(),
        })
    }

    /// An operation that is no send has ended.
    pub(crate) fn answered(&self, well: bool) {
        self.others[0].fetch_add(1, Ordering::SeqCst);
        self.others[1].fetch_add(usize::from(well), Ordering::SeqCst);
    }

    /// How many operations there were that are no sends, and how many of them were answered.
    pub fn others(&self) -> (usize, usize) {
        (
            self.others[0].load(Ordering::SeqCst),
            self.others[1].load(Ordering::SeqCst),
        )
    }

    /// Tells the clients to stop after what is under way.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::SeqCst);
    }

    /// Whether they are to.
    pub fn is_stopping(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }
}

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Done, and where, unless it was done too long ago.
    Ok(Option<Ack>),
    /// Certainly not done, now or ever.
    Fail(String),
    /// Nobody knows. So it is when one attempt had no definite answer, whatever the others had.
    Info(String),
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
    pub async fn once(&mut self) -> Result<Ended> {
        let values = self.values();
        let body = Bytes::from(values.join("\n"));
        let begun = self.shared.history.begin(self.plan.process);
        let ended = self.send(values.len(), body).await?;
        if !matches!(ended, Ended::Ok(_)) && !self.plan.numbered {
            // One that is not repeated does not knock at a closed door for ever either.
            self.turn_away().await;
        }
        let (outcome, why, ack) = match &ended {
            Ended::Ok(ack) => (Outcome::Ok, None, ack.as_ref()),
            Ended::Fail(why) => (Outcome::Fail, Some(why.clone()), None),
            Ended::Info(why) => (Outcome::Info, Some(why.clone()), None),
        };
        let sent = Did::Send(self.sent(&values, ack));
        self.shared.history.end(begun, sent, outcome, why);
        self.sequence += 1;
        Ok(ended)
    }

    /// A send as the history has it.
    fn sent(&self, values: &[String], ack: Option<&Ack>) -> Send {
        let topic = &self.plan.topic;
        let partition = ack.map(|ack| ack.partition).or(self.plan.partition);
        let part = SendPart {
            key: partition.map_or_else(|| topic.clone(), |partition| format!("{topic}/{partition}")),
            values: values.iter().map(|value| name_of(value)).collect(),
            base: ack.map(|ack| ack.base_offset),
            offsets: None,
        };
        let producer = self.plan.numbered.then(|| history::Producer {
            id: self.producer(),
            epoch: 0,
            sequence: self.sequence,
        });
        Send {
            parts: vec![part],
            apart: false,
            producer,
        }
    }

    fn producer(&self) -> String {
        format!("worker-{}", self.plan.process)
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

    async fn send(&mut self, records: usize, body: Bytes) -> Result<Ended> {
        let mut doubt: Option<String> = None;
        loop {
            let why = match self.attempt(body.clone()).await {
                Appended::Ok { acks, .. } => return Ok(Ended::Ok(placed(records, &acks)?)),
                Appended::Refused(refusal) => {
                    if refusal.code == "sequence_gap" {
                        bail!("a gap that this client did not make: {:?}", refusal.problem);
                    }
                    if !self.plan.numbered || self.shared.is_stopping() {
                        let why = refusal.code;
                        return Ok(doubt.map_or(Ended::Fail(why), Ended::Info));
                    }
                    refusal.code
                }
                Appended::Unknown(why) if self.plan.numbered => {
                    doubt = Some(why.clone());
                    why
                }
                Appended::Unknown(why) => return Ok(Ended::Info(why)),
            };
            if self.shared.is_stopping() {
                return Ok(Ended::Info(why));
            }
            self.turn_away().await;
        }
    }

    /// To the next agent, after a moment.
    async fn turn_away(&mut self) {
        self.turn += 1;
        self.clock.sleep(Duration::from_millis(20)).await;
    }

    async fn attempt(&self, body: Bytes) -> Appended {
        let Plan {
            topic,
            partition,
            numbered,
            ..
        } = &self.plan;
        let to = match partition {
            Some(partition) => format!("{topic}/partitions/{partition}"),
            None => topic.clone(),
        };
        let producer = numbered.then(|| Producer {
            id: self.producer(),
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

/// The acknowledgement of a request for one partition; none for a repeat that is too old.
fn placed(records: usize, acks: &[Ack]) -> Result<Option<Ack>> {
    match acks {
        [ack] if ack.count == records as u64 => Ok(Some(ack.clone())),
        _ => bail!("{records} records for one partition, and acks {acks:?}"),
    }
}

/// Reads everything in a topic, from the beginning to the end of every partition, as a new client that takes part in the
/// history; `last` when no request is under way any more. How many records there are.
///
/// # Errors
/// When it cannot be read.
pub async fn read_all(client: &Client, topic: &str, shared: &Shared, last: bool) -> Result<usize> {
    let process = shared.readers.fetch_add(1, Ordering::SeqCst);
    let mut read = 0;
    for partition in 0..client.partitions(topic).await? {
        let begun = shared.history.begin(process);
        let records = client.read_partition(topic, partition).await?;
        read += records.len();
        let part = PollPart {
            from: Some(0),
            ..polled(topic, partition, &records)
        };
        let poll = Poll {
            parts: vec![part],
            last,
            ..Poll::default()
        };
        shared.history.end(begun, Did::Poll(poll), Outcome::Ok, None);
    }
    Ok(read)
}

/// Records of a partition as the history has them.
pub fn polled(topic: &str, partition: u32, records: &[Record]) -> PollPart {
    PollPart {
        key: format!("{topic}/{partition}"),
        records: records
            .iter()
            .map(|record| (record.offset, name_of(&record.value)))
            .collect(),
        ..PollPart::default()
    }
}
