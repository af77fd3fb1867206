//! Which topics are published anew as tables.

use metadata::{State, Told, Topic, TopicNumber};

/// Snapshots of a table older than the grace of lake files divided by this are told of no more: what they name stays for
/// the rest of it.
const HISTORY_PART: u64 = 2;

/// The topics whose lake files are others than what is published of them tells; and those of which old snapshots are told
/// that should be no more.
pub fn due(state: &State) -> Vec<TopicNumber> {
    let history_ms = history_ms(state);
    let is_due = |topic: &&Topic| match topic.told() {
        None => topic.lake_changed() > 0,
        Some(told) => topic.lake_changed() > told.newest || has_history(&told) && state.is_older(told.at, history_ms),
    };
    state.topics().filter(is_due).map(Topic::number).collect()
}

/// For how long snapshots are told of, in milliseconds.
pub fn history_ms(state: &State) -> u64 {
    state.cluster_config().lake_grace_ms() / HISTORY_PART
}

fn has_history(told: &Told) -> bool {
    told.oldest < told.newest
}

/// The first and the last position at which something was published that tells of old snapshots.
pub fn waiting(state: &State) -> Option<(u64, u64)> {
    let told = state.topics().filter_map(Topic::told).filter(has_history);
    let published = told.map(|told| (told.at, told.at));
    published.reduce(|(first, last), (at, _)| (first.min(at), last.max(at)))
}

#[cfg(test)]
mod tests;
