//! The table of objects that extents name: each name stands once, with a count of the extents that bear it, and what
//! nothing names any more is remembered until nobody can need it.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::BuildHasher;

use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;

use super::extent::LakeEnd;
use crate::ids::{Incarnation, ObjectName};

/// What the fold knows of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ObjectStatus {
    /// Extents name it.
    Named {
        /// How many do.
        references: u32,
    },
    /// Extents named it, and the last went.
    Unnamed {
        /// Position of the entry with which it went.
        at: u64,
    },
    /// Nothing ever named it, or the last name went longer ago than any grace.
    Unknown,
}

/// A name and its count, in 32 bytes.
#[derive(Debug, Clone, Copy)]
struct Slot {
    position: u64,
    nonce: u64,
    flush: u64,
    index: u16,
    attempt: u16,
    references: u32,
}

impl Slot {
    fn name(&self) -> ObjectName {
        let incarnation = Incarnation {
            position: self.position,
            index: self.index,
            nonce: self.nonce,
        };
        ObjectName {
            incarnation,
            flush: self.flush,
            attempt: self.attempt,
        }
    }
}

/// The table. Slots are numbers that mean nothing outside: they are given again when free, and a fold from a snapshot
/// may number differently.
#[derive(Debug, Clone, Default)]
pub(crate) struct Objects {
    slots: Vec<Slot>,
    free: Vec<u32>,
    /// Of those that are lake files, by slot.
    ends: BTreeMap<u32, LakeEnd>,
    by_name: HashTable<u32>,
    unnamed: BTreeMap<ObjectName, u64>,
    unnamed_order: BTreeSet<(u64, ObjectName)>,
}

fn hash(name: &ObjectName) -> u64 {
    FxBuildHasher.hash_one(name)
}

impl Objects {
    /// The name in a slot that an extent holds.
    pub(crate) fn name(&self, slot: u32) -> ObjectName {
        self.slots[slot as usize].name()
    }

    /// What opens the lake file whose name is in a slot; none where it is a segment's.
    pub(crate) fn end(&self, slot: u32) -> Option<LakeEnd> {
        self.ends.get(&slot).copied()
    }

    pub(crate) fn find(&self, name: &ObjectName) -> Option<u32> {
        self.by_name.find(hash(name), |&slot| self.name(slot) == *name).copied()
    }

    pub(crate) fn status(&self, name: &ObjectName) -> ObjectStatus {
        if let Some(slot) = self.find(name) {
            return ObjectStatus::Named {
                references: self.slots[slot as usize].references,
            };
        }
        self.unnamed
            .get(name)
            .map_or(ObjectStatus::Unknown, |&at| ObjectStatus::Unnamed { at })
    }

    /// The slot of a name, new and without references where it has none yet. The caller adds a reference at once, or
    /// gives the slot back with [`Self::discard`].
    pub(crate) fn intern(&mut self, name: &ObjectName) -> u32 {
        if let Some(slot) = self.find(name) {
            return slot;
        }
        let ObjectName {
            incarnation,
            flush,
            attempt,
        } = *name;
        let Incarnation { position, index, nonce } = incarnation;
        let new = Slot {
            position,
            nonce,
            flush,
            index,
            attempt,
            references: 0,
        };
        let slot = match self.free.pop() {
            Some(slot) => {
                self.slots[slot as usize] = new;
                slot
            }
            None => self.push(new),
        };
        let slots = &self.slots;
        self.by_name
            .insert_unique(hash(name), slot, |&slot| hash(&slots[slot as usize].name()));
        slot
    }

    /// The same for the name of a lake file. Names are one file's for ever, so its end is what it was.
    pub(crate) fn intern_lake(&mut self, name: &ObjectName, end: LakeEnd) -> u32 {
        let slot = self.intern(name);
        self.ends.insert(slot, end);
        slot
    }

    fn push(&mut self, new: Slot) -> u32 {
        let slot = u32::try_from(self.slots.len()).expect("fold.bytes.max lets fewer than 2^30 objects be");
        if self.slots.capacity() == self.slots.len() {
            self.slots.reserve_exact((self.slots.len() / 8).max(16));
        }
        self.slots.push(new);
        slot
    }

    /// One more extent bears the name. A name that had gone comes back when its flush was still the lane's last.
    pub(crate) fn hold(&mut self, slot: u32) {
        let entry = &mut self.slots[slot as usize];
        entry.references += 1;
        if entry.references == 1 {
            let name = entry.name();
            if let Some(at) = self.unnamed.remove(&name) {
                self.unnamed_order.remove(&(at, name));
            }
        }
    }

    /// One extent fewer bears the name; with the last it goes, as of the entry at `position`.
    pub(crate) fn release(&mut self, slot: u32, position: u64) {
        let entry = &mut self.slots[slot as usize];
        entry.references -= 1;
        if entry.references == 0 {
            let name = entry.name();
            self.forget_slot(slot, &name);
            self.remember_unnamed(name, position);
        }
    }

    /// Takes back a slot that got no reference.
    pub(crate) fn discard(&mut self, slot: u32) {
        if self.slots[slot as usize].references == 0 {
            let name = self.name(slot);
            self.forget_slot(slot, &name);
        }
    }

    pub(crate) fn is_held(&self, slot: u32) -> bool {
        self.slots[slot as usize].references > 0
    }

    fn forget_slot(&mut self, slot: u32, name: &ObjectName) {
        if let Ok(found) = self.by_name.find_entry(hash(name), |&other| other == slot) {
            found.remove();
        }
        self.ends.remove(&slot);
        self.free.push(slot);
    }

    pub(crate) fn remember_unnamed(&mut self, name: ObjectName, at: u64) {
        self.unnamed.insert(name, at);
        self.unnamed_order.insert((at, name));
    }

    /// Forgets what went at `position` or before.
    pub(crate) fn forget_unnamed(&mut self, position: u64) {
        while let Some(&(at, name)) = self.unnamed_order.first() {
            if at > position {
                return;
            }
            self.unnamed_order.pop_first();
            self.unnamed.remove(&name);
        }
    }

    /// What nothing names any more and is still remembered, by position.
    pub(crate) fn unnamed(&self) -> impl ExactSizeIterator<Item = &(u64, ObjectName)> + Clone {
        self.unnamed_order.iter()
    }

    pub(crate) fn len(&self) -> usize {
        self.by_name.len()
    }

    /// Bytes of memory that are taken by names that extents bear, empty room included.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.slots.capacity() * size_of::<Slot>() + self.free.capacity() * 4 + self.by_name.allocation_size()
            // A tree's nodes are two thirds full.
            + self.ends.len() * (size_of::<LakeEnd>() + size_of::<u32>()) * 3 / 2
    }
}

#[cfg(test)]
mod tests;
