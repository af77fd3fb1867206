//! When a mark is worth an entry. A mark tells the fold what the store's clock said; grace and expiration are counted
//! between marks. So one is needed only while something waits: first one that covers what waits, then, after the grace,
//! one whose date shows that it has passed. A log that nobody writes to comes to rest after two.

use metadata::{MarkAt, State};

/// What waits for time to pass, told by positions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// Since when segments that are still there are garbage: the first and the last position.
    pub objects: Option<(u64, u64)>,
    /// The same of lake files, which wait longer.
    pub lakes: Option<(u64, u64)>,
    /// Since when tables are published whose old snapshots are to be told of no more: the first and the last position.
    pub tables: Option<(u64, u64)>,
    /// The position up to which entries are to be deleted.
    pub entries: Option<u64>,
    /// The last entry of a producer or a group that will expire.
    pub expiring: Option<u64>,
    /// The first entry with inline bytes, which may not stay for ever.
    pub inline: Option<u64>,
}

/// Whether a mark is to be proposed at `now_ms` by the store's clock.
pub fn needs_mark(state: &State, waiting: &Waiting, now_ms: i64) -> bool {
    let config = state.cluster_config();
    let ms = |ms: u64| i64::try_from(ms).unwrap_or(i64::MAX);
    let grace_ms = ms(config.segment_grace_ms());
    let marks = state.marks();
    let objects = [
        (waiting.objects, grace_ms),
        (waiting.lakes, ms(config.lake_grace_ms())),
        (waiting.tables, ms(super::tables::history_ms(state))),
    ];
    let objects = objects.into_iter().any(|(since, grace_ms)| {
        let covers = |mark: &MarkAt| mark.folded;
        since.is_some_and(|(first, last)| {
            uncovered(marks, last, covers, grace_ms, now_ms) || over(marks, first, covers, grace_ms, now_ms)
        })
    });
    let entries = waiting.entries.is_some_and(|position| {
        let covers = |mark: &MarkAt| reach(mark);
        uncovered(marks, position, covers, grace_ms, now_ms) || over(marks, position, covers, grace_ms, now_ms)
    });
    // Expiry compares marks with the clock itself, so it needs no second mark.
    let expiring = waiting.expiring.is_some_and(|last| {
        let expiration_ms = ms(config.producer_id_expiration_ms());
        uncovered(marks, last, |mark| mark.folded, expiration_ms, now_ms)
    });
    let inline = waiting.inline.is_some_and(|lowest| {
        let hold_ms = ms(config.inline_hold_ms_max());
        uncovered(marks, lowest, |mark| mark.folded, hold_ms, now_ms)
    });
    objects || entries || expiring || inline
}

/// Whether entries below `position` are in no reader's plan any more, by the marks.
pub fn is_over(state: &State, position: u64) -> bool {
    let grace_ms = i64::try_from(state.cluster_config().segment_grace_ms()).unwrap_or(i64::MAX);
    let Some(newest) = state.marks().last() else {
        return false;
    };
    let passed = |mark: &MarkAt| newest.date_ms.saturating_sub(mark.date_ms) >= grace_ms;
    state.marks().iter().any(|mark| reach(mark) >= position && passed(mark))
}

/// Below which position no reader that started at the mark's date or later needs an entry.
fn reach(mark: &MarkAt) -> u64 {
    mark.lowest_inline.map_or(mark.folded, |lowest| lowest.min(mark.folded))
}

/// Whether no mark covers the position, and the newest is no longer so young that another would hardly help.
fn uncovered(marks: &[MarkAt], position: u64, covers: impl Fn(&MarkAt) -> u64, wait_ms: i64, now_ms: i64) -> bool {
    let Some(newest) = marks.last() else { return true };
    covers(newest) < position && now_ms.saturating_sub(newest.date_ms) >= wait_ms / STEPS
}

/// Whether the wait of the position is over, which no mark shows yet.
fn over(marks: &[MarkAt], position: u64, covers: impl Fn(&MarkAt) -> u64, wait_ms: i64, now_ms: i64) -> bool {
    let covering = marks.iter().find(|mark| covers(mark) >= position);
    let (Some(covering), Some(newest)) = (covering, marks.last()) else {
        return false;
    };
    let passed = |date_ms: i64| date_ms.saturating_sub(covering.date_ms) >= wait_ms;
    passed(now_ms) && !passed(newest.date_ms)
}

/// Marks while something is written lie a grace divided by this apart.
const STEPS: i64 = 8;

#[cfg(test)]
mod tests;
