//! Readers: one that lives on a stream of events, and the leader epochs of what is stored.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use futures::StreamExt as _;
use reqwest::Method;
use tokio::sync::oneshot;
use world::World;

use super::{TOPIC, events};
use crate::client::Client;

/// Between two connections.
const PAUSE: Duration = Duration::from_millis(200);
/// How long a follower may take from its start until it is told.
const PATIENCE: Duration = Duration::from_secs(60);

/// A client that reads a stream of events from the end on, and comes back with the last event's id, as browsers do. It
/// ends when it is told that it has read what is lost.
#[derive(Debug)]
pub struct Follower {
    told: oneshot::Receiver<Result<String>>,
}

impl Follower {
    /// Begins behind everything, on all partitions or one. It is connected when this returns.
    ///
    /// # Errors
    /// When it gets no stream.
    pub async fn start(world: &World, client: &Client, partition: Option<u32>) -> Result<Follower> {
        let path = match partition {
            None => format!("/v1/topics/{TOPIC}/records?cursor=latest"),
            Some(partition) => format!("/v1/topics/{TOPIC}/partitions/{partition}/records?offset=latest"),
        };
        let (tell, told) = oneshot::channel();
        let first = events(&client.patient(PATIENCE)?, &path)
            .send()
            .await?
            .error_for_status()?;
        let (client, world_of_task) = (client.patient(PATIENCE)?, world.clone());
        world.tasks.spawn("a follower", async move {
            let followed = follow(&world_of_task, &client, &path, first);
            let _ = tell.send(followed.await);
        });
        Ok(Follower { told })
    }

    /// Waits until it was told, before it was given any record.
    ///
    /// # Errors
    /// When it was given one, or was not told.
    pub async fn must_be_told(self) -> Result<()> {
        let said = self.told.await.context("the follower is gone")??;
        ensure!(said.contains("history_lost"), "{said}");
        Ok(())
    }
}

async fn follow(world: &World, client: &Client, path: &str, first: reqwest::Response) -> Result<String> {
    let (mut answer, mut last, mut events_seen) = (Some(first), None, Vec::new());
    let deadline = world.clock.now() + PATIENCE;
    while world.clock.now() < deadline {
        if let Some(answer) = answer.take() {
            let mut text = Vec::new();
            let mut pieces = answer.bytes_stream();
            while let Some(Ok(piece)) = pieces.next().await {
                text.extend_from_slice(&piece);
                while let Some(end) = text.windows(2).position(|pair| pair == b"\n\n") {
                    let event = String::from_utf8(text.drain(..end + 2).collect())?;
                    let id = event.lines().find_map(|line| line.strip_prefix("id: "));
                    last = id.map(str::to_owned).or(last);
                    if event.starts_with("event: records") {
                        bail!("given {event} behind {events_seen:#?}");
                    }
                    if event.starts_with("event: error") && event.contains("history_lost") {
                        return Ok(event);
                    }
                    events_seen.push(event);
                }
            }
        }
        world.clock.sleep(PAUSE).await;
        let mut again = events(client, path);
        if let Some(last) = &last {
            again = again.header("last-event-id", last);
        }
        match again.send().await {
            Ok(told) if told.status() == 409 => return Ok(told.text().await?),
            Ok(stream) if stream.status() == 200 => answer = Some(stream),
            _ => {}
        }
    }
    bail!("never told; events: {events_seen:#?}")
}

/// The leader epoch of each batch of a partition, by its first offset.
pub(super) async fn epochs(client: &Client, partition: u32) -> Result<Vec<(u64, i32)>> {
    let mut found = Vec::new();
    let mut offset = 0;
    loop {
        let path = format!("/v1/topics/{TOPIC}/partitions/{partition}/records?offset={offset}");
        let request = client.request(Method::GET, &path);
        let answer = request.header("accept", "application/vnd.tidelog.batch").send().await?;
        let bytes = answer.error_for_status()?.bytes().await?;
        if bytes.is_empty() {
            return Ok(found);
        }
        let mut rest: &[u8] = &bytes;
        while !rest.is_empty() {
            let number = |at: usize, bytes: usize| {
                let part = rest.get(at..at + bytes).context("a batch is cut off")?;
                anyhow::Ok(part.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte)))
            };
            let (base, length, epoch, delta) = (number(0, 8)?, number(8, 4)?, number(12, 4)?, number(23, 4)?);
            found.push((base, i32::try_from(epoch)?));
            offset = base + delta + 1;
            rest = rest
                .get(12 + usize::try_from(length)?..)
                .context("a batch is cut off")?;
        }
    }
}
