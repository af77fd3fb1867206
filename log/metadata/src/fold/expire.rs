//! Forgetting what has been silent. Each item names what its proposer saw, and goes alone.

use crate::entry::{Expire, GroupSeen, ProducerSeen, RequestProducerSeen};
use crate::ids::Change;
use crate::outcome::{Applied, Rejection, Verdict};
use crate::state::State;

impl State {
    pub(super) fn expire(&mut self, expire: &Expire) -> Vec<Verdict> {
        let count = expire.producers.len() + expire.request_producers.len() + expire.groups.len();
        let mut verdicts = Vec::with_capacity(count);
        verdicts.extend(
            expire
                .producers
                .iter()
                .map(|seen| Verdict::from(self.expire_producer(seen))),
        );
        verdicts.extend(
            expire
                .request_producers
                .iter()
                .map(|seen| Verdict::from(self.expire_request_producer(seen))),
        );
        verdicts.extend(expire.groups.iter().map(|seen| Verdict::from(self.expire_group(seen))));
        verdicts
    }

    fn expire_producer(&mut self, seen: &ProducerSeen) -> Result<Applied, Rejection> {
        let topic = self.topics.get_mut(seen.topic).ok_or(Rejection::UnknownTopic)?;
        let partition = topic
            .partitions
            .get_mut(seen.partition as usize)
            .ok_or(Rejection::UnknownPartition)?;
        let actual = partition.producers.get(&seen.id).map(|known| known.position);
        if actual != Some(seen.seen) {
            return Err(Rejection::SeenChanged { actual });
        }
        partition.producers.remove(&seen.id);
        self.counts.producers -= 1;
        Ok(Applied::Done)
    }

    fn expire_request_producer(&mut self, seen: &RequestProducerSeen) -> Result<Applied, Rejection> {
        let topic = self.topics.get_mut(seen.topic).ok_or(Rejection::UnknownTopic)?;
        let actual = topic.requests.get(&seen.producer).map(|known| known.position);
        if actual != Some(seen.seen) {
            return Err(Rejection::SeenChanged { actual });
        }
        if let Some(known) = topic.requests.remove(&seen.producer) {
            self.counts.requests -= known.weight() + seen.producer.len() as u64;
        }
        Ok(Applied::Done)
    }

    fn expire_group(&mut self, seen: &GroupSeen) -> Result<Applied, Rejection> {
        let group = self.groups.get(&seen.group).ok_or(Rejection::UnknownGroup)?;
        if seen.seen.map(Change::from) != Some(group.changed) {
            return Err(Rejection::GroupChanged {
                actual: Some(group.changed),
            });
        }
        self.groups.remove(&seen.group);
        Ok(Applied::Done)
    }
}
