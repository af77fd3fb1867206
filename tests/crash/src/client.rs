//! The HTTP API as a client sees it. What it does not hide: whether a request that failed may have been done.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// No answer after this long is no answer.
const TIMEOUT: Duration = Duration::from_secs(40);

/// Speaks to one agent.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    base: String,
}

/// The three headers that make an append safe to repeat.
#[derive(Clone, Debug)]
pub struct Producer {
    /// Who.
    pub id: String,
    /// Which of its lives.
    pub epoch: u64,
    /// The request's number.
    pub sequence: u64,
}

/// What is sent.
#[derive(Clone, Debug)]
pub struct Append<'a> {
    /// Behind `/v1/topics/`: a topic, perhaps with a partition, perhaps with a query.
    pub to: &'a str,
    /// A media type.
    pub media_type: &'a str,
    /// The bytes.
    pub body: Bytes,
    /// Numbered, or not.
    pub producer: Option<Producer>,
}

/// Where records of a request went.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct Ack {
    /// The partition.
    pub partition: u32,
    /// The first record's offset.
    pub base_offset: u64,
    /// How many records.
    pub count: u64,
}

/// What came of an append.
#[derive(Clone, Debug)]
pub enum Appended {
    /// Acknowledged.
    Ok {
        /// Where the records are; empty for a repeat that is too old.
        acks: Vec<Ack>,
        /// Whether the agent says that an earlier request of the same number was taken.
        replayed: bool,
    },
    /// Certainly not done.
    Refused(Refusal),
    /// It may have been done, or may be done later.
    Unknown(String),
}

/// An answer that is not 200.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// The status; none when nobody listened.
    pub status: Option<u16>,
    /// The problem's code, or why nobody was reached.
    pub code: String,
    /// Whether the answer says when to try again.
    pub retry_after: bool,
    /// The problem.
    pub problem: Value,
}

/// A record that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its partition.
    pub partition: u32,
    /// Its offset.
    pub offset: u64,
    /// Its key.
    pub key: Option<String>,
    /// Its value, byte for byte as the answer has it.
    pub value: String,
}

/// What a read gave.
#[derive(Clone, Debug)]
pub struct Page {
    /// The records.
    pub records: Vec<Record>,
    /// Where to go on.
    pub next_cursor: String,
    /// Whether there was no more.
    pub up_to_date: bool,
}

#[derive(Deserialize)]
struct AppendAnswer {
    acks: Vec<Ack>,
}

#[derive(Deserialize)]
struct Envelope {
    partition: u32,
    offset: u64,
    key: Option<String>,
    value: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct ReadAnswer {
    records: Vec<Envelope>,
    next_cursor: String,
    up_to_date: bool,
}

impl From<Envelope> for Record {
    fn from(envelope: Envelope) -> Record {
        Record {
            partition: envelope.partition,
            offset: envelope.offset,
            key: envelope.key,
            value: envelope.value.map_or_else(String::new, |value| value.get().to_owned()),
        }
    }
}

/// The records of an event of a stream, and of every other text that has `records`.
///
/// # Errors
/// When it has none.
pub fn records(text: &str) -> Result<Vec<Record>> {
    #[derive(Deserialize)]
    struct Some {
        records: Vec<Envelope>,
    }
    let read: Some = serde_json::from_str(text).with_context(|| format!("no records: {text}"))?;
    Ok(read.records.into_iter().map(Record::from).collect())
}

impl Client {
    /// For the agent at a URL.
    ///
    /// # Errors
    /// When no client can be made.
    pub fn new(base: String) -> Result<Client> {
        Client::with_timeout(base, TIMEOUT)
    }

    /// One with another patience.
    ///
    /// # Errors
    /// When no client can be made.
    pub fn with_timeout(base: String, timeout: Duration) -> Result<Client> {
        let http = reqwest::Client::builder()
            .timeout(timeout)
            .connect_timeout(Duration::from_secs(2))
            .no_proxy()
            .build()?;
        Ok(Client { http, base })
    }

    /// The same agent, with another patience.
    ///
    /// # Errors
    /// When no client can be made.
    pub fn patient(&self, timeout: Duration) -> Result<Client> {
        Client::with_timeout(self.base.clone(), timeout)
    }

    /// A request to a path.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base))
    }

    /// Whether the agent serves.
    pub async fn is_ready(&self) -> bool {
        let asked = self
            .request(Method::GET, "/readyz")
            .timeout(Duration::from_secs(2))
            .send();
        asked.await.is_ok_and(|answer| answer.status().is_success())
    }

    /// The JSON that a path answers with.
    ///
    /// # Errors
    /// When it answers otherwise.
    pub async fn get(&self, path: &str) -> Result<Value> {
        json(self.request(Method::GET, path).send().await?).await
    }

    /// The status and problem of a path.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn problem(&self, path: &str) -> Result<(u16, Value)> {
        let answer = self.request(Method::GET, path).send().await?;
        let status = answer.status().as_u16();
        let text = answer.text().await?;
        Ok((status, serde_json::from_str(&text).unwrap_or(Value::String(text))))
    }

    /// Creates a topic, or confirms it.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn create_topic(&self, name: &str, partitions: u32, config: &Value) -> Result<()> {
        let body = serde_json::json!({"partitions": partitions, "config": config});
        let path = format!("/v1/topics/{name}");
        json(self.request(Method::PUT, &path).json(&body).send().await?).await?;
        Ok(())
    }

    /// Sets configs of the cluster.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn set_cluster(&self, set: &Value) -> Result<()> {
        let body = serde_json::json!({"set": set, "unset": []});
        json(self.request(Method::PATCH, "/v1/cluster").json(&body).send().await?).await?;
        Ok(())
    }

    /// Sets configs of a topic.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn set_topic(&self, name: &str, set: &Value) -> Result<()> {
        let body = serde_json::json!({"config": set});
        let path = format!("/v1/topics/{name}");
        json(self.request(Method::PATCH, &path).json(&body).send().await?).await?;
        Ok(())
    }

    /// Appends.
    pub async fn append(&self, append: &Append<'_>) -> Appended {
        let mut request = self
            .request(Method::POST, &format!("/v1/topics/{}", append.to))
            .header("content-type", append.media_type)
            .body(append.body.clone());
        if let Some(producer) = &append.producer {
            request = request
                .header("producer-id", &producer.id)
                .header("producer-epoch", producer.epoch)
                .header("producer-seq", producer.sequence);
        }
        match request.send().await {
            Ok(answer) => appended(answer).await,
            Err(error) if error.is_connect() => Appended::Refused(Refusal {
                status: None,
                code: "unreachable".to_owned(),
                retry_after: true,
                problem: Value::Null,
            }),
            Err(error) => Appended::Unknown(format!("{error:?}")),
        }
    }

    /// Reads records from a path that gives them.
    ///
    /// # Errors
    /// When it answers otherwise.
    pub async fn read(&self, path: &str) -> Result<Page> {
        let answer = self.request(Method::GET, path).send().await?;
        let (status, text) = (answer.status(), answer.text().await?);
        if status != StatusCode::OK {
            bail!("{path}: {status} {text}");
        }
        let read: ReadAnswer = serde_json::from_str(&text).with_context(|| format!("{path}: {text}"))?;
        Ok(Page {
            records: read.records.into_iter().map(Record::from).collect(),
            next_cursor: read.next_cursor,
            up_to_date: read.up_to_date,
        })
    }

    /// Every record of a partition, by offset.
    ///
    /// # Errors
    /// When a read fails, or says that there is more and gives nothing.
    pub async fn read_partition(&self, topic: &str, partition: u32) -> Result<Vec<Record>> {
        let mut all: Vec<Record> = Vec::new();
        let mut offset = 0;
        loop {
            let path = format!("/v1/topics/{topic}/partitions/{partition}/records?offset={offset}");
            let page = self.read(&path).await?;
            if let Some(last) = page.records.last() {
                offset = last.offset + 1;
            } else if !page.up_to_date {
                bail!("{path}: nothing, and not up to date");
            }
            all.extend(page.records);
            if page.up_to_date {
                return Ok(all);
            }
        }
    }

    /// Every record of a topic, by cursor.
    ///
    /// # Errors
    /// When a read fails.
    pub async fn read_topic(&self, topic: &str) -> Result<Vec<Record>> {
        let mut all = Vec::new();
        let mut path = format!("/v1/topics/{topic}/records");
        loop {
            let page = self.read(&path).await?;
            all.extend(page.records);
            if page.up_to_date {
                return Ok(all);
            }
            path = format!("/v1/topics/{topic}/records?cursor={}", page.next_cursor);
        }
    }

    /// How many partitions a topic has.
    ///
    /// # Errors
    /// When there is no such topic.
    pub async fn partitions(&self, topic: &str) -> Result<u32> {
        let described = self.get(&format!("/v1/topics/{topic}")).await?;
        let partitions = described["partitions"].as_array().context("partitions")?.len();
        Ok(u32::try_from(partitions)?)
    }
}

async fn json(answer: Response) -> Result<Value> {
    let (url, status) = (answer.url().path().to_owned(), answer.status());
    let text = answer.text().await?;
    if !status.is_success() {
        bail!("{url}: {status} {text}");
    }
    serde_json::from_str(&text).with_context(|| format!("{url}: {text}"))
}

async fn appended(answer: Response) -> Appended {
    let status = answer.status();
    let replayed = answer.headers().contains_key("idempotent-replayed");
    let retry_after = answer.headers().contains_key("retry-after");
    // A body that breaks off says nothing about what was done.
    let text = match answer.text().await {
        Ok(text) => text,
        Err(error) => return Appended::Unknown(format!("{status}, then {error:?}")),
    };
    match status {
        StatusCode::OK => match serde_json::from_str::<AppendAnswer>(&text) {
            Ok(answer) => Appended::Ok {
                acks: answer.acks,
                replayed,
            },
            Err(error) => Appended::Unknown(format!("{error}: {text}")),
        },
        StatusCode::NO_CONTENT => Appended::Ok {
            acks: Vec::new(),
            replayed,
        },
        _ => refused(status, retry_after, &text),
    }
}

/// A problem says itself whether it is definite; anything else says nothing.
fn refused(status: StatusCode, retry_after: bool, text: &str) -> Appended {
    let problem: Value = serde_json::from_str(text).unwrap_or(Value::Null);
    if problem["no_side_effects"] != Value::Bool(true) {
        return Appended::Unknown(format!("{status}: {text}"));
    }
    Appended::Refused(Refusal {
        status: Some(status.as_u16()),
        code: problem["code"].as_str().unwrap_or_default().to_owned(),
        retry_after,
        problem,
    })
}
