//! What must hold of a state that came from bytes before entries are applied to it: whatever the fold relies on and the
//! sections did not show one by one.

use std::collections::BTreeSet;

use super::corrupt;
use crate::entry::FormatError;
use crate::limits::POSITION_END;
use crate::state::{ObjectStatus, State};

pub(super) fn whole(state: &State) -> Result<(), FormatError> {
    let position = state.position;
    let live = state.lives.live.values();
    let node_ids: BTreeSet<u32> = live.clone().map(|life| life.node_id).collect();
    let nonces = state.lives.nonces.iter();
    let ended = state.lives.ended.iter();
    let unnamed = state.places.objects.unnamed();
    let marks = state.marks.as_slice().windows(2);
    let checks = [
        (position < POSITION_END, "a position beyond the last"),
        (state.topics.next > 0, "topic numbers begin at 1"),
        (
            live.clone().all(|life| life.node_id < state.lives.next_node_id),
            "a node id that was not given yet",
        ),
        (
            live.clone()
                .all(|life| life.incarnation.position <= position && life.last_taken <= position),
            "a life from beyond the position",
        ),
        (node_ids.len() == state.lives.live.len(), "a node id of two lives"),
        (
            nonces.clone().is_sorted_by_key(|&(at, _)| at) && nonces.clone().all(|&(at, _)| at <= position),
            "nonces that are not in order",
        ),
        (state.lives.nonces.are_distinct(), "a nonce that stands there twice"),
        (
            ended.clone().is_sorted_by_key(|&(at, _)| at)
                && ended.clone().all(|&(at, life)| life.position < at && at <= position),
            "lives that ended are not in order",
        ),
        (
            state.lives.ended.are_distinct() && ended.clone().all(|(_, life)| state.incarnation(life).is_none()),
            "a life that stands there twice",
        ),
        (
            unnamed.clone().all(|&(at, _)| at <= position),
            "an object un-named beyond the position",
        ),
        (
            unnamed.clone().all(|&(at, name)| is_unnamed(state, at, &name)),
            "an object that is named and un-named",
        ),
        (
            marks.clone().all(|pair| pair[0].folded <= pair[1].folded),
            "marks whose positions fall",
        ),
        (
            marks.clone().all(|pair| pair[0].date_ms <= pair[1].date_ms),
            "marks whose dates fall",
        ),
        (
            state.marks.newest().is_none_or(|newest| newest.folded <= position),
            "a mark from beyond the position",
        ),
        (
            state
                .snapshots
                .windows(2)
                .all(|pair| pair[0].position < pair[1].position),
            "snapshots out of order",
        ),
        (
            state.snapshots.last().is_none_or(|newest| newest.position <= position),
            "a snapshot from beyond the position",
        ),
    ];
    checks
        .iter()
        .find(|(holds, _)| !holds)
        .map_or(Ok(()), |(_, what)| Err(corrupt(what)))
}

/// Also false for one that stands there twice, of which the table knows the last alone.
fn is_unnamed(state: &State, at: u64, name: &crate::ids::ObjectName) -> bool {
    state.object(name) == ObjectStatus::Unnamed { at }
}
