//! Sends bodies one after another, each with the producer's next number, and the same one again until its fate is
//! known.
//!
//! A number names one body for ever: the agent answers a repeat of one of the last five with its first acks. So a
//! request whose answer was lost is simply sent again, and a body that was refused for good ends the command.

use std::time::Duration;

use anyhow::Result;
use reqwest::StatusCode;
use world::{Backoff, Clock, World};

use super::ProduceArgs;
use super::encode::Body;
use crate::client::{Answer, Client, ClientError};
use crate::context::Context;
use crate::wire::{Ack, AppendAnswer};

/// Longest one exchange may take.
const EXCHANGE: Duration = Duration::from_secs(60);

/// The producer.
#[derive(Debug)]
pub(super) struct Sender {
    client: Client,
    world: World,
    topic: String,
    partition: Option<u32>,
    key: Option<String>,
    key_path: Option<String>,
    producer: String,
    epoch: u32,
    sequence: u64,
    patience: Duration,
}

impl Sender {
    /// A producer as the command line says.
    pub(super) fn new(args: &ProduceArgs, context: &Context) -> Result<Sender> {
        Ok(Sender {
            client: args.url.client()?,
            world: context.world.clone(),
            topic: args.topic.clone(),
            partition: args.partition,
            key: args.key.clone(),
            key_path: args.key_path.clone(),
            producer: args.producer(context)?,
            epoch: args.producer_epoch,
            sequence: args.producer_seq,
            patience: Duration::from_secs(args.retry_s),
        })
    }

    /// Appends the body: where its records lie, and whether they had been appended by an earlier try.
    pub(super) async fn send(&mut self, body: Body) -> Result<(Vec<Ack>, bool)> {
        if body.bytes.is_empty() {
            return Ok((Vec::new(), false));
        }
        let answer = self.until_known(&body).await?;
        self.sequence += 1;
        if answer.status == StatusCode::NO_CONTENT {
            return Ok((Vec::new(), true));
        }
        let replayed = answer.header("idempotent-replayed") == Some("true");
        let appended: AppendAnswer = answer.json()?;
        Ok((appended.acks, replayed))
    }

    async fn until_known(&self, body: &Body) -> Result<Answer> {
        let clock: &Clock = &self.world.clock;
        let backoff = Backoff {
            first: Duration::from_millis(100),
            max: Duration::from_secs(5),
            deadline: self.patience,
        };
        let deadline = clock.now() + self.patience;
        let mut attempt = 0;
        loop {
            let error = match self.once(body).await {
                Ok(answer) => return Ok(answer),
                Err(error) if error.worth_a_retry() => error,
                Err(error) => return Err(self.explained(error)),
            };
            let wait = self.wait(&backoff, attempt, &error);
            if clock.now() + wait >= deadline {
                return Err(self.explained(error));
            }
            tracing::info!(sequence = self.sequence, %error, "sending again");
            clock.sleep(wait).await;
            attempt += 1;
        }
    }

    /// At least what the agent asked for.
    fn wait(&self, backoff: &Backoff, attempt: u32, error: &ClientError) -> Duration {
        let drawn = self.world.chance.between(
            Duration::from_millis(20),
            backoff.bound(attempt).max(Duration::from_millis(40)),
        );
        let asked = error
            .problem()
            .and_then(|problem| problem.retry_after)
            .unwrap_or_default();
        drawn.max(asked)
    }

    async fn once(&self, body: &Body) -> Result<Answer, ClientError> {
        let partition = self.partition.map(|partition| partition.to_string());
        let mut route = vec!["v1", "topics", self.topic.as_str()];
        if let Some(partition) = &partition {
            route.extend(["partitions", partition.as_str()]);
        }
        let mut ask = if body.structured {
            route.push("records");
            self.client.post(&route)
        } else {
            let ask = self.client.post(&route).query_opt("key", self.key.as_ref());
            ask.query_opt("key_path", self.key_path.as_ref())
        };
        ask = ask
            .header("Producer-Id", &self.producer)
            .header("Producer-Epoch", self.epoch.to_string())
            .header("Producer-Seq", self.sequence.to_string());
        ask.body(body.content_type, body.bytes.clone())
            .timeout(EXCHANGE)
            .send()
            .await
    }

    /// How to go on, where that is not plain.
    fn explained(&self, error: ClientError) -> anyhow::Error {
        let Some(expected) = error
            .problem()
            .filter(|problem| problem.code == "sequence_gap")
            .map(|problem| problem.number("expected"))
        else {
            return error.into();
        };
        let expected = expected.map_or_else(|| "another number".to_owned(), |number| number.to_string());
        anyhow::Error::from(error).context(format!(
            "producer {} is expected to go on with request {expected}, this is request {}; see --producer-seq and --producer-epoch",
            self.producer, self.sequence
        ))
    }
}
