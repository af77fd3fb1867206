//! One page as an answer: JSON, lines or batches, with where to go on and how long it may be kept.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderValue, IF_NONE_MATCH, LINK, VARY};
use http::{HeaderMap, HeaderName, StatusCode};
use http_body::{Frame, SizeHint};
use serde_json::{Value, json};
use tokio::sync::OwnedSemaphorePermit;

use super::query::{Decode, Form};
use super::reader::{Page, Reader, Turned};
use super::render::Style;
use crate::http::front::Front;
use crate::http::problem::Problem;

/// An empty page in a form.
pub(crate) fn page(form: Form, decode: Option<Decode>) -> Page {
    match form {
        Form::Batches => Page::Batches(Vec::new()),
        Form::Json => Page::Text {
            out: Vec::new(),
            style: Style {
                decode,
                one_line: false,
            },
            between: b',',
        },
        Form::Events => Page::Text {
            out: Vec::new(),
            style: Style { decode, one_line: true },
            between: b',',
        },
        Form::Lines => Page::Text {
            out: Vec::new(),
            style: Style { decode, one_line: true },
            between: b'\n',
        },
    }
}

/// What an answer is made of beside its records.
#[derive(Debug)]
pub(crate) struct Reply<'r> {
    /// The reader, behind the page.
    pub(crate) reader: &'r Reader,
    /// Whether it is of one partition.
    pub(crate) single: bool,
    /// Where to go on: a path.
    pub(crate) next: String,
    /// How long it may be kept.
    pub(crate) caching: Caching,
}

/// How long an answer may be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Caching {
    /// Not at all.
    No,
    /// For ever, under this tag; by shared caches too if so.
    Immutable {
        /// The tag.
        tag: String,
        /// Whether it stands for what the answer means, not for each of its bytes.
        weak: bool,
        /// Whether shared caches may.
        public: bool,
    },
}

impl Caching {
    /// Puts it into the headers.
    pub(crate) fn apply(&self, headers: &mut HeaderMap) {
        let Caching::Immutable { tag, weak, public } = self else {
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
            return;
        };
        let control = if *public {
            "public, max-age=31536000, immutable"
        } else {
            headers.append(VARY, HeaderValue::from_static("Authorization"));
            "private, max-age=31536000, immutable"
        };
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(control));
        let mark = if *weak { "W/" } else { "" };
        if let Ok(tag) = HeaderValue::from_str(&format!("{mark}\"{tag}\"")) {
            headers.insert(ETAG, tag);
            headers.append(VARY, HeaderValue::from_static("Accept"));
        }
    }

    /// Whether the client has what it asks for already.
    pub(crate) fn is_known(&self, headers: &HeaderMap) -> bool {
        let Caching::Immutable { tag, .. } = self else {
            return false;
        };
        let known = |text: &str| text.trim().trim_start_matches("W/").trim_matches('"') == tag;
        let mut values = headers
            .get_all(IF_NONE_MATCH)
            .iter()
            .filter_map(|value| value.to_str().ok());
        values.any(|value| value.split(',').any(known))
    }

    /// That the client has it.
    pub(crate) fn not_modified(&self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        self.apply(response.headers_mut());
        response
    }
}

/// Whether the reader is at the end, as a final answer: after a look at the tip that began after the page was read.
///
/// # Errors
/// Of the look, when there is nothing else to answer.
pub(crate) async fn up_to_date(front: &Front, reader: &Reader, turned: &mut Turned) -> Result<bool, Problem> {
    if !turned.at_end {
        return Ok(false);
    }
    match front.look().await {
        Ok(_) => {}
        Err(problem) if turned.records == 0 => return Err(problem),
        Err(_) => return Ok(false),
    }
    front.engine().read(|state| {
        for (at, end) in turned.ends.iter_mut().enumerate() {
            if let Some(found) = state.partition(reader.topic.partition(reader.first + at as u32)) {
                *end = found.high_watermark();
            }
        }
    });
    Ok(reader.next.iter().zip(&turned.ends).all(|(next, end)| next >= end))
}

impl Reply<'_> {
    /// The answer.
    pub(crate) fn answer(self, form: Form, page: Page, turned: Turned, up_to_date: bool) -> Response {
        let cursor = self.reader.cursor().encode();
        let body = match page {
            Page::Batches(pieces) => held(pieces, turned.held),
            Page::Text { mut out, .. } if form == Form::Lines => {
                if !out.is_empty() {
                    out.push(b'\n');
                }
                held(vec![out.into()], turned.held)
            }
            Page::Text { out, .. } => {
                let tail = self.tail(&cursor, &turned, up_to_date);
                held(
                    vec![Bytes::from_static(b"{\"records\":["), out.into(), tail.into()],
                    turned.held,
                )
            }
        };
        let mut response = Response::new(body);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(form.media_type()));
        if let Ok(cursor) = HeaderValue::from_str(&cursor) {
            headers.insert(HeaderName::from_static("tidelog-next-cursor"), cursor);
        }
        if let Ok(link) = HeaderValue::from_str(&format!("<{}>; rel=\"next\"", self.next)) {
            headers.insert(LINK, link);
        }
        self.caching.apply(headers);
        response
    }

    /// What follows the records of a JSON answer.
    fn tail(&self, cursor: &str, turned: &Turned, up_to_date: bool) -> String {
        let rest = json!({
            "next_cursor": cursor,
            "next": self.next,
            "high_watermark": ends(self.reader, self.single, turned),
            "up_to_date": up_to_date,
        });
        let rest = rest.to_string();
        format!("],{}", rest.get(1..).unwrap_or("}"))
    }
}

/// The ends of the partitions: a number for one, an object for many.
pub(crate) fn ends(reader: &Reader, single: bool, turned: &Turned) -> Value {
    if single {
        return turned.ends.first().copied().into();
    }
    let end = |(at, end): (usize, &u64)| ((u64::from(reader.first) + at as u64).to_string(), Value::from(*end));
    Value::Object(turned.ends.iter().enumerate().map(end).collect())
}

/// A body of pieces that keeps its memory until the last of them was sent.
pub(crate) fn held(pieces: Vec<Bytes>, memory: Option<OwnedSemaphorePermit>) -> Body {
    let pieces: std::collections::VecDeque<Bytes> = pieces.into_iter().filter(|piece| !piece.is_empty()).collect();
    Body::new(Held {
        pieces,
        _memory: memory,
    })
}

struct Held {
    pieces: std::collections::VecDeque<Bytes>,
    _memory: Option<OwnedSemaphorePermit>,
}

impl http_body::Body for Held {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Poll::Ready(self.pieces.pop_front().map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.pieces.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.pieces.iter().map(|piece| piece.len() as u64).sum())
    }
}
