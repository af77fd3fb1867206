//! Which topics are published anew as tables.

use metadata::{Published, State, Topic, TopicNumber};

/// Snapshots of a table older than the grace of lake files divided by this are told of no more: what they name stays for
/// the rest of it.
pub const HISTORY_PART: u64 = 2;

/// The topics whose lake files are others than what is published of them tells; and those of which old snapshots are told
/// that should be no more.
pub fn due(state: &State) -> Vec<TopicNumber> {
    let history_ms = history_ms(state);
    let is_due = |topic: &&Topic| match state.published(topic.number()) {
        None => topic.lake_changed() > 0,
        Some(published) => {
            let is_old = || state.is_older(published.at, history_ms);
            topic.lake_changed() > published.seen || has_history(&published) && is_old()
        }
    };
    state.topics().filter(is_due).map(Topic::number).collect()
}

/// For how long snapshots are told of, in milliseconds.
pub fn history_ms(state: &State) -> u64 {
    state.cluster_config().lake_grace_ms() / HISTORY_PART
}

fn has_history(published: &Published) -> bool {
    published.oldest < published.seen
}

/// The first and the last position at which something was published that tells of old snapshots.
pub fn waiting(state: &State) -> Option<(u64, u64)> {
    let published = state.topics().filter_map(|topic| state.published(topic.number()));
    let with_history = published
        .filter(has_history)
        .map(|published| (published.at, published.at));
    with_history.reduce(|(first, last), (at, _)| (first.min(at), last.max(at)))
}

#[cfg(test)]
mod tests;
