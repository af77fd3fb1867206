//! The head of a request or an answer: its bytes as they came, and what is to be known of them. RFC 9112.

use bytes::{Bytes, BytesMut};

use super::framing::Framing;

/// Larger heads are refused.
pub(crate) const HEAD_BYTES_MAX: usize = 256 << 10;

/// The bytes are no HTTP/1.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotHttp;

/// The head of a request.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) raw: Bytes,
    pub(crate) method: String,
    pub(crate) target: String,
    headers: Vec<(String, String)>,
    /// Where its body ends.
    pub(crate) framing: Framing,
    /// The connection ends behind its answer.
    pub(crate) closes: bool,
}

/// The head of an answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) raw: Bytes,
    pub(crate) status: u16,
    /// Where its body ends.
    pub(crate) framing: Framing,
    /// The connection ends behind it.
    pub(crate) closes: bool,
}

/// Takes the head that the buffer begins with, empty lines before it left out. Nothing when it is not whole yet.
pub(crate) fn take(buffer: &mut BytesMut) -> Result<Option<Bytes>, NotHttp> {
    let blank = buffer.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    let head = &buffer[blank..];
    let end = head.windows(4).position(|four| four == b"\r\n\r\n");
    match end {
        Some(end) if end <= HEAD_BYTES_MAX => {
            drop(buffer.split_to(blank));
            Ok(Some(buffer.split_to(end + 4).freeze()))
        }
        None if head.len() <= HEAD_BYTES_MAX => Ok(None),
        _ => Err(NotHttp),
    }
}

/// The first line of a head, and its headers.
fn parse(raw: &[u8]) -> Result<(String, Vec<(String, String)>), NotHttp> {
    // Latin-1 loses nothing, and heads are looked at only.
    let text: String = raw.iter().map(|byte| char::from(*byte)).collect();
    let mut lines = text.split("\r\n");
    let first = lines.next().ok_or(NotHttp)?.to_owned();
    let headers = lines.take_while(|line| !line.is_empty()).map(|line| {
        let (name, value) = line.split_once(':').ok_or(NotHttp)?;
        Ok((name.to_ascii_lowercase(), value.trim().to_owned()))
    });
    Ok((first, headers.collect::<Result<_, NotHttp>>()?))
}

fn value<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let mut found = headers.iter().filter(|(named, _)| named == name);
    found.next().map(|(_, value)| value.as_str())
}

/// Whether a list of words holds one.
fn says(headers: &[(String, String)], name: &str, word: &str) -> bool {
    let mut values = headers.iter().filter(|(named, _)| named == name);
    values.any(|(_, value)| value.split(',').any(|one| one.trim().eq_ignore_ascii_case(word)))
}

/// Whether the connection ends behind it: HTTP/1.1 keeps it unless it says otherwise, HTTP/1.0 does not.
fn closes(version: &str, headers: &[(String, String)]) -> Result<bool, NotHttp> {
    match version {
        "HTTP/1.1" => Ok(says(headers, "connection", "close")),
        "HTTP/1.0" => Ok(!says(headers, "connection", "keep-alive")),
        _ => Err(NotHttp),
    }
}

/// The length that headers declare, chunks before Content-Length.
fn declared(headers: &[(String, String)]) -> Result<Option<Framing>, NotHttp> {
    if says(headers, "transfer-encoding", "chunked") {
        return Ok(Some(Framing::chunked()));
    }
    let Some(length) = value(headers, "content-length") else {
        return Ok(None);
    };
    length
        .parse()
        .map(|length| Some(Framing::length(length)))
        .map_err(|_| NotHttp)
}

impl Request {
    pub(crate) fn parse(raw: Bytes) -> Result<Request, NotHttp> {
        let (first, headers) = parse(&raw)?;
        let mut words = first.split(' ');
        let (Some(method), Some(target), Some(version), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(NotHttp);
        };
        Ok(Request {
            method: method.to_owned(),
            target: target.to_owned(),
            framing: declared(&headers)?.unwrap_or(Framing::length(0)),
            closes: closes(version, &headers)?,
            headers,
            raw,
        })
    }

    /// The values of a header, whose name may be in any case.
    pub(crate) fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        let values = self.headers.iter();
        let values = values.filter(move |(named, _)| named.eq_ignore_ascii_case(name));
        values.map(|(_, value)| value.as_str())
    }

    /// DynamoDB's operation.
    pub(crate) fn operation(&self) -> Option<&str> {
        let target = value(&self.headers, "x-amz-target")?;
        Some(target.rsplit_once('.').map_or(target, |(_, operation)| operation))
    }

    /// The body is sent when the server says so.
    pub(crate) fn expects_continue(&self) -> bool {
        says(&self.headers, "expect", "100-continue")
    }
}

impl Answer {
    /// `method` is that of the request: an answer to HEAD has no body, whatever it declares.
    pub(crate) fn parse(raw: Bytes, method: &str) -> Result<Answer, NotHttp> {
        let (first, headers) = parse(&raw)?;
        let (version, rest) = first.split_once(' ').ok_or(NotHttp)?;
        let status: u16 = rest.get(..3).and_then(|code| code.parse().ok()).ok_or(NotHttp)?;
        let bodiless = method == "HEAD" || matches!(status, 100..=199 | 204 | 304);
        let framing = if bodiless {
            Framing::length(0)
        } else {
            declared(&headers)?.unwrap_or(Framing::UntilClose)
        };
        Ok(Answer {
            status,
            closes: closes(version, &headers)? || matches!(framing, Framing::UntilClose),
            framing,
            raw,
        })
    }

    /// Another answer follows.
    pub(crate) fn is_interim(&self) -> bool {
        matches!(self.status, 100 | 102..=199)
    }

    /// What follows is no HTTP any more.
    pub(crate) fn switches(&self) -> bool {
        self.status == 101
    }
}

#[cfg(test)]
mod tests;
