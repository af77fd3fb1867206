//! Publishing in the model.

use std::collections::BTreeSet;

use metadata::entry::{DescribingObject, Publish};
use metadata::{Applied, ObjectName, Place, Rejection};

use super::{Ask, Judged, Model, swap};

/// What is published of a topic.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Published {
    pub(crate) objects: Vec<(ObjectName, u32)>,
    pub(crate) seen: u64,
    pub(crate) oldest: u64,
    pub(crate) sequence: u64,
    pub(crate) at: u64,
}

impl Model {
    /// Every lake file that something names.
    pub(super) fn lakes(&self) -> BTreeSet<ObjectName> {
        let lake = |place: Place| match place {
            Place::Lake { name, .. } => Some(name),
            _ => None,
        };
        self.extents().filter_map(|held| lake(held.place)).collect()
    }

    /// A part of a proposal that may change which lake files there are.
    pub(super) fn noting(&mut self, topic: u32, judge: impl FnOnce(&mut Self) -> Judged) -> Judged {
        let before = self.lakes();
        let judged = judge(self);
        if self.lakes() != before
            && let Some(topic) = self.topics.get_mut(&topic)
        {
            topic.lake_changed = self.position;
        }
        judged
    }

    pub(super) fn published(&self) -> impl Iterator<Item = ObjectName> {
        let published = self.topics.values().filter_map(|topic| topic.published.as_ref());
        published.flat_map(|published| published.objects.iter().map(|(name, _)| *name))
    }

    pub(super) fn publish(&mut self, ask: &Ask, publish: &Publish) -> Judged {
        if publish.seen >= self.position {
            return Err(Rejection::NotFolded { position: publish.seen });
        }
        let topic = self.topics.get(&publish.topic).ok_or(Rejection::UnknownTopic)?;
        if publish.seen < topic.lake_changed {
            return Err(Rejection::SeenChanged {
                actual: Some(topic.lake_changed),
            });
        }
        if publish.oldest > publish.seen {
            return Err(Rejection::Malformed(""));
        }
        let stands = topic.published.iter().flat_map(|they| they.objects.clone());
        let stands: Vec<(ObjectName, u32)> = stands.collect();
        let name = |name: &metadata::entry::ObjectName| ObjectName::try_from(name).ok();
        if publish
            .replaces
            .as_ref()
            .is_some_and(|replaces| name(replaces).is_none())
        {
            return Err(Rejection::Malformed(""));
        }
        if publish.replaces.as_ref().and_then(name) != stands.first().map(|(name, _)| *name) {
            return Err(Rejection::SeenChanged { actual: None });
        }
        let read = |object: &DescribingObject| Some((name(object.name.as_ref()?)?, object.checksum));
        let objects: Option<Vec<(ObjectName, u32)>> = publish.objects.iter().map(read).collect();
        let elsewhere = |object: &ObjectName| {
            self.published().any(|other| other == *object)
                || self
                    .extents()
                    .any(|held| swap::object(held).is_some_and(|(other, _)| other == *object))
        };
        let own = |object: &ObjectName| {
            object.incarnation == ask.life
                && object.flush <= ask.flush.unwrap()
                && ask.floor.is_none_or(|floor| object.flush >= floor)
                && !elsewhere(object)
        };
        let objects = objects.filter(|objects| {
            let distinct: BTreeSet<_> = objects.iter().map(|(name, _)| name).collect();
            (1..=1024).contains(&objects.len())
                && distinct.len() == objects.len()
                && objects.iter().all(|object| stands.contains(object) || own(&object.0))
        });
        let objects = objects.ok_or(Rejection::OutputsWrong(""))?;
        let at = self.position;
        let topic = self.topics.get_mut(&publish.topic).unwrap();
        topic.published = Some(Published {
            objects,
            seen: publish.seen,
            oldest: publish.oldest,
            sequence: topic.published.as_ref().map_or(1, |they| they.sequence + 1),
            at,
        });
        Ok(Applied::Done)
    }
}
