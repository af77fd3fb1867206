//! A client without sequences: it sends a group over one or several partitions and does not ask again.

use std::collections::BTreeSet;

use super::{Client, Part, Told, append, reason};
use crate::history::Fate;

pub(super) async fn run(mut client: Client) {
    while client.think().await {
        client.wander(0.3);
        let group = client.next_group();
        let several = if client.chance().coin(0.3) { 3 } else { 1 };
        let partitions: BTreeSet<_> = (0..several)
            .filter_map(|_| client.topic().map(|topic| client.partition_of(topic)))
            .collect();
        let parts: Vec<Part> = partitions
            .into_iter()
            .map(|partition| client.part(partition, group, None))
            .collect();
        if parts.is_empty() {
            continue;
        }
        match append(&client.agent, &parts, None).await {
            Told::Acked(done) => {
                client.acked(&parts, &done.acks);
                client.operation("append", "acknowledged", true);
            }
            Told::Failed(error) => {
                parts.iter().for_each(|part| client.end(part, Fate::Failed));
                client.operation("append", &reason(error.as_ref()), false);
                client.wander(0.8);
            }
            Told::Unknown => {
                client.operation("append", "unknown", false);
                client.wander(0.8);
            }
        }
    }
}
