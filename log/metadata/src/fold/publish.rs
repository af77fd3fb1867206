//! Publishing: objects that describe a topic's lake files as a table take the place of those that did.

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
        if topic.table.changed > publish.seen {
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
        if replaces != held.first().map(|&slot| self.places.objects.name(slot)) {
            return Err(Rejection::SeenChanged { actual: None });
        }
        let names = self.published_names(ask, publish, &held)?;
        let objects: Vec<u32> = names.iter().map(|name| self.places.objects.intern(name)).collect();
        for &slot in &objects {
            self.places.objects.hold(slot);
        }
        for slot in held {
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

    /// Names that may be published: each once, and of the proposer where the topic has not published it before.
    fn published_names(&self, ask: &Ask, publish: &Publish, held: &[u32]) -> Result<Vec<ObjectName>, Rejection> {
        let wrong = |why| Err(Rejection::OutputsWrong(why));
        if publish.objects.is_empty() || publish.objects.len() > PUBLISHED_OBJECTS_MAX {
            return wrong("it has none, or too many");
        }
        let mut names = Vec::with_capacity(publish.objects.len());
        for name in &publish.objects {
            let Ok(name) = ObjectName::try_from(name) else {
                return wrong("one has no name that can be");
            };
            let known = self.places.objects.find(&name);
            if !known.is_some_and(|slot| held.contains(&slot)) {
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
            names.push(name);
        }
        let mut sorted = names.clone();
        sorted.sort_unstable();
        match sorted.windows(2).any(|pair| pair[0] == pair[1]) {
            true => wrong("one is named twice"),
            false => Ok(names),
        }
    }
}
