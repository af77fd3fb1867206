//! A log whose PostgreSQL loses its end while two agents run: what is written before and after, what agents and readers
//! have to be told, and what the table may hold. How the end is lost is the test's own.

mod operator;
mod reader;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use world::World;

use crate::client::{Append, Appended, Client};
use crate::place::Place;
use crate::process::{Process, Spec};
use crate::{clean, command};

pub use reader::Follower;
pub use table::Table;

/// What is written to.
pub const TOPIC: &str = "orders";
const PARTITIONS: u32 = 2;
/// Every so many requests one is larger than an entry holds by itself.
const LARGE_EVERY: u64 = 8;
const LARGE_BYTES: usize = 100_000;
/// How long everybody may take to see a loss.
const SEEN_WITHIN: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(50);
/// At the end, so that sweeps need not be waited for.
const GRACE: Duration = Duration::from_secs(1);

/// Values by partition and offset.
pub type Records = BTreeMap<(u32, u64), String>;

/// The log, its agents, and what clients were told.
#[derive(Debug)]
pub struct Trial {
    world: World,
    /// Where it lies.
    pub place: Place,
    /// Those that run.
    pub agents: Vec<Process>,
    written: u64,
    /// What was acknowledged before the place to which the ledger falls back, and behind the loss.
    kept: Records,
    /// What was acknowledged and is lost.
    lost: Records,
    /// What certainly was not done.
    refused: BTreeSet<String>,
    /// What the latest refusal or failure said.
    said: String,
}

impl Trial {
    /// Two agents and a topic.
    ///
    /// # Errors
    /// When an agent does not serve.
    pub async fn begin(world: &World, place: Place) -> Result<Trial> {
        let mut agents = Vec::new();
        for name in ["one", "two"] {
            let mut spec = Spec::agent(&place, name)?;
            // What was under way when the end was lost has no outcome; nobody here waits half a minute for that.
            spec.variables.push(("TIDELOG_APPEND_DEADLINE_MS", "3000".to_owned()));
            agents.push(Process::start(spec).await?);
        }
        let trial = Trial {
            world: world.clone(),
            place,
            agents,
            written: 0,
            kept: Records::new(),
            lost: Records::new(),
            refused: BTreeSet::new(),
            said: String::new(),
        };
        trial.client(0)?.create_topic(TOPIC, PARTITIONS, &json!({})).await?;
        Ok(trial)
    }

    /// Speaks to one of the agents.
    ///
    /// # Errors
    /// When no client can be made.
    pub fn client(&self, agent: usize) -> Result<Client> {
        self.agents[agent].client()
    }

    /// So many requests, each acknowledged, by turns through both agents; they will be kept.
    ///
    /// # Errors
    /// When one is not.
    pub async fn write_kept(&mut self, requests: u64) -> Result<()> {
        let written = self.write(requests).await?;
        self.kept.extend(written);
        Ok(())
    }

    /// The same; they will be lost.
    ///
    /// # Errors
    /// When one is not acknowledged.
    pub async fn write_lost(&mut self, requests: u64) -> Result<()> {
        let written = self.write(requests).await?;
        self.lost.extend(written);
        Ok(())
    }

    async fn write(&mut self, requests: u64) -> Result<Records> {
        let mut records = Records::new();
        for request in 0..requests {
            let (value, appended) = self.append((request % 2) as usize).await?;
            let Appended::Ok { acks, .. } = appended else {
                bail!("{appended:?}");
            };
            let [ack] = acks.as_slice() else { bail!("{acks:?}") };
            let before = records.insert((ack.partition, ack.base_offset), value);
            ensure!(before.is_none(), "given twice: {ack:?}");
        }
        Ok(records)
    }

    /// One record, to whatever end.
    async fn append(&mut self, agent: usize) -> Result<(String, Appended)> {
        self.written += 1;
        let padding = match self.written % LARGE_EVERY {
            0 => "x".repeat(LARGE_BYTES),
            _ => String::new(),
        };
        let value = format!("{{\"number\":{},\"padding\":\"{padding}\"}}", self.written);
        let append = Append {
            to: &format!("{TOPIC}/partitions/{}", self.written / 2 % u64::from(PARTITIONS)),
            media_type: "application/x-ndjson",
            body: value.clone().into(),
            producer: None,
        };
        let appended = self.client(agent)?.append(&append).await;
        Ok((value, appended))
    }

    /// The first offset of a partition that is lost, and the one behind the last that is.
    fn lost_of(&self, partition: u32) -> (u64, u64) {
        let offsets = self.lost.keys().filter(|(of, _)| *of == partition);
        let (first, last) = offsets.fold((u64::MAX, 0), |(first, last), (_, offset)| {
            (first.min(*offset), last.max(*offset))
        });
        (first, last + 1)
    }

    /// Both agents come to refuse what is written, acknowledge nothing before, and say why, to whoever asks and in their
    /// logs.
    ///
    /// # Errors
    /// When one does not.
    pub async fn must_halt(&mut self) -> Result<()> {
        for agent in 0..self.agents.len() {
            let deadline = self.world.clock.now() + SEEN_WITHIN;
            while !self.is_refused(agent).await? {
                ensure!(
                    self.world.clock.now() < deadline,
                    "agent {agent} does not halt, but says {}:\n{}",
                    self.said,
                    self.agents[agent].log()
                );
                self.world.clock.sleep(POLL).await;
            }
            self.must_say_why(agent).await?;
            let log = self.agents[agent].log();
            ensure!(log.contains("the ledger lost its end"), "agent {agent}: {log}");
        }
        self.must_be_described(1, true).await
    }

    /// Tries to write; whether that was refused for the loss.
    ///
    /// # Errors
    /// When it was acknowledged.
    pub async fn is_refused(&mut self, agent: usize) -> Result<bool> {
        match self.append(agent).await? {
            (value, Appended::Refused(refusal)) => {
                self.refused.insert(value);
                self.said = format!("{refusal:?}");
                Ok(refusal.code == "ledger_halted" && refusal.status == Some(503))
            }
            (_, Appended::Unknown(why)) => {
                self.said = why;
                Ok(false)
            }
            (_, acknowledged @ Appended::Ok { .. }) => bail!("acknowledged in vain: {acknowledged:?}"),
        }
    }

    /// `/readyz` of an agent says that it is halted, and why.
    ///
    /// # Errors
    /// When it says anything else.
    pub async fn must_say_why(&self, agent: usize) -> Result<()> {
        let (status, ready) = self.client(agent)?.problem("/readyz").await?;
        let why = ready["ledger_error"].as_str().unwrap_or_default();
        ensure!(
            status == 503 && ready["halted"] == json!(true) && why.contains("the ledger lost its end"),
            "agent {agent}: {status} {ready}"
        );
        Ok(())
    }

    /// The agents come to say this of their ledger, and take it for no loss.
    ///
    /// # Errors
    /// When one does not.
    pub async fn must_wait_for(&self, trouble: &str) -> Result<()> {
        let deadline = self.world.clock.now() + SEEN_WITHIN;
        for agent in 0..self.agents.len() {
            loop {
                let (_, ready) = self.client(agent)?.problem("/readyz").await?;
                ensure!(ready["halted"] == json!(false), "agent {agent}: {ready}");
                if ready["ledger_error"].as_str().unwrap_or_default().contains(trouble) {
                    break;
                }
                ensure!(self.world.clock.now() < deadline, "agent {agent}: {ready}");
                self.world.clock.sleep(POLL).await;
            }
        }
        Ok(())
    }

    /// The agents go on by themselves, in the new era, with what was kept and nothing else; whoever had read what is lost is
    /// told so.
    ///
    /// # Errors
    /// When one of it is not so.
    pub async fn must_go_on(&mut self, read_lost: &str, read_kept: &str) -> Result<()> {
        for agent in &mut self.agents {
            agent.ready().await?;
        }
        for agent in 0..self.agents.len() {
            let client = self.client(agent)?;
            let cluster = client.get("/v1/cluster").await?;
            let found = (&cluster["era"], &cluster["halted"]);
            ensure!(found == (&json!(2), &json!(false)), "{cluster}");
            self.must_hold(&client).await?;
            let path = format!("/v1/topics/{TOPIC}/records?cursor={read_lost}");
            must_be(client.problem(&path).await?, 409, "history_lost")?;
            let page = client
                .read(&format!("/v1/topics/{TOPIC}/records?cursor={read_kept}"))
                .await?;
            ensure!(page.records.is_empty() && page.up_to_date, "{page:?}");
            for partition in 0..PARTITIONS {
                let (_, behind) = self.lost_of(partition);
                let path = format!("/v1/topics/{TOPIC}/partitions/{partition}/records?offset={behind}");
                must_be(client.problem(&path).await?, 416, "offset_out_of_range")?;
            }
        }
        Ok(())
    }

    /// New records take the lost offsets, in a leader epoch of their own.
    ///
    /// # Errors
    /// When they do not.
    pub async fn must_take_the_offsets(&mut self, requests: u64) -> Result<()> {
        let lost: Vec<(u64, u64)> = (0..PARTITIONS).map(|partition| self.lost_of(partition)).collect();
        self.write_kept(requests).await?;
        for agent in 0..self.agents.len() {
            let client = self.client(agent)?;
            self.must_hold(&client).await?;
            for (partition, (first, behind)) in (0..).zip(&lost) {
                ensure!(
                    self.kept.contains_key(&(partition, *behind)),
                    "partition {partition} is too short to tell: {behind}"
                );
                for (offset, epoch) in reader::epochs(&client, partition).await? {
                    let expected = if offset < *first { 1 } else { 2 };
                    ensure!(
                        epoch == expected,
                        "offset {offset} of partition {partition}: epoch {epoch}"
                    );
                }
            }
        }
        Ok(())
    }

    /// An agent gives what was acknowledged and is not lost, and nothing that was refused or lost.
    async fn must_hold(&self, client: &Client) -> Result<()> {
        let mut found = Records::new();
        for partition in 0..PARTITIONS {
            let records = client.read_partition(TOPIC, partition).await?;
            found.extend(
                records
                    .into_iter()
                    .map(|record| ((partition, record.offset), record.value)),
            );
        }
        let refused = found.values().find(|value| self.refused.contains(*value));
        ensure!(refused.is_none(), "refused and there: {refused:?}");
        let differs = found.iter().zip(&self.kept).find(|(found, kept)| found != kept);
        ensure!(
            found.len() == self.kept.len() && differs.is_none(),
            "{} records of {}; first {differs:?}",
            found.len(),
            self.kept.len()
        );
        Ok(())
    }

    /// Everything stops; the log is sound, and still is when every sweep has passed and an agent begins anew.
    ///
    /// # Errors
    /// When it is not.
    pub async fn end(mut self) -> Result<()> {
        command::must_be_sound(&self.place).await?;
        let grace = GRACE.as_millis().to_string();
        let settings = json!({"segment.grace.ms": grace, "lake.grace.ms": grace});
        self.client(0)?.set_cluster(&settings).await?;
        for agent in &mut self.agents {
            agent.stop().await?;
        }
        clean::must_be(&self.world, &self.place, GRACE).await?;
        self.agents[0].restart().await?;
        self.must_hold(&self.client(0)?).await?;
        self.agents[0].stop().await?;
        let said = format!(
            "{} records kept, {} lost, {} refused\n",
            self.kept.len(),
            self.lost.len(),
            self.refused.len()
        );
        std::io::Write::write_all(&mut std::io::stderr(), said.as_bytes())?;
        self.place.passed();
        Ok(())
    }
}

/// A problem has a status and a code.
fn must_be((status, problem): (u16, Value), expected: u16, code: &str) -> Result<()> {
    ensure!(
        status == expected && problem["code"] == json!(code),
        "{status} {problem} where {expected} {code} was expected"
    );
    Ok(())
}

/// The cursor behind everything that an agent has.
///
/// # Errors
/// When it cannot be read.
pub async fn read_to_the_end(client: &Client) -> Result<String> {
    let mut path = format!("/v1/topics/{TOPIC}/records");
    loop {
        let page = client.read(&path).await?;
        if page.up_to_date {
            return Ok(page.next_cursor);
        }
        path = format!("/v1/topics/{TOPIC}/records?cursor={}", page.next_cursor);
    }
}

/// An agent over a ledger does not start, and says why.
///
/// # Errors
/// When it starts, or says something else.
pub async fn must_not_start(spec: Spec, why: &str) -> Result<()> {
    let log = spec.log.clone();
    ensure!(Process::start(spec).await.is_err(), "it serves");
    let said = std::fs::read_to_string(log)?;
    ensure!(said.contains(why), "{said}");
    Ok(())
}

/// What a stream is asked for.
fn events(client: &Client, path: &str) -> reqwest::RequestBuilder {
    client.request(Method::GET, path).header("accept", "text/event-stream")
}
