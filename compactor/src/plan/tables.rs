//! Which topics are published anew as tables.

use metadata::{State, Topic, TopicNumber};

/// Snapshots of a table older than the grace of lake files divided by this are told of no more: what they name stays for
/// the rest of it.
pub const HISTORY_PART: u64 = 2;

/// The topics whose lake files are others than what is published of them tells; and those of which old snapshots are told
/// that should be no more.
pub fn due(state: &State) -> Vec<TopicNumber> {
    let history_ms = state.cluster_config().lake_grace_ms() / HISTORY_PART;
    let is_due = |topic: &&Topic| match state.published(topic.number()) {
        None => topic.lake_changed() > 0,
        Some(published) => {
            let has_history = published.oldest < published.seen;
            topic.lake_changed() > published.seen || has_history && state.is_older(published.at, history_ms)
        }
    };
    state.topics().filter(is_due).map(Topic::number).collect()
}

#[cfg(test)]
mod tests;
