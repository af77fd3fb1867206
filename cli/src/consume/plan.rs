//! Where the reading of each partition begins and ends: asked of the agent, then decided here.

use std::collections::BTreeMap;

use anyhow::Result;

use crate::client::Client;
use crate::exit::{Ended, Exit};
use crate::position::Position;
use crate::wire::OffsetsAnswer;

/// Offsets by partition.
pub(super) type Offsets = BTreeMap<u32, u64>;

/// What is to be read of one partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    /// The partition.
    pub(super) partition: u32,
    /// The next offset to read.
    pub(super) next: u64,
    /// The offset behind the last to read; none reads on for ever.
    pub(super) end: Option<u64>,
    /// Records the group had not read that are gone.
    pub(super) lost: u64,
}

impl Part {
    /// Whether all of it was read.
    pub(super) fn is_done(&self) -> bool {
        self.end.is_some_and(|end| self.next >= end)
    }
}

/// The offsets a position means.
pub(super) async fn offsets(client: &Client, topic: &str, position: &Position) -> Result<Offsets> {
    let ask = client
        .get(&["v1", "topics", topic, "offsets"])
        .query("at", position.to_string());
    let answer: OffsetsAnswer = ask.fetch().await?;
    Ok(answer
        .offsets
        .iter()
        .map(|item| (item.partition, item.offset))
        .collect())
}

/// Begins at what the group committed, else at `from`, never before what is kept.
pub(super) fn parts(
    only: &[u32],
    from: &Offsets,
    to: Option<&Offsets>,
    log_start: &Offsets,
    committed: &Offsets,
) -> Result<Vec<Part>, Ended> {
    if let Some(missing) = only.iter().find(|partition| !from.contains_key(partition)) {
        return Err(Ended::new(Exit::NotFound, format!("there is no partition {missing}")));
    }
    let wanted = from
        .iter()
        .filter(|(partition, _)| only.is_empty() || only.contains(partition));
    let parts = wanted.map(|(&partition, &from)| {
        let start = log_start.get(&partition).copied().unwrap_or(0);
        let kept = committed.get(&partition).copied();
        Part {
            partition,
            next: kept.map_or(from, |offset| offset.max(start)),
            end: to.map(|to| to.get(&partition).copied().unwrap_or(from)),
            lost: kept.map_or(0, |offset| start.saturating_sub(offset)),
        }
    });
    Ok(parts.collect())
}

#[cfg(test)]
mod tests;
