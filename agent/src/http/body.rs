//! Reading a request's body: memory for it is taken before it is read, it is inflated as it comes, and it may be neither
//! larger nor slower than the settings say. Knows no form of bodies.

mod inflate;

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use engine::Permit;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, EXPECT};
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt as _;
use world::Clock;

use super::front::Front;
use super::problem::{Code, Problem};
use inflate::{Encoding, Inflate};

/// Memory taken at first for a body whose length is not known.
const STEP_BYTES: usize = 64 << 10;

/// What a connection keeps to read with while its request waits, at most: hyper's buffer, which grows with what comes,
/// up to the longest head.
const CONNECTION_BYTES_MAX: usize = 64 << 10;

/// A body, and the memory it holds until its records are in the log.
#[derive(Debug)]
pub(crate) struct Whole {
    /// The bytes, inflated.
    pub(crate) bytes: Bytes,
    /// Their memory.
    pub(crate) permit: Permit,
    /// The memory of the connection while the request waits.
    pub(crate) connection: Option<Permit>,
    /// As much again as the body: for a moment the records are there twice, as they came and as a batch.
    pub(crate) twice: Option<Permit>,
}

/// Where memory for a body comes from.
pub(crate) trait Budget {
    /// Makes sure that `bytes` in all are held, or says why they cannot be.
    fn hold(&mut self, bytes: usize) -> Result<(), Problem>;
}

/// The memory of the engine.
#[derive(Debug)]
pub(crate) struct EngineBudget<'f> {
    front: &'f Front,
    permit: Permit,
}

impl Budget for EngineBudget<'_> {
    fn hold(&mut self, bytes: usize) -> Result<(), Problem> {
        let held = self.permit.bytes();
        if bytes > held {
            // A body that grows takes as much again as it has, so that it asks seldom.
            let more = (bytes - held)
                .max(held.min(bytes))
                .max(STEP_BYTES)
                .min(self.front.settings().request_bytes_max);
            let more = more.max(bytes - held);
            let more = self
                .front
                .engine()
                .reserve(more)
                .or_else(|_| self.front.engine().reserve(bytes - held))?;
            self.permit.merge(more);
        }
        Ok(())
    }
}

/// Reads a whole body.
///
/// # Errors
/// `request_too_large`, `overloaded`, `request_timeout`, `unsupported_media_type`, and `bad_request` when the body
/// breaks off or is not what its encoding says.
pub(crate) async fn read(front: &Front, headers: &HeaderMap, mut body: axum::body::Body) -> Result<Whole, Problem> {
    let whole = gather(front, headers, &mut body).await;
    // Who waits to be told to go on has sent nothing yet.
    let overloaded = matches!(&whole, Err(problem) if problem.code() == Code::Overloaded);
    if overloaded && !headers.contains_key(EXPECT) {
        discard(front, body).await;
    }
    whole
}

/// Reads on past a body that there is no room for, and holds none of it. A connection that is closed while the client
/// still sends is reset, and the client would not see that it is to come back later.
async fn discard(front: &Front, mut body: axum::body::Body) {
    let (mut pace, mut left) = (pace(front), front.settings().request_bytes_max);
    while left > 0
        && let Ok(Some(data)) = pace.next(&mut body).await
    {
        left = left.saturating_sub(data.len());
    }
}

fn pace(front: &Front) -> Pace<'_> {
    Pace::new(
        front.clock(),
        front.settings().body_timeout,
        front.settings().body_bytes_per_second_min,
    )
}

async fn gather(front: &Front, headers: &HeaderMap, body: &mut axum::body::Body) -> Result<Whole, Problem> {
    let encoding = Encoding::of(headers.get_all(CONTENT_ENCODING).iter())?;
    let declared = declared_bytes(headers)?.or(http_body::Body::size_hint(body).exact());
    let max = front.settings().request_bytes_max;
    if declared.is_some_and(|bytes| bytes > max as u64) {
        return Err(too_large(max));
    }
    // The length is that of the compressed bytes; what they inflate to is held as it comes.
    let known = declared.and_then(|bytes| usize::try_from(bytes).ok());
    let first = known.unwrap_or(STEP_BYTES.min(front.engine().config().memory_bytes_max));
    let (permit, connection, twice) = reserve(front, first)?;
    let budget = EngineBudget { front, permit };
    let pace = pace(front);
    let (bytes, budget) = match encoding {
        Encoding::Identity => plain(body, known, max, budget, pace).await?,
        encoding => {
            let _turn = front
                .inflating()
                .try_acquire()
                .map_err(|_| Problem::new(Code::Overloaded, "too many compressed bodies are being read"))?;
            inflated(body, encoding, max, budget, pace).await?
        }
    };
    Ok(Whole {
        bytes,
        permit: budget.permit,
        connection,
        twice,
    })
}

/// Memory for a body, for its connection and for the batches made of it, unless a single body of this size would then
/// never fit.
fn reserve(front: &Front, bytes: usize) -> Result<(Permit, Option<Permit>, Option<Permit>), Problem> {
    let (engine, connection) = (front.engine(), bytes.min(CONNECTION_BYTES_MAX));
    let permit = engine.reserve(bytes)?;
    if bytes.saturating_mul(2).saturating_add(connection) > engine.config().memory_bytes_max {
        return Ok((permit, None, None));
    }
    Ok((permit, Some(engine.reserve(connection)?), Some(engine.reserve(bytes)?)))
}

fn declared_bytes(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let Some(length) = headers.get(CONTENT_LENGTH) else {
        return Ok(None);
    };
    let length = length.to_str().ok().and_then(super::position::whole);
    length
        .map(Some)
        .ok_or_else(|| Problem::bad_request("content-length is no number"))
}

/// A body that is larger than it may be.
pub(crate) fn too_large(max: usize) -> Problem {
    Problem::new(Code::RequestTooLarge, format!("a body has at most {max} bytes")).with("max_bytes", max)
}

/// Joins the frames of a body; one that comes in a single frame is not copied.
async fn plain<B: Budget>(
    body: &mut axum::body::Body,
    known: Option<usize>,
    max: usize,
    mut budget: B,
    mut pace: Pace<'_>,
) -> Result<(Bytes, B), Problem> {
    let mut first = Bytes::new();
    let mut joined = BytesMut::new();
    while let Some(data) = pace.next(body).await? {
        let length = first.len() + joined.len() + data.len();
        if length > max {
            return Err(too_large(max));
        }
        budget.hold(length)?;
        if first.is_empty() && joined.is_empty() {
            first = data;
            continue;
        }
        if joined.is_empty() {
            joined.reserve(known.unwrap_or(length).max(length));
            joined.extend_from_slice(&std::mem::take(&mut first));
        }
        joined.extend_from_slice(&data);
    }
    Ok((if joined.is_empty() { first } else { joined.freeze() }, budget))
}

async fn inflated<B: Budget>(
    body: &mut axum::body::Body,
    encoding: Encoding,
    max: usize,
    budget: B,
    mut pace: Pace<'_>,
) -> Result<(Bytes, B), Problem> {
    let mut inflate = Inflate::new(encoding, max, budget)?;
    while let Some(data) = pace.next(body).await? {
        inflate.write(&data)?;
    }
    inflate.finish()
}

/// How fast a body must come: no frame later than the timeout, and in the long run no fewer bytes a second.
struct Pace<'c> {
    clock: &'c Clock,
    timeout: Duration,
    bytes_per_second_min: u64,
    began: world::Instant,
    received: u64,
}

impl<'c> Pace<'c> {
    fn new(clock: &'c Clock, timeout: Duration, bytes_per_second_min: u64) -> Pace<'c> {
        Pace {
            clock,
            timeout,
            bytes_per_second_min,
            began: clock.now(),
            received: 0,
        }
    }

    async fn next(&mut self, body: &mut axum::body::Body) -> Result<Option<Bytes>, Problem> {
        let slow =
            || Problem::new(Code::RequestTimeout, "the body came too slowly").status(StatusCode::REQUEST_TIMEOUT);
        loop {
            // One timeout of grace, and then as long as the bytes received so far may have taken.
            let earned = self
                .received
                .checked_div(self.bytes_per_second_min)
                .map_or(self.timeout, Duration::from_secs);
            let by_rate = self.began + self.timeout + earned;
            let deadline = by_rate.min(self.clock.now() + self.timeout);
            let frame = self
                .clock
                .timeout_at(deadline, body.frame())
                .await
                .map_err(|_| slow())?;
            match frame.transpose() {
                Err(error) => return Err(Problem::bad_request(format!("the body broke off: {error}"))),
                Ok(None) => return Ok(None),
                Ok(Some(frame)) => {
                    if let Ok(data) = frame.into_data()
                        && !data.is_empty()
                    {
                        self.received += data.len() as u64;
                        return Ok(Some(data));
                    }
                }
            }
        }
    }
}
