//! Streams of records: server-sent events, and NDJSON that goes on. A stream ends at an event's boundary when the agent
//! stops, and a stream of events after a while, so that shared caches can serve many readers with one request; the client
//! goes on with the last event's id. One with `until` ends there for good.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http::{HeaderName, StatusCode};
use serde_json::json;
use tokio::sync::OwnedSemaphorePermit;
use world::Instant;

use super::query::{Decode, Form};
use super::reader::{Page, Reader, Turned};
use super::reply;
use crate::http::front::Front;
use crate::http::problem::Problem;

/// Marks an answer that must not be held back to be compressed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Streaming;

/// An answer that goes on.
struct Stream {
    front: Front,
    reader: Reader,
    single: bool,
    form: Form,
    decode: Option<Decode>,
    request_id: String,
    ends_at: Option<Instant>,
    greeted: bool,
    over: bool,
    /// Of the event that is being sent.
    held: Option<OwnedSemaphorePermit>,
}

/// The answer that streams what the reader reads.
pub(crate) fn answer(
    front: Front,
    reader: Reader,
    single: bool,
    (form, decode): (Form, Option<Decode>),
    request_id: &str,
) -> Response {
    let ends_at = (form == Form::Events).then(|| front.clock().now() + front.settings().stream_max);
    let request_id = request_id.to_owned();
    let stream = Stream {
        front,
        reader,
        single,
        form,
        decode,
        request_id,
        ends_at,
        greeted: form == Form::Lines,
        over: false,
        held: None,
    };
    let events = futures::stream::unfold(stream, |mut stream| async move {
        let event = stream.next().await?;
        Some((Ok::<Bytes, Infallible>(event), stream))
    });
    let mut response = Response::new(Body::from_stream(events));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(form.media_type()));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        HeaderName::from_static("x-accel-buffering"),
        HeaderValue::from_static("no"),
    );
    response.extensions_mut().insert(Streaming);
    response
}

/// The answer to an EventSource that comes back behind the end: it is to come back no more.
pub(crate) fn ended() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

impl Stream {
    /// The next piece of the body; none when it is over.
    async fn next(&mut self) -> Option<Bytes> {
        self.held = None;
        if !std::mem::replace(&mut self.greeted, true) {
            // Sends the head of the answer at once, and has browsers come back soon after an end. With an id already: whoever
            // began at the latest record and is cut off before the first event comes back to where it began.
            let cursor = self.reader.cursor().encode();
            return Some(format!("retry: 500\nid: {cursor}\n\n").into());
        }
        loop {
            let now = self.front.clock().now();
            let left = self
                .ends_at
                .map_or(Duration::MAX, |end| end.saturating_duration_since(now));
            if self.over || left.is_zero() || self.reader.has_ended() || self.front.is_stopping() {
                return None;
            }
            let wait = left.min(self.front.settings().ping_interval);
            let mut page = reply::page(self.form, self.decode);
            let stopping = self.front.stopping();
            let turned = tokio::select! {
                biased;
                () = stopping => return None,
                turned = self.reader.turn(&self.front, wait, &mut page) => turned,
            };
            match turned {
                Ok(mut turned) => {
                    self.held = turned.held.take();
                    if let Some(piece) = self.piece(page, &turned) {
                        return Some(piece);
                    }
                }
                Err(problem) => {
                    self.over = true;
                    return Some(self.error(&problem));
                }
            }
        }
    }

    fn piece(&self, page: Page, turned: &Turned) -> Option<Bytes> {
        let Page::Text { mut out, .. } = page else { return None };
        match self.form {
            Form::Lines if turned.records == 0 => None,
            Form::Lines => {
                out.push(b'\n');
                Some(out.into())
            }
            _ if turned.records == 0 => Some(self.ping(turned)),
            _ => Some(self.event(&out, turned)),
        }
    }

    /// `id` is the cursor behind the event's records, which the client sends back as Last-Event-ID.
    fn event(&self, records: &[u8], turned: &Turned) -> Bytes {
        let cursor = self.reader.cursor().encode();
        let rest = json!({"next_cursor": cursor, "high_watermark": reply::ends(&self.reader, self.single, turned)});
        let rest = rest.to_string();
        let head = format!("event: records\nid: {cursor}\ndata: {{\"records\":[");
        let mut event = Vec::with_capacity(head.len() + records.len() + rest.len() + 4);
        event.extend_from_slice(head.as_bytes());
        event.extend_from_slice(records);
        event.extend_from_slice(b"],");
        event.extend_from_slice(rest.get(1..).unwrap_or("}").as_bytes());
        event.extend_from_slice(b"\n\n");
        event.into()
    }

    /// Where the end is. It carries an id too: whoever has read nothing yet comes back to where it began.
    fn ping(&self, turned: &Turned) -> Bytes {
        let seen = self.front.engine().seen();
        let cursor = self.reader.cursor().encode();
        let ends = reply::ends(&self.reader, self.single, turned);
        let data = json!({"high_watermark": ends, "position": seen.to_string()});
        format!("event: ping\nid: {cursor}\ndata: {data}\n\n").into()
    }

    fn error(&self, problem: &Problem) -> Bytes {
        let body = problem.to_json(&self.request_id);
        match self.form {
            Form::Events => format!("event: error\ndata: {body}\n\n").into(),
            _ => format!("{}\n", json!({ "error": body })).into(),
        }
    }
}
