//! Commits of a group that one consumer moves on: no members, no sessions.

use anyhow::Result;
use serde_json::{Value, json};

use super::plan::Offsets;
use crate::client::Client;
use crate::group;

/// What the group has committed of the topic.
pub(super) async fn committed(client: &Client, group: &str, topic: &str) -> Result<Offsets> {
    let offsets = group::offsets(client, group).await?.offsets;
    let of_topic = offsets.into_iter().filter(|item| item.topic == topic);
    Ok(of_topic.map(|item| (item.partition, item.offset)).collect())
}

/// Commits for a group and a topic.
#[derive(Debug)]
pub(super) struct Committer<'a> {
    client: &'a Client,
    group: &'a str,
    topic: &'a str,
}

impl<'a> Committer<'a> {
    /// For this group and topic.
    pub(super) fn new(client: &'a Client, group: &'a str, topic: &'a str) -> Committer<'a> {
        Committer { client, group, topic }
    }

    /// Commits these offsets, if there are any.
    pub(super) async fn commit(&self, next: &Offsets) -> Result<()> {
        if next.is_empty() {
            return Ok(());
        }
        let offsets: Vec<Value> = next
            .iter()
            .map(|(partition, offset)| json!({"topic": self.topic, "partition": partition, "offset": offset, "metadata": ""}))
            .collect();
        let ask = self.client.put(&["v1", "groups", self.group, "offsets"]);
        ask.json(&json!({"offsets": offsets})).send().await?;
        Ok(())
    }
}
