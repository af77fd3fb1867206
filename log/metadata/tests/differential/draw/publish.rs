//! Draws what is published.

use metadata::entry::proposal::Kind;
use metadata::entry::{DescribingObject, Publish};
use metadata::{Incarnation, ObjectName, Place};

use super::Drawer;
use crate::model::Model;

impl Drawer {
    pub(super) fn publish(&mut self, model: &Model, life: Incarnation, flush: Option<u64>, floor: Option<u64>) -> Kind {
        let flush = flush.or(floor).unwrap_or(0);
        let topics: Vec<u32> = model.topics.keys().copied().collect();
        let topic = match self.dice.permille(20) {
            true => 99,
            false => self.dice.pick(&topics).copied().unwrap_or(99),
        };
        let known = model.topics.get(&topic);
        let stands = known.and_then(|topic| topic.published.as_ref());
        let stands: Vec<(ObjectName, u32)> = stands.map(|they| they.objects.clone()).unwrap_or_default();
        let changed = known.map_or(0, |topic| topic.lake_changed);
        // Attempts are those of no segment, so that a name is seldom another's.
        let name = |attempt| ObjectName {
            incarnation: life,
            flush,
            attempt,
        };
        let first = 10 + 4 * self.dice.below(20) as u16;
        let new = (first..first + self.dice.between(1, 3) as u16).map(name);
        let mut objects: Vec<(ObjectName, u32)> = new.map(|name| (name, 7)).collect();
        if self.dice.percent(50) {
            objects.extend(stands.get(1..).into_iter().flatten().copied().take(2));
        }
        let mut seen = self.dice.between(changed.min(model.position), model.position);
        let mut replaces = stands.first().map(|(name, _)| *name);
        match self.dice.below(60) {
            0 => objects.clear(),
            1 => objects.push(objects[0]),
            2 => objects[0].0.flush += 1,
            3 => objects[0].0.flush = 0,
            4 => objects[0].0.incarnation.nonce += 1,
            5 => {
                let extents = model.extents().find_map(|held| match held.place {
                    Place::Inline { .. } => None,
                    Place::Segment { name, .. } | Place::Lake { name, .. } => Some(name),
                });
                objects.extend(extents.map(|name| (name, 7)));
            }
            6 => seen = changed.saturating_sub(1),
            7 => seen = model.position + 2,
            8 => replaces = None,
            9 => replaces = Some(objects[0].0),
            10 => objects = (0..1025).map(|attempt| (name(attempt), 7)).collect(),
            11 => objects.iter_mut().for_each(|object| object.1 += 1),
            _ => {}
        }
        let oldest = match self.dice.below(50) {
            0 => seen + 1,
            _ => self.dice.between(0, seen),
        };
        self.names.extend(objects.iter().take(8).map(|(name, _)| *name));
        Kind::Publish(Publish {
            topic,
            replaces: replaces.map(Into::into),
            seen,
            oldest,
            objects: objects
                .into_iter()
                .map(|(name, checksum)| DescribingObject {
                    name: Some(name.into()),
                    checksum,
                })
                .collect(),
        })
    }
}
