//! What has been silent for too long: producers, HTTP producers and groups, each named with the last change that was
//! seen of it.
//!
//! The fold knows no time, only marks: "up to this entry was folded when the store's clock said so". A producer whose
//! last batch lies at or before a mark has been silent since before that mark's date.
//!
//! A group's last commit bears the wall clock of the process that took it, as Kafka's does. That clock may be wrong by
//! years, so it is believed only where a mark says too that the commit is old.

use metadata::entry::{Expire, GroupSeen, ProducerSeen, RequestProducerSeen};
use metadata::{Change, MARKS_KEPT_MS, State};

/// What is to be forgotten at `now_ms`, milliseconds since 1970; at most `bytes_max` bytes of proposal, the rest
/// another time.
pub fn plan(state: &State, now_ms: i64, bytes_max: usize) -> Expire {
    let mut plan = Plan {
        expire: Expire::default(),
        bytes_left: bytes_max,
    };
    let expiration_ms = i64::try_from(state.cluster_config().producer_id_expiration_ms()).unwrap_or(i64::MAX);
    if let Some(silent_through) = silent_through(state, now_ms, expiration_ms) {
        plan.producers(state, silent_through);
    }
    let minutes = i64::try_from(state.cluster_config().offsets_retention_minutes()).unwrap_or(i64::MAX);
    let retention_ms = minutes.saturating_mul(60_000);
    // Marks are not kept for as long as offsets may be: half of their time is what can always be shown.
    let shown_ms = retention_ms.min(MARKS_KEPT_MS / 2);
    if let Some(silent_through) = silent_through(state, now_ms, shown_ms) {
        plan.groups(state, now_ms.saturating_sub(retention_ms), silent_through);
    }
    plan.expire
}

/// How many things a proposal forgets.
pub fn count(expire: &Expire) -> usize {
    expire.producers.len() + expire.request_producers.len() + expire.groups.len()
}

/// The last entry of which a mark says that it is older than this.
fn silent_through(state: &State, now_ms: i64, older_than_ms: i64) -> Option<u64> {
    let old = |mark: &&metadata::MarkAt| now_ms.saturating_sub(mark.date_ms) > older_than_ms;
    state.marks().iter().rev().find(old).map(|mark| mark.folded)
}

/// The last entry with something that will expire: a batch or request of a producer that is still remembered, or a
/// change of a group; none when there is none.
pub fn last_change(state: &State) -> Option<u64> {
    let kafka = state.topics().flat_map(|topic| {
        let partitions = state.partitions(topic.number());
        partitions.filter_map(|(_, partition)| partition.producers().map(|producer| producer.last_position).max())
    });
    let http = state
        .topics()
        .flat_map(|topic| topic.request_producers().map(|producer| producer.last_position));
    let groups = state.groups().map(|group| group.changed().position);
    kafka.chain(http).chain(groups).max()
}

struct Plan {
    expire: Expire,
    bytes_left: usize,
}

impl Plan {
    fn producers(&mut self, state: &State, silent_through: u64) {
        for topic in state.topics() {
            for (id, partition) in state.partitions(topic.number()) {
                let silent = partition
                    .producers()
                    .filter(|producer| producer.last_position <= silent_through);
                for producer in silent {
                    if !self.takes(PRODUCER_BYTES) {
                        return;
                    }
                    self.expire.producers.push(ProducerSeen {
                        topic: id.topic,
                        partition: id.partition,
                        id: producer.id,
                        seen: producer.last_position,
                    });
                }
            }
            let silent = topic
                .request_producers()
                .filter(|producer| producer.last_position <= silent_through);
            for producer in silent {
                if !self.takes(PRODUCER_BYTES + producer.producer.len()) {
                    return;
                }
                self.expire.request_producers.push(RequestProducerSeen {
                    topic: topic.number(),
                    producer: producer.producer,
                    seen: producer.last_position,
                });
            }
        }
    }

    fn groups(&mut self, state: &State, silent_since_ms: i64, silent_through: u64) {
        let silent = |group: &&metadata::Group| {
            group.timestamp() < silent_since_ms && group.changed().position <= silent_through
        };
        for group in state.groups().filter(silent) {
            if !self.takes(GROUP_BYTES + group.name().len()) {
                return;
            }
            let Change { position, index } = group.changed();
            self.expire.groups.push(GroupSeen {
                group: group.name().to_owned(),
                seen: Some(metadata::entry::Change { position, index }),
            });
        }
    }

    fn takes(&mut self, bytes: usize) -> bool {
        match self.bytes_left.checked_sub(bytes) {
            Some(left) => {
                self.bytes_left = left;
                true
            }
            None => false,
        }
    }
}

/// Bytes of a producer in a proposal but for its name, at most.
const PRODUCER_BYTES: usize = 6 + 6 + 11 + 11 + 8;
/// Bytes of a group in a proposal but for its name, at most.
const GROUP_BYTES: usize = 11 + 6 + 4 + 4 + 4;

#[cfg(test)]
mod tests;
