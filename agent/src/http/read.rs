//! Reading over HTTP: pages and streams of records, from all partitions through one cursor or from one by offset.

mod query;
mod reader;
mod record;
mod render;
mod reply;
mod start;
mod stream;

use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::authorize::{Allowed, ReadTopic};
use super::cursor::Cursor;
use super::extract::{self, RequestId, UrlPath, UrlQuery};
use super::front::Front;
use super::openapi::ReadProblems;
use super::position::Position;
use super::problem::{Code, Problem};
use super::shapes::{PartitionPath, PartitionRecords, TopicPath, TopicRecords};
use query::{Bounds, Form, PartitionReadQuery, TopicReadQuery};
use reader::Reader;
use reply::{Caching, Reply};

pub(crate) use record::{__path_one, one};
pub(crate) use start::{at_time, offsets};
pub(crate) use stream::Streaming;

/// History is cut at multiples of so many offsets, so that all readers walk the same URLs.
const CHUNK_OFFSETS: u64 = query::LIMIT_DEFAULT as u64;

/// Read all partitions
///
/// With one cursor, which carries all of the reader's state. `application/json`: a page. `application/x-ndjson`: a page,
/// with `wait` a stream. `text/event-stream`: a stream of `records`, `ping` and `error` events, which goes on after
/// `Last-Event-ID`. `application/vnd.tidelog.batch`: a range of one partition, not decoded.
#[utoipa::path(
    get, path = "/v1/topics/{topic}/records", tag = "records",
    params(TopicPath, TopicReadQuery),
    responses(
        (status = 200, description = "Records, or none at the end", content(
            (TopicRecords = "application/json"), (String = "application/x-ndjson"), (String = "text/event-stream"),
            (Vec<u8> = "application/vnd.tidelog.batch"),
        )),
        ReadProblems,
    ),
)]
pub(crate) async fn from_topic(
    State(front): State<Front>,
    authorized: Allowed<ReadTopic>,
    UrlQuery(query): UrlQuery<TopicReadQuery>,
    RequestId(id): RequestId,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let form = Form::of(&headers)?;
    let bounds = Bounds::of(query.limit, query.max_bytes, query.wait, front.settings())?;
    let range = query.partitions.as_deref().map(query::partitions).transpose()?;
    let from = where_from(&headers, query.cursor.as_deref())?;
    if let (From::Named(_), Some(_)) = (&from, range) {
        return Err(Problem::bad_request(
            "a cursor says which partitions it is of; partitions goes with a position",
        ));
    }
    let mut reader = match from {
        From::Named(cursor) | From::Resumed(cursor) => start::at_cursor(&front, &authorized, cursor, bounds).await?,
        From::Position(position) => start::at_position(&front, &authorized, position, range, bounds).await?,
    };
    if form == Form::Batches && reader.next.len() != 1 {
        let text = "batches do not tell their partition: ask for one, as in partitions=0";
        return Err(Problem::new(Code::UnsupportedMediaType, text).status(http::StatusCode::NOT_ACCEPTABLE));
    }
    if form == Form::Events || (form == Form::Lines && !bounds.wait.is_zero()) {
        return Ok(stream::answer(front, reader, false, (form, query.decode), &id));
    }
    let mut page = reply::page(form, query.decode);
    let mut turned = reader.turn(&front, bounds.wait, &mut page).await?;
    let up_to_date = reply::up_to_date(&front, &reader, &mut turned).await?;
    let path = format!("/v1/topics/{}/records", encoded(&reader.topic.name));
    let cursor = reader.cursor().encode();
    let next = format!(
        "{path}?cursor={cursor}{}",
        kept(query.limit, query.max_bytes, query.wait, query.decode)
    );
    let reply = Reply {
        reader: &reader,
        single: false,
        next,
        caching: Caching::No,
    };
    Ok(reply.answer(form, page, turned, up_to_date))
}

/// Read one partition
///
/// From `offset` to `until`. Forms as for all partitions; a stream with `until` ends there. Without bounds of its own a read of history ends at a multiple
/// of 1,000 offsets, and `next` says `until` which one it goes on: the records of such an answer never change, and it may
/// be kept.
#[utoipa::path(
    get, path = "/v1/topics/{topic}/partitions/{partition}/records", tag = "records",
    params(PartitionPath, PartitionReadQuery),
    responses(
        (status = 200, description = "Records, or none at the end", content(
            (PartitionRecords = "application/json"), (String = "application/x-ndjson"), (String = "text/event-stream"),
            (Vec<u8> = "application/vnd.tidelog.batch"),
        )),
        (status = 204, description = "The stream of events that Last-Event-ID is of has ended at `until`"),
        (status = 304, description = "The client has it already"),
        ReadProblems,
    ),
)]
pub(crate) async fn from_partition(
    State(front): State<Front>,
    authorized: Allowed<ReadTopic>,
    UrlPath(path): UrlPath<PartitionPath>,
    UrlQuery(query): UrlQuery<PartitionReadQuery>,
    RequestId(id): RequestId,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let form = Form::of(&headers)?;
    let bounds = Bounds::of(query.limit, query.max_bytes, query.wait, front.settings())?;
    let until = query
        .until
        .as_deref()
        .map(|text| query::position("until", text))
        .transpose()?;
    let resumed = last_event(&headers)?;
    // What is kept is found by the URL, which says nothing of where the header goes on.
    let by_url = resumed.is_none();
    let mut reader = match resumed {
        Some(cursor) => {
            start::partition_at_cursor(&front, &authorized, path.partition, (cursor, until), bounds).await?
        }
        None => {
            let from = query
                .offset
                .as_deref()
                .map_or(Ok(Position::Earliest), |text| query::position("offset", text))?;
            start::in_partition(&front, &authorized, path.partition, (from, until), bounds).await?
        }
    };
    if form == Form::Events && !by_url && reader.has_ended() {
        return Ok(stream::ended());
    }
    if form == Form::Events || (form == Form::Lines && !bounds.wait.is_zero()) {
        return Ok(stream::answer(front, reader, true, (form, query.decode), &id));
    }
    let from = reader.next.first().copied().unwrap_or(0);
    let caching = if by_url && explicit(until) {
        caching(&front, &reader, from, form, &query)
    } else {
        Caching::No
    };
    if caching.is_known(&headers) {
        return Ok(caching.not_modified());
    }
    cut_at_chunk(&front, &mut reader, &query);
    if reader.has_ended() {
        // Nothing is wanted; but an offset that is not there is still told.
        reader.bounds.limit = 0;
    }
    let mut page = reply::page(form, query.decode);
    let wait = if reader.bounds.limit == 0 {
        std::time::Duration::ZERO
    } else {
        bounds.wait
    };
    let mut turned = reader.turn(&front, wait, &mut page).await?;
    let up_to_date = reply::up_to_date(&front, &reader, &mut turned).await?;
    let next = next_of_partition(&reader, path.partition, &turned.ends, &query);
    let reply = Reply {
        reader: &reader,
        single: true,
        next,
        caching,
    };
    Ok(reply.answer(form, page, turned, up_to_date))
}

/// Where a read begins.
enum From {
    /// Where the URL says.
    Named(Cursor),
    /// Behind the last event.
    Resumed(Cursor),
    Position(Position),
}

/// An EventSource that was cut off says where it was in a header; that counts before the URL it began with.
fn where_from(headers: &HeaderMap, text: Option<&str>) -> Result<From, Problem> {
    if let Some(cursor) = last_event(headers)? {
        return Ok(From::Resumed(cursor));
    }
    let text = text.unwrap_or("earliest");
    match text.parse() {
        Ok(position) => Ok(From::Position(position)),
        Err(_) => cursor(text).map(From::Named),
    }
}

fn last_event(headers: &HeaderMap) -> Result<Option<Cursor>, Problem> {
    let id = extract::header(headers, "last-event-id")?.filter(|id| !id.is_empty());
    id.map(cursor).transpose()
}

fn cursor(text: &str) -> Result<Cursor, Problem> {
    Cursor::decode(text).map_err(|error| Problem::new(Code::BadCursor, error.to_string()))
}

/// Whether an end was given as an offset, which means the same for ever.
fn explicit(until: Option<Position>) -> bool {
    matches!(until, Some(Position::Offset(_)))
}

/// The records of a range that ends before the end of the partition never change, nor that there are more behind them. The
/// rest of the answer may: where the end is, how far the cursor's agent had folded, how much of the range is in one page.
/// So the tag is a weak one.
fn caching(front: &Front, reader: &Reader, from: u64, form: Form, query: &PartitionReadQuery) -> Caching {
    let by_offset = query
        .offset
        .as_deref()
        .is_some_and(|text| matches!(text.parse(), Ok(Position::Offset(_))));
    let partition = reader.topic.partition(reader.first);
    let range = front.engine().read(|state| {
        let partition = state.partition(partition)?;
        // A loss takes the last of these offsets first, and gives it anew in a later epoch.
        let epoch = partition.leader_epoch_at(reader.until.unwrap_or(0).saturating_sub(1));
        Some((partition.log_start()..=partition.high_watermark(), epoch))
    });
    // Compaction by key leaves out records of any offsets.
    let stays = by_offset && !reader.topic.keyed;
    match (reader.until, range) {
        (Some(until), Some((range, epoch)))
            if stays && form != Form::Batches && from < until && range.contains(&from) && until < *range.end() =>
        {
            let form = match form {
                Form::Lines => "ndjson",
                _ => "json",
            };
            let decode = query
                .decode
                .map(|decode| format!("-{decode:?}").to_lowercase())
                .unwrap_or_default();
            let tag = format!(
                "{}-{}-{from}-{until}-{epoch}-{form}{decode}",
                reader.topic.id, reader.first
            );
            Caching::Immutable {
                tag,
                weak: true,
                public: reader.topic.public,
            }
        }
        _ => Caching::No,
    }
}

/// Ends an unbounded read of history at the next edge of a chunk.
fn cut_at_chunk(front: &Front, reader: &mut Reader, query: &PartitionReadQuery) {
    let bounded = query.until.is_some() || query.limit.is_some() || query.max_bytes.is_some() || query.wait.is_some();
    let Some(&from) = reader.next.first() else { return };
    if bounded {
        return;
    }
    let partition = reader.topic.partition(reader.first);
    let end = front.engine().read(|state| {
        state
            .partition(partition)
            .map_or(0, |partition| partition.high_watermark())
    });
    reader.until = edge(from).filter(|edge| *edge <= end);
}

/// The edge of the chunk that holds an offset.
fn edge(offset: u64) -> Option<u64> {
    (offset / CHUNK_OFFSETS + 1).checked_mul(CHUNK_OFFSETS)
}

fn next_of_partition(reader: &Reader, partition: u32, ends: &[u64], query: &PartitionReadQuery) -> String {
    let next = reader.next.first().copied().unwrap_or(0);
    let end = ends.first().copied().unwrap_or(0);
    let bounded = query.limit.is_some() || query.max_bytes.is_some() || query.wait.is_some();
    let until = match reader.until.filter(|until| next < *until) {
        Some(until) => Some(until),
        None if bounded => None,
        None => edge(next).filter(|edge| *edge <= end),
    };
    let until = until.map(|until| format!("&until={until}")).unwrap_or_default();
    let rest = kept(query.limit, query.max_bytes, query.wait, query.decode);
    let topic = encoded(&reader.topic.name);
    format!("/v1/topics/{topic}/partitions/{partition}/records?offset={next}{until}{rest}")
}

/// The parameters of a request that stay the same in the next.
fn kept(limit: Option<usize>, max_bytes: Option<usize>, wait: Option<f64>, decode: Option<query::Decode>) -> String {
    let mut text = String::new();
    let mut add = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            text.push_str(&format!("&{name}={value}"));
        }
    };
    add("limit", limit.map(|limit| limit.to_string()));
    add("max_bytes", max_bytes.map(|bytes| bytes.to_string()));
    add("wait", wait.map(|wait| wait.to_string()));
    add("decode", decode.map(|decode| format!("{decode:?}").to_lowercase()));
    text
}

/// What a path keeps as it is.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');

fn encoded(name: &str) -> String {
    utf8_percent_encode(name, KEPT).to_string()
}
