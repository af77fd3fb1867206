//! What is published of a topic as a table.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::{corrupt, wire};
use super::Names;
use crate::columns::{Declared, LakeColumn, LakeColumns, TYPED_COLUMN_IDS};
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
    let columns = (table.columns.version() > 0).then(|| encode_columns(&table.columns));
    let told = table.changed > 0 || published.is_some() || columns.is_some();
    told.then_some(wire::Table {
        changed: table.changed,
        published,
        columns,
    })
}

fn encode_columns(columns: &LakeColumns) -> wire::Columns {
    wire::Columns {
        ids: columns
            .columns()
            .iter()
            .map(|column| column.id.cast_unsigned())
            .collect(),
        next_id: columns.next_id.cast_unsigned(),
        version: columns.version(),
    }
}

/// What is declared comes from the config.
pub(super) fn decode(
    state: &mut State,
    slots: &[u32],
    from: &wire::Table,
    declared: &[Declared],
) -> Result<TableState, FormatError> {
    let columns = decode_columns(from.columns.as_ref(), declared)?;
    let published = from.published.as_ref().map(|from| decode_published(state, slots, from));
    let published = published.transpose()?;
    match from.changed > state.position || from.changed == 0 && published.is_none() && from.columns.is_none() {
        true => Err(corrupt("lake files that changed as they cannot have")),
        false => Ok(TableState {
            changed: from.changed,
            published,
            columns: Arc::new(columns),
        }),
    }
}

fn decode_columns(from: Option<&wire::Columns>, declared: &[Declared]) -> Result<LakeColumns, FormatError> {
    let wrong = || corrupt("typed columns that cannot be");
    let Some(from) = from else {
        return declared.is_empty().then(LakeColumns::default).ok_or_else(wrong);
    };
    let number = |id: u32| i32::try_from(id).map_err(|_| wrong());
    let next_id = number(from.next_id)?;
    let ids = from.ids.iter().map(|&id| number(id)).collect::<Result<Vec<i32>, _>>()?;
    let known: BTreeSet<i32> = ids.iter().copied().collect();
    let given = ids.iter().all(|id| (TYPED_COLUMN_IDS..next_id).contains(id));
    if !given || known.len() != ids.len() || ids.len() != declared.len() || from.version == 0 {
        return Err(wrong());
    }
    let columns = ids.into_iter().zip(declared.iter().cloned());
    Ok(LakeColumns {
        columns: columns.map(|(id, declared)| LakeColumn { id, declared }).collect(),
        next_id,
        version: from.version,
    })
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
