//! The cluster's configs, its feature level, and producer ids.

use crate::entry::{AlterCluster, FeatureLevel};
use crate::limits::PRODUCER_IDS_MAX;
use crate::outcome::{Applied, Rejection};
use crate::state::State;

impl State {
    pub(super) fn alter_cluster(&mut self, alter: &AlterCluster) -> Result<Applied, Rejection> {
        self.config = self.config.changed(&alter.set, &alter.unset)?;
        Ok(Applied::Done)
    }

    /// Judged by what the live ones said of themselves and never by what this build can do: every fold must come to the
    /// same verdict. A build that is too old stops at the first body that needs the new level.
    pub(super) fn raise_feature_level(&mut self, raise: &FeatureLevel) -> Result<Applied, Rejection> {
        if raise.seen != self.feature_level {
            return Err(Rejection::SeenChanged {
                actual: Some(u64::from(self.feature_level)),
            });
        }
        if raise.level <= self.feature_level {
            return Err(Rejection::InvalidFeatureLevel);
        }
        let fits = |(low, high): (u32, u32)| (low..=high).contains(&raise.level);
        if !self.lives.live.values().all(|life| fits(life.features())) {
            return Err(Rejection::FeatureOutOfRange { level: raise.level });
        }
        self.feature_level = raise.level;
        Ok(Applied::Done)
    }

    pub(super) fn take_producer_ids(&mut self, count: u32) -> Result<Applied, Rejection> {
        let first = self.next_producer_id;
        let after = first
            .checked_add(u64::from(count))
            .filter(|&after| after <= i64::MAX as u64);
        let (Some(after), 1..=PRODUCER_IDS_MAX) = (after, count) else {
            return Err(Rejection::InvalidCount {
                limit: PRODUCER_IDS_MAX,
            });
        };
        self.next_producer_id = after;
        Ok(Applied::ProducerIds { first, count })
    }
}
