//! Moving log start offsets forward.

use seeded::Bug;

use crate::entry::PartitionTrim;
use crate::ids::PartitionId;
use crate::outcome::{Applied, Rejection};
use crate::state::State;

impl State {
    /// Moves one log start. One that is there or beyond already stays, and that is no failure: whoever deletes records
    /// asked for them to be gone.
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
        if trim.before > partition.log_start {
            partition.log_start = trim.before;
            let gone = partition.extents.index_of(trim.before);
            for extent in partition.extents.as_slice().iter().take(gone) {
                partition.bytes -= u64::from(extent.bytes);
                if places.release(extent, now) {
                    topic.table.changed = now;
                }
            }
            partition.extents.drop_front(gone);
            partition.trim_epochs();
        }
        Ok(Applied::Trimmed {
            log_start: partition.log_start,
        })
    }
}
