//! What answers must be like, and what they tell that the next request may use.

use std::collections::BTreeMap;

use bytes::Bytes;
use engine::{Engine, Seen};
use http::{HeaderMap, Method};
use metadata::TopicId;
use serde_json::Value;

use super::request::Asked;

/// An answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().expect("headers are text"))
    }

    fn json(&self) -> Option<Value> {
        let media_type = self.header("content-type");
        let json = media_type.starts_with("application/json") || media_type.starts_with("application/problem+json");
        let plain = json && self.header("content-encoding").is_empty() && !self.body.is_empty();
        plain.then(|| serde_json::from_slice(&self.body).expect("JSON is JSON"))
    }
}

/// Whether a failure is what an input asked for: a limit of the fold that it set low, or a position that nobody has.
fn is_asked_for(asked: &Asked, data: &[u8], failure: (u16, &str)) -> bool {
    match failure {
        (507, "storage_full") => String::from_utf8_lossy(data).contains("fold.bytes.max"),
        (503, "ledger_unavailable") => asked.waits,
        _ => false,
    }
}

/// No answer is a server's fault, and every refusal is a problem.
pub(super) fn judge(asked: &Asked, answer: &Answer, data: &[u8], engine: &Engine) {
    let told = || format!("{asked:?}: {} {}", answer.status, String::from_utf8_lossy(&answer.body));
    assert!(!answer.header("x-request-id").is_empty(), "{}", told());
    let seen: Seen = answer.header("tidelog-position").parse().expect("a position");
    assert!(seen.position <= engine.seen().position, "{}", told());
    let json = answer.json();
    let compressed = !answer.header("content-encoding").is_empty();
    if answer.status < 400 || asked.method == Method::HEAD || compressed {
        assert!(answer.status != 500, "a server's fault: {}", told());
        return;
    }
    assert_eq!(answer.header("content-type"), "application/problem+json", "{}", told());
    let problem = json.unwrap_or_else(|| panic!("{}", told()));
    assert_eq!(problem["status"].as_u64(), Some(answer.status.into()), "{}", told());
    let code = problem["code"].as_str().expect("a problem has a code");
    let may = answer.status < 500 || is_asked_for(asked, data, (answer.status, code));
    assert!(may, "a server's fault: {}", told());
}

/// What has been told so far.
#[derive(Debug, Default)]
pub(super) struct Known {
    told: BTreeMap<&'static [u8], String>,
    /// By topic and partition, behind the last offset that was acknowledged.
    ends: BTreeMap<(TopicId, u32), u64>,
}

const PLACES: [(&[u8], &str); 3] = [
    (b"{cursor}", "next_cursor"),
    (b"{change}", "change"),
    (b"{page}", "next_page_token"),
];
const POSITION: &[u8] = b"{position}";

impl Known {
    /// A text with what was told in its places.
    pub(super) fn fill(&self, text: &[u8]) -> Vec<u8> {
        let mut filled = text.to_vec();
        for (place, told) in &self.told {
            while let Some(at) = filled.windows(place.len()).position(|window| window == *place) {
                filled.splice(at..at + place.len(), told.bytes());
            }
        }
        filled
    }

    pub(super) fn learn(&mut self, asked: &Asked, answer: &Answer, engine: &Engine) {
        self.told.insert(POSITION, answer.header("tidelog-position").to_owned());
        let Some(json) = answer.json() else { return };
        for (place, member) in PLACES {
            if let Some(told) = json[member].as_str() {
                self.told.insert(place, told.to_owned());
            }
        }
        let appended = asked.method == Method::POST && answer.status == 200;
        let topic = json["topic"].as_str().filter(|_| appended);
        let id = topic.and_then(|name| engine.read(|state| state.topic_by_name(name).map(metadata::Topic::id)));
        for ack in json["acks"].as_array().into_iter().flatten() {
            let number = |name: &str| ack[name].as_u64().expect("a number");
            if let (Some(id), Ok(partition)) = (id, u32::try_from(number("partition"))) {
                let end = self.ends.entry((id, partition)).or_default();
                *end = (*end).max(number("base_offset") + number("count"));
            }
        }
    }

    /// What was acknowledged lies below the end.
    pub(super) fn check_acks(&self, topic: TopicId, partition: u32, end: u64) {
        let acknowledged = self.ends.get(&(topic, partition)).copied().unwrap_or(0);
        assert!(
            acknowledged <= end,
            "acknowledged to {acknowledged}, and it ends at {end}"
        );
    }
}

/// The offsets of an answer of record batches, which begin at `start` or before and have no holes.
pub(super) fn offsets_of_batches(answer: &Answer, start: u64, end: u64) -> u64 {
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    let mut next = None;
    for batch in records::split_checked(answer.body.clone()) {
        let batch = batch.expect("batches that are whole");
        let base = u64::try_from(batch.header().base_offset).expect("an offset");
        assert!(
            next.map_or(base <= start, |next| next == base),
            "{base} follows {next:?}, from {start}"
        );
        next = Some(base + u64::try_from(batch.header().last_offset_delta).expect("a delta") + 1);
    }
    let next = next.unwrap_or(start);
    assert!(next <= end, "read to {next}, and it ends at {end}");
    assert!(
        next > start || start == end,
        "something is read while there is something"
    );
    next
}

/// The same records as JSON: all of them, or a problem that says that they cannot be decoded.
pub(super) fn check_json(answer: &Answer, start: u64, end: u64, read: u64) {
    let json = answer.json().expect("JSON");
    if answer.status != 200 {
        assert_eq!(
            (answer.status, json["code"].as_str()),
            (422, Some("undecodable")),
            "{json}"
        );
        return;
    }
    let offsets = json["records"]
        .as_array()
        .expect("records")
        .iter()
        .map(|record| record["offset"].as_u64());
    let offsets: Vec<u64> = offsets.map(|offset| offset.expect("an offset")).collect();
    assert!(offsets.windows(2).all(|pair| pair[0] + 1 == pair[1]), "{offsets:?}");
    assert!(
        offsets.first().is_none_or(|&first| first == start),
        "{offsets:?} from {start}"
    );
    assert_eq!(json["high_watermark"].as_u64(), Some(end));
    if json["up_to_date"] == Value::Bool(true) {
        assert_eq!(offsets.last().map_or(start, |last| last + 1), end, "up to date");
        assert_eq!(read, end, "up to date");
    }
}
