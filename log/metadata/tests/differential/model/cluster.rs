//! The cluster in the model.

use metadata::entry::{AlterCluster, FeatureLevel};
use metadata::{Applied, Rejection};

use super::topics::configure;
use super::{Judged, Model};

const KNOWN: &[&str] = &["fold.bytes.max", "groups.max", "partitions.max", "segment.grace.ms"];

fn cluster_value(name: &str, value: &str) -> bool {
    let Ok(value) = value.parse::<i64>() else { return false };
    match name {
        "fold.bytes.max" => (1024..=1 << 36).contains(&value),
        "segment.grace.ms" => (0..=172_800_000).contains(&value),
        _ => (1..=10_000_000).contains(&value),
    }
}

impl Model {
    pub(super) fn alter_cluster(&mut self, alter: &AlterCluster) -> Judged {
        self.config = configure(&self.config, &alter.set, &alter.unset, KNOWN, cluster_value)?;
        Ok(Applied::Done)
    }

    pub(super) fn raise(&mut self, raise: &FeatureLevel) -> Judged {
        if raise.seen != self.level {
            return Err(Rejection::SeenChanged {
                actual: Some(self.level.into()),
            });
        }
        if raise.level <= self.level {
            return Err(Rejection::InvalidFeatureLevel);
        }
        for life in self.lives.values() {
            if raise.level < life.features.0 || raise.level > life.features.1 {
                return Err(Rejection::FeatureOutOfRange { level: raise.level });
            }
        }
        self.level = raise.level;
        Ok(Applied::Done)
    }

    pub(super) fn producer_ids(&mut self, count: u32) -> Judged {
        if count == 0 || count > 1_000_000 {
            return Err(Rejection::InvalidCount { limit: 1_000_000 });
        }
        let first = self.next_producer;
        self.next_producer += u64::from(count);
        Ok(Applied::ProducerIds { first, count })
    }
}
