//! Requests as text, so that a fuzzer can put them together.
//!
//! ```text
//! METHOD SP path LF
//! name: value LF            as often as there are headers
//! LF
//! body                      to the next 1E LF, where the next request begins
//! ```
//!
//! In path and headers `{cursor}`, `{position}`, `{change}` and `{page}` stand for what the answers so far have told. With
//! the header `x-seal` the body's record batches get their lengths and checksums; with `x-gzip` it is compressed.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Uri};
use http_body_util::Full;
use records::Codec;

use super::answers::Known;
use crate::record_batch;

const BETWEEN: &[u8] = b"\x1e\n";

/// The texts of the requests.
pub(super) fn split(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(data);
    std::iter::from_fn(move || {
        let text = rest?;
        let at = text.windows(BETWEEN.len()).position(|window| window == BETWEEN);
        rest = at.map(|at| &text[at + BETWEEN.len()..]);
        Some(&text[..at.unwrap_or(text.len())])
    })
}

/// The request that a text is; none when no client could send it.
pub(super) fn parse(text: &[u8], known: &Known) -> Option<Request<Full<Bytes>>> {
    let at = text.windows(2).position(|window| window == b"\n\n");
    let (head, body) = at.map_or((text, &[][..]), |at| (&text[..at], &text[at + 2..]));
    let mut lines = head.split(|&byte| byte == b'\n');
    let (method, path) = cut(lines.next()?, b' ')?;
    let path = known.fill(path);
    let uri = Uri::try_from(&path[..])
        .ok()
        .filter(|uri| uri.path().starts_with('/'))?;
    let mut request = Request::new(Full::new(Bytes::new()));
    *request.method_mut() = Method::from_bytes(method).ok()?;
    *request.uri_mut() = uri;
    for line in lines {
        let (name, value) = cut(line, b':')?;
        let value = known.fill(value.trim_ascii());
        let name = HeaderName::from_bytes(name).ok()?;
        request
            .headers_mut()
            .append(name, HeaderValue::from_bytes(&value).ok()?);
    }
    let mut body = body.to_vec();
    if request.headers().contains_key("x-seal") {
        body = record_batch::sealed(&body);
    }
    if request.headers().contains_key("x-gzip") {
        body = records::compress(Codec::Gzip, &body).ok()?.to_vec();
        let gzip = HeaderValue::from_static("gzip");
        request.headers_mut().insert(http::header::CONTENT_ENCODING, gzip);
    }
    *request.body_mut() = Full::new(Bytes::from(body));
    Some(request)
}

fn cut(line: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let place = line.iter().position(|&byte| byte == at)?;
    Some((&line[..place], &line[place + 1..]))
}

/// What is remembered of a request while it is answered.
#[derive(Debug)]
#[expect(dead_code, reason = "the path is told when the answer is wrong")]
pub(super) struct Asked {
    /// Its method.
    pub(super) method: Method,
    /// Whether it waits for a position, which may never come.
    pub(super) waits: bool,
    /// Its path and query.
    uri: Uri,
}

impl Asked {
    pub(super) fn of(request: &Request<Full<Bytes>>) -> Asked {
        Asked {
            method: request.method().clone(),
            waits: request.headers().contains_key("tidelog-position"),
            uri: request.uri().clone(),
        }
    }
}
