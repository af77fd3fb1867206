//! A stream of events that is cut off by `kill -9` again and again, and goes on with its last event's id.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use crash::client::Client;
use crash::place::Place;
use crash::process::{Process, Spec};
use crash::workload::{Shared, polled};
use futures::StreamExt as _;
use history::{Did, Outcome, Poll, Recorder};
use parking_lot::Mutex;
use reqwest::Method;
use serde_json::json;
use world::{Clock, World};

use crate::support::{finish, mixture, must_hold, start, tell};

const KILLS: usize = 5;
const TOPIC: &str = "events";
const PARTITIONS: u32 = 3;

/// A reader that knows nothing but the last event's id.
struct Tail {
    client: Client,
    path: &'static str,
    history: Arc<Recorder>,
    process: u32,
    last: Option<String>,
    connects: u32,
    seen: Arc<Mutex<u64>>,
}

impl Tail {
    async fn run(mut self, clock: Clock) {
        // It begins at the beginning.
        let begun = self.history.begin(self.process);
        let from = (0..PARTITIONS).map(|partition| (format!("{TOPIC}/{partition}"), Some(0)));
        let assign = Did::Assign { from: from.collect() };
        self.history.end(begun, assign, Outcome::Ok, None);
        loop {
            // However it ends, it is begun again.
            let _ = self.connection().await;
            clock.sleep(Duration::from_millis(50)).await;
        }
    }

    async fn connection(&mut self) -> Result<()> {
        let mut request = self
            .client
            .request(Method::GET, self.path)
            .header("accept", "text/event-stream");
        if let Some(last) = &self.last {
            request = request.header("last-event-id", last);
        }
        let answer = request.send().await?.error_for_status()?;
        self.connects += 1;
        let mut pieces = answer.bytes_stream();
        let mut text = Vec::new();
        while let Some(piece) = pieces.next().await {
            text.extend_from_slice(&piece?);
            while let Some(end) = text.windows(2).position(|pair| pair == b"\n\n") {
                let event: Vec<u8> = text.drain(..end + 2).collect();
                self.event(&String::from_utf8(event)?)?;
            }
        }
        Ok(())
    }

    /// Takes an event as the standard says: the id counts once the whole event is there.
    fn event(&mut self, text: &str) -> Result<()> {
        let field = |name: &str| {
            text.lines()
                .find_map(|line| line.strip_prefix(name))
                .map(str::trim_start)
        };
        if let Some(id) = field("id:") {
            self.last = Some(id.to_owned());
        }
        if field("event:") != Some("records") {
            return Ok(());
        }
        let data: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("data:")).collect();
        let records = crash::client::records(&data.join("\n"))?;
        *self.seen.lock() += records.len() as u64;
        let begun = self.history.begin(self.process);
        let runs = records.chunk_by(|one, two| one.partition == two.partition);
        let poll = Poll {
            parts: runs.map(|run| polled(TOPIC, run[0].partition, run)).collect(),
            ..Poll::default()
        };
        self.history.end(begun, Did::Poll(poll), Outcome::Ok, None);
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_misses_nothing_and_repeats_nothing() -> Result<()> {
    let (world, place) = (World::real(), Place::new()?);
    let shared = Shared::new(&place)?;
    let mut process = Process::start(Spec::dev(&place)?).await?;
    let client = process.client()?;
    client.create_topic(TOPIC, PARTITIONS, &json!({})).await?;
    let paths = ["/v1/topics/events/records", "/v1/topics/events/partitions/1/records"];
    let tails = world.child("tails");
    let seen: Vec<Arc<Mutex<u64>>> = paths.iter().map(|_| Arc::default()).collect();
    for ((path, seen), number) in paths.into_iter().zip(&seen).zip(100..) {
        let tail = Tail {
            client: client.patient(Duration::from_secs(600))?,
            path,
            history: Arc::clone(&shared.history),
            process: number,
            last: None,
            connects: 0,
            seen: Arc::clone(seen),
        };
        tails.tasks.spawn("a tail", tail.run(world.clock.clone()));
    }
    let plans = mixture(TOPIC, PARTITIONS, Duration::from_millis(5));
    let working = start(&world, &plans, std::slice::from_ref(&client), &shared);
    for _ in 0..KILLS {
        world
            .clock
            .sleep(
                world
                    .chance
                    .between(Duration::from_millis(400), Duration::from_millis(1_000)),
            )
            .await;
        process.kill()?;
        process.restart().await?;
    }
    world.clock.sleep(Duration::from_millis(500)).await;
    finish(working, &shared).await?;
    let all = client.read_topic(TOPIC).await?;
    let one = all.iter().filter(|record| record.partition == 1).count() as u64;
    for (seen, expected) in seen.iter().zip([all.len() as u64, one]) {
        let deadline = world.clock.now() + Duration::from_secs(10);
        while *seen.lock() < expected && world.clock.now() < deadline {
            world.clock.sleep(Duration::from_millis(20)).await;
        }
        ensure!(
            *seen.lock() == expected,
            "{} of {expected} records streamed",
            *seen.lock()
        );
    }
    tails.tasks.kill();
    tell(&format!("{} records streamed over {KILLS} kills", all.len()));
    // Every poll goes on where the one before had stopped.
    must_hold(&client, TOPIC, &shared, &place).await?;
    place.passed();
    Ok(())
}
