//! Publishing: objects that describe a topic's lake files as a table take the place of those that did.

use seeded::Bug;

use super::judge::Ask;
use crate::entry::Publish;
use crate::ids::ObjectName;
use crate::limits::PUBLISHED_OBJECTS_MAX;
use crate::outcome::{Applied, Rejection};
use crate::state::{ObjectStatus, State, table::PublishedState};

impl State {
    /// Taken only while it tells of all lake files that the topic has, and while what it replaces is published: so what
    /// is published told the truth when it was, and of two that publish at once one is refused.
    pub(super) fn publish(&mut self, ask: &Ask, publish: &Publish) -> Result<Applied, Rejection> {
        self.check_folded(publish.seen)?;
        let topic = self.topics.get(publish.topic).ok_or(Rejection::UnknownTopic)?;
        if topic.table.changed > publish.seen && !seeded::is(Bug::PublishBlind) {
            return Err(Rejection::SeenChanged {
                actual: Some(topic.table.changed),
            });
        }
        if publish.oldest > publish.seen {
            return Err(Rejection::Malformed("its oldest snapshot is newer than its newest"));
        }
        let standing = topic.table.published.as_ref();
        let (held, sequence) = standing.map_or((Vec::new(), 0), |published| {
            (published.objects.clone(), published.sequence)
        });
        let replaces = publish.replaces.as_ref().map(ObjectName::try_from).transpose();
        let replaces = replaces.map_err(|_| Rejection::Malformed("a name that cannot be"))?;
        if replaces != held.first().map(|&(slot, _)| self.places.objects.name(slot)) {
            return Err(Rejection::SeenChanged { actual: None });
        }
        let named = self.published_objects(ask, publish, &held)?;
        let slots = named.into_iter();
        let objects: Vec<(u32, u32)> = slots
            .map(|(name, checksum)| (self.places.objects.intern(&name), checksum))
            .collect();
        for &(slot, _) in &objects {
            self.places.objects.hold(slot);
        }
        for (slot, _) in held {
            self.places.objects.release(slot, self.position);
        }
        if let Some(topic) = self.topics.get_mut(publish.topic) {
            topic.table.published = Some(PublishedState {
                objects,
                seen: publish.seen,
                oldest: publish.oldest,
                sequence: sequence.saturating_add(1),
                at: self.position,
            });
        }
        Ok(Applied::Done)
    }

    /// What may be published: each once, of the proposer where the topic has not published it before, and as it was published
    /// where it has.
    fn published_objects(
        &self,
        ask: &Ask,
        publish: &Publish,
        held: &[(u32, u32)],
    ) -> Result<Vec<(ObjectName, u32)>, Rejection> {
        let wrong = |why| Err(Rejection::OutputsWrong(why));
        if publish.objects.is_empty() || publish.objects.len() > PUBLISHED_OBJECTS_MAX {
            return wrong("it has none, or too many");
        }
        let mut objects = Vec::with_capacity(publish.objects.len());
        for object in &publish.objects {
            let name = object.name.as_ref().map(ObjectName::try_from);
            let Some(Ok(name)) = name else {
                return wrong("one has no name that can be");
            };
            let known = self.places.objects.find(&name);
            let known = held.iter().find(|(slot, _)| known == Some(*slot));
            if known.is_some_and(|&(_, checksum)| checksum != object.checksum) {
                return wrong("one is not what it was");
            }
            if known.is_none() {
                // As for the outputs of a swap: what a sweep may have taken must not be named.
                if name.incarnation != ask.incarnation || Some(name.flush) > ask.flush {
                    return wrong("one is not the proposer's, or of a later flush than the proposal's");
                }
                if Some(name.flush) < ask.flush_floor {
                    return wrong("one is of a flush before the last that was taken");
                }
                if matches!(self.object(&name), ObjectStatus::Named { .. }) {
                    return wrong("one's name is another object's");
                }
            }
            objects.push((name, object.checksum));
        }
        let mut sorted: Vec<ObjectName> = objects.iter().map(|&(name, _)| name).collect();
        sorted.sort_unstable();
        match sorted.windows(2).any(|pair| pair[0] == pair[1]) {
            true => wrong("one is named twice"),
            false => Ok(objects),
        }
    }
}
