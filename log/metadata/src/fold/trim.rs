//! Moving log start offsets forward, and what stays of the records before them.

use seeded::Bug;

use crate::entry::PartitionTrim;
use crate::ids::PartitionId;
use crate::outcome::{Applied, Rejection};
use crate::state::State;

impl State {
    /// Moves one log start. One that is there or beyond already stays, and that is no failure: whoever deletes records
    /// asked for them to be gone.
    ///
    /// Extents go that lie wholly before what was asked for; or, if the table keeps its records for longer, before what was
    /// asked for of those. Only what lies in lake files stays below a log start, and extents follow one another: so the last
    /// that lies elsewhere takes all before it along.
    pub(super) fn trim(&mut self, trim: &PartitionTrim) -> Result<Applied, Rejection> {
        let id = PartitionId {
            topic: trim.topic,
            partition: trim.partition,
        };
        let (now, places) = (self.position, &mut self.places);
        let topic = self.topics.get_mut(id.topic).ok_or(Rejection::UnknownTopic)?;
        let partition = topic
            .partitions
            .get_mut(id.partition as usize)
            .ok_or(Rejection::UnknownPartition)?;
        let moved = trim.seen_start.is_some_and(|seen| seen != partition.log_start);
        if moved && !seeded::is(Bug::TrimBlind) {
            return Err(Rejection::SeenChanged {
                actual: Some(partition.log_start),
            });
        }
        if trim.before > partition.end {
            return Err(Rejection::OffsetBeyondEnd {
                high_watermark: partition.end,
            });
        }
        let lake_before = trim.lake_before.unwrap_or(trim.before).min(trim.before);
        let was_below = partition.extents.index_of(partition.log_start);
        partition.log_start = partition.log_start.max(trim.before);
        let below = partition.extents.index_of(partition.log_start);
        let left = partition.extents.as_slice().get(was_below..below).unwrap_or_default();
        partition.bytes -= left.iter().map(|extent| u64::from(extent.bytes)).sum::<u64>();
        let elsewhere = left.iter().rposition(|extent| !extent.is_lake());
        let elsewhere = elsewhere.map_or(0, |at| was_below + at + 1);
        let gone = partition.extents.index_of(lake_before).max(elsewhere);
        for extent in partition.extents.as_slice().iter().take(gone) {
            if places.release(extent, now) {
                topic.table.changed = now;
            }
        }
        partition.extents.drop_front(gone);
        partition.trim_epochs();
        Ok(Applied::Trimmed {
            log_start: partition.log_start,
        })
    }
}
