//! What is published of a topic as a table.

use std::collections::BTreeSet;

use super::super::{corrupt, wire};
use super::Names;
use crate::entry::FormatError;
use crate::limits::PUBLISHED_OBJECTS_MAX;
use crate::state::State;
use crate::state::table::{PublishedState, TableState};

pub(super) fn encode(state: &State, names: &mut Names, table: &TableState) -> Option<wire::Table> {
    let published = table.published.as_ref().map(|published| wire::Published {
        objects: published
            .objects
            .iter()
            .map(|&(slot, _)| names.place(state, slot) - 1)
            .collect(),
        checksums: published.objects.iter().map(|&(_, checksum)| checksum).collect(),
        seen: published.seen,
        oldest: published.oldest,
        sequence: published.sequence,
        at: published.at,
    });
    let told = table.changed > 0 || published.is_some();
    told.then_some(wire::Table {
        changed: table.changed,
        published,
    })
}

pub(super) fn decode(state: &mut State, slots: &[u32], from: &wire::Table) -> Result<TableState, FormatError> {
    let published = from.published.as_ref().map(|from| decode_published(state, slots, from));
    let published = published.transpose()?;
    match from.changed > state.position || from.changed == 0 && published.is_none() {
        true => Err(corrupt("lake files that changed as they cannot have")),
        false => Ok(TableState {
            changed: from.changed,
            published,
        }),
    }
}

fn decode_published(state: &mut State, slots: &[u32], from: &wire::Published) -> Result<PublishedState, FormatError> {
    let wrong = || corrupt("something was published as it cannot have been");
    let slots = from.objects.iter().map(|&index| slots.get(index as usize).copied());
    let slots: Option<Vec<u32>> = slots.collect();
    let slots = slots.filter(|slots| !slots.is_empty() && slots.len() == from.checksums.len());
    let slots = slots.ok_or_else(wrong)?;
    let can_be = from.oldest <= from.seen && from.seen < from.at && from.at <= state.position && from.sequence > 0;
    let mut known = BTreeSet::new();
    for &slot in &slots {
        // No extent names it, and it is named once.
        if !known.insert(slot) || state.places.objects.is_held(slot) || state.places.objects.end(slot).is_some() {
            return Err(wrong());
        }
    }
    if !can_be || slots.len() > PUBLISHED_OBJECTS_MAX {
        return Err(wrong());
    }
    slots.iter().for_each(|&slot| state.places.objects.hold(slot));
    let checksums = from.checksums.iter().copied();
    Ok(PublishedState {
        objects: slots.into_iter().zip(checksums).collect(),
        seen: from.seen,
        oldest: from.oldest,
        sequence: from.sequence,
        at: from.at,
    })
}
