//! Where a read begins: what cursors and positions mean in a topic, as it is now.

use engine::FetchError;
use futures::{StreamExt as _, TryStreamExt as _};
use metadata::PartitionId;

use super::query::Bounds;
use super::reader::Reader;
use crate::auth::Authorized;
use crate::http::cursor::{Cursor, PARTITIONS_MAX};
use crate::http::front::{Front, TopicFacts, no_partition};
use crate::http::position::Position;
use crate::http::problem::{Code, Problem};

/// Lookups of a time at once.
const LOOKUPS_AT_ONCE: usize = 8;

/// A reader that goes on where a cursor says.
///
/// # Errors
/// `topic_recreated`, `history_lost`, `ledger_unavailable`, `bad_cursor`.
pub(crate) async fn at_cursor(
    front: &Front,
    authorized: &Authorized,
    cursor: Cursor,
    bounds: Bounds,
) -> Result<Reader, Problem> {
    let deadline = front.clock().now() + front.settings().position_wait_max;
    front.engine().wait_for(cursor.seen, deadline).await?;
    let topic = front.topic(authorized).await?;
    if topic.id != cursor.topic {
        let text = format!("{} is another topic than the one this cursor was made for", topic.name);
        return Err(Problem::new(Code::TopicRecreated, text).with("topic_id", topic.id.to_string()));
    }
    let Cursor {
        first,
        closed,
        turn,
        mut next,
        seen,
        ..
    } = cursor;
    if !closed {
        follow(front, &topic, first, &mut next)?;
    }
    Ok(Reader {
        topic,
        first,
        closed,
        turn,
        next,
        until: None,
        bounds,
        seen,
    })
}

/// Takes along partitions that came later: the reader has read nothing of them.
fn follow(front: &Front, topic: &TopicFacts, first: u32, next: &mut Vec<u64>) -> Result<(), Problem> {
    let known = first.saturating_add(next.len() as u32);
    if topic.partitions.saturating_sub(first) as usize > PARTITIONS_MAX {
        return Err(too_many(topic));
    }
    front.engine().read(|state| {
        let later = (known..topic.partitions).map_while(|partition| state.partition(topic.partition(partition)));
        next.extend(later.map(|partition| partition.log_start()));
    });
    Ok(())
}

fn too_many(topic: &TopicFacts) -> Problem {
    let text = format!(
        "{} has {} partitions, one cursor follows {PARTITIONS_MAX}: give ranges, as in partitions=0-255",
        topic.name, topic.partitions
    );
    Problem::bad_request(text)
}

/// A reader that begins at a position in every partition of a range, or of all.
///
/// # Errors
/// `partition_not_found`, `bad_request` for too many, and what finding a position may meet.
pub(crate) async fn at_position(
    front: &Front,
    authorized: &Authorized,
    position: Position,
    range: Option<(u32, u32)>,
    bounds: Bounds,
) -> Result<Reader, Problem> {
    // What is found below was folded then or later.
    let seen = front.engine().seen();
    let topic = match range {
        Some((_, last)) => front.partition(authorized, last).await?,
        None => front.topic(authorized).await?,
    };
    let (first, last) = range.unwrap_or((0, topic.partitions.saturating_sub(1)));
    if (last - first) as usize >= PARTITIONS_MAX {
        return Err(too_many(&topic));
    }
    let partitions: Vec<PartitionId> = (first..=last).map(|partition| topic.partition(partition)).collect();
    let next = offsets(front, &partitions, position).await?;
    Ok(Reader {
        topic,
        first,
        closed: range.is_some(),
        turn: 0,
        next,
        until: None,
        bounds,
        seen,
    })
}

/// The offset that a position means in each partition. What depends on an end is found after a look at the tip.
///
/// # Errors
/// Of the look, and of reading batches for a time.
pub(crate) async fn offsets(
    front: &Front,
    partitions: &[PartitionId],
    position: Position,
) -> Result<Vec<u64>, Problem> {
    if !matches!(position, Position::Offset(_)) {
        front.look().await?;
    }
    let lookups = partitions
        .iter()
        .copied()
        .map(|partition| offset(front, partition, position));
    futures::stream::iter(lookups)
        .buffered(LOOKUPS_AT_ONCE)
        .try_collect()
        .await
}

async fn offset(front: &Front, partition: PartitionId, position: Position) -> Result<u64, Problem> {
    let ends = || {
        let found = front.engine().read(|state| {
            let partition = state.partition(partition)?;
            Some((partition.log_start(), partition.high_watermark()))
        });
        found.ok_or_else(|| Problem::from(FetchError::UnknownPartition).with("partition", partition.partition))
    };
    let (log_start, end) = match position {
        Position::Offset(offset) => return Ok(offset),
        _ => ends()?,
    };
    Ok(match position {
        Position::Offset(offset) => offset,
        Position::Earliest => log_start,
        Position::Latest => end,
        Position::FromEnd(count) => end.saturating_sub(count).max(log_start),
        Position::At(ms) => at_time(front, partition, ms).await?.map_or(end, |(offset, _)| offset),
        Position::Ago(ms) => {
            let ms = front
                .clock()
                .wall_ms()
                .saturating_sub(i64::try_from(ms).unwrap_or(i64::MAX));
            at_time(front, partition, ms).await?.map_or(end, |(offset, _)| offset)
        }
    })
}

/// The first record at or after a time, and its own time.
///
/// # Errors
/// Of reading batches.
pub(crate) async fn at_time(front: &Front, partition: PartitionId, ms: i64) -> Result<Option<(u64, i64)>, Problem> {
    let found = front.engine().offset_for_timestamp(partition, ms).await;
    found.map_err(|error| Problem::from(error).with("partition", partition.partition))
}

/// A reader of one partition, from a position to another.
///
/// # Errors
/// As [`at_position`].
pub(crate) async fn in_partition(
    front: &Front,
    authorized: &Authorized,
    partition: u32,
    (from, until): (Position, Option<Position>),
    bounds: Bounds,
) -> Result<Reader, Problem> {
    let reader = at_position(front, authorized, from, Some((partition, partition)), bounds).await?;
    ending(front, reader, until).await
}

/// The reader of one partition, with where it is to end.
async fn ending(front: &Front, mut reader: Reader, until: Option<Position>) -> Result<Reader, Problem> {
    if let Some(until) = until {
        let ends = offsets(front, &[reader.topic.partition(reader.first)], until).await?;
        reader.until = ends.first().copied();
    }
    Ok(reader)
}

/// Goes on where a cursor for this one partition says, to a position.
///
/// # Errors
/// `bad_cursor` for a cursor of other partitions, and as [`at_cursor`].
pub(crate) async fn partition_at_cursor(
    front: &Front,
    authorized: &Authorized,
    partition: u32,
    (cursor, until): (Cursor, Option<Position>),
    bounds: Bounds,
) -> Result<Reader, Problem> {
    if cursor.first != partition || cursor.next.len() != 1 {
        return Err(Problem::new(
            Code::BadCursor,
            format!("this cursor is not one of partition {partition} alone"),
        ));
    }
    let cursor = Cursor { closed: true, ..cursor };
    let reader = at_cursor(front, authorized, cursor, bounds).await?;
    if partition >= reader.topic.partitions {
        return Err(no_partition(&reader.topic, partition));
    }
    ending(front, reader, until).await
}
