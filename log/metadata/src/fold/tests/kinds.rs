//! Tables of every kind of proposal and every reason for which it is rejected.

mod append;
mod groups;
mod swap;
mod topics;
mod upkeep;

use super::{Fixture, rejected};
use crate::entry::{CreateTopic, proposal::Kind};
use crate::ids::{Incarnation, PartitionId};
use crate::outcome::{Applied, Verdict};
use crate::{Partition, Role};

/// A fixture with an agent, a compactor, and topic 1 of three partitions.
pub(super) struct Ready {
    pub(super) fixture: Fixture,
    pub(super) agent: Incarnation,
    pub(super) compactor: Incarnation,
}

pub(super) fn create(name: &str, id: u8, partitions: u32) -> CreateTopic {
    CreateTopic {
        name: name.to_owned(),
        id: vec![id; 16].into(),
        partitions,
        ..Default::default()
    }
}

impl Ready {
    pub(super) fn new() -> Self {
        let mut fixture = Fixture::new();
        let (agent, compactor) = (fixture.register(1, Role::Agent), fixture.register(2, Role::Compactor));
        let mut ready = Self {
            fixture,
            agent,
            compactor,
        };
        let created = ready.control(Kind::CreateTopic(create("t", 1, 3)));
        assert!(matches!(created, Verdict::Applied(Applied::Topic { number: 1, .. })));
        ready
    }

    /// New lives in the place of those that are over.
    pub(super) fn begin_again(&mut self) {
        self.agent = self.fixture.register(11, Role::Agent);
        self.compactor = self.fixture.register(12, Role::Compactor);
    }

    pub(super) fn control(&mut self, kind: Kind) -> Verdict {
        self.fixture.control(self.agent, kind)
    }

    pub(super) fn partition(&self, partition: u32) -> Partition<'_> {
        self.fixture
            .state
            .partition(PartitionId { topic: 1, partition })
            .unwrap()
    }

    /// The offsets at which extents begin, and the end.
    pub(super) fn edges(&self, partition: u32) -> Vec<u64> {
        let partition = self.partition(partition);
        partition
            .extents()
            .map(|extent| extent.first)
            .chain([partition.high_watermark()])
            .collect()
    }
}
