//! Whether the bytes of an extent are the batches that the ledger says they are. Pure.

use bytes::Bytes;
use metadata::{Extent, Place};
use records::Batch;

/// What is wrong with an extent's bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wrong {
    /// Bytes that are no batch, or not the one their producer made: from this offset on.
    Damaged { from: u64, what: String },
    /// The batches end before the extent's offsets do: these lie nowhere.
    Hole { first: u64, last: u64 },
    /// The batches hold another number of records, or of offsets, than the ledger says.
    Count { what: String },
}

/// What the ledger says of an extent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Claim {
    /// Its first offset.
    pub(super) first: u64,
    /// Its last.
    pub(super) last: u64,
    /// Its records.
    pub(super) records: u32,
    /// Bytes of its batches; of rows the ledger says none.
    pub(super) bytes: Option<u32>,
}

impl Claim {
    /// That of an extent.
    pub(super) fn of(extent: &Extent) -> Claim {
        let is_lake = matches!(extent.place, Place::Lake { .. });
        Claim {
            first: extent.first,
            last: extent.last(),
            records: extent.records,
            bytes: (!is_lake).then_some(extent.bytes),
        }
    }
}

/// How much was found right.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counted {
    /// Batches.
    pub(super) batches: u64,
    /// Records.
    pub(super) records: u64,
}

/// Cuts the bytes into batches, checks each, and compares their sums with the claim.
pub(super) fn check(bytes: Bytes, claim: Claim) -> (Counted, Vec<Wrong>) {
    let mut counted = Counted::default();
    let mut wrong = Vec::new();
    let length = bytes.len() as u64;
    if claim.bytes.is_some_and(|claimed| u64::from(claimed) != length) {
        let what = format!("{length} bytes, the ledger says {}", claim.bytes.unwrap_or(0));
        wrong.push(Wrong::Count { what });
    }
    let mut next = claim.first;
    for cut in records::split(bytes) {
        let batch = cut.and_then(|(_, bytes)| Batch::stored(bytes));
        let batch = match batch {
            Ok(batch) => batch,
            Err(error) => {
                let what = error.to_string();
                wrong.push(Wrong::Damaged { from: next, what });
                return (counted, wrong);
            }
        };
        counted.batches += 1;
        counted.records += u64::from(batch.records());
        next = next.saturating_add(offsets_of(&batch, next, &mut wrong));
    }
    if next <= claim.last {
        wrong.push(Wrong::Hole {
            first: next,
            last: claim.last,
        });
    } else if next > claim.last + 1 {
        let what = format!("batches end at offset {}, the ledger says {}", next - 1, claim.last);
        wrong.push(Wrong::Count { what });
    }
    wrong.extend(miscounted(&counted, &claim));
    (counted, wrong)
}

/// Checks batches that rows made, each with its base offset. Compaction by key may have left out any of them.
pub(super) fn check_rows(batches: &[(u64, Batch)], claim: Claim) -> (Counted, Vec<Wrong>) {
    let mut counted = Counted::default();
    let mut wrong = Vec::new();
    let mut next = claim.first;
    for (base, batch) in batches {
        counted.batches += 1;
        counted.records += u64::from(batch.records());
        let end = base.saturating_add(offsets_of(batch, *base, &mut wrong));
        if *base < next || end > claim.last.saturating_add(1) {
            let what = format!(
                "a batch of offsets {base} to {} where {next} to {} are due",
                end.saturating_sub(1),
                claim.last
            );
            wrong.push(Wrong::Count { what });
        }
        next = end.max(next);
    }
    wrong.extend(miscounted(&counted, &claim));
    (counted, wrong)
}

fn miscounted(counted: &Counted, claim: &Claim) -> Option<Wrong> {
    let what = || format!("{} records, the ledger says {}", counted.records, claim.records);
    (counted.records != u64::from(claim.records)).then(|| Wrong::Count { what: what() })
}

/// How many offsets a batch takes.
fn offsets_of(batch: &Batch, first: u64, wrong: &mut Vec<Wrong>) -> u64 {
    let header = batch.header();
    let Ok(delta) = u64::try_from(header.last_offset_delta) else {
        let what = format!(
            "the batch at offset {first} ends {} before it begins",
            header.last_offset_delta
        );
        wrong.push(Wrong::Count { what });
        return 0;
    };
    if u64::from(batch.records()) > delta + 1 {
        let what = format!(
            "the batch at offset {first} has {} records for {} offsets",
            batch.records(),
            delta + 1
        );
        wrong.push(Wrong::Count { what });
    }
    delta + 1
}

#[cfg(test)]
mod tests;
