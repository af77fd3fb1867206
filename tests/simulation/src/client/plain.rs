//! A client without sequences: it sends a group over one or several partitions and does not ask again.

use std::collections::BTreeSet;

use super::{As, Client, Part, Told, append, reason};

pub(super) async fn run(mut client: Client) {
    while client.think().await {
        client.wander(0.3);
        let group = client.next_group();
        let several = if client.chance().coin(0.3) { 3 } else { 1 };
        let targets: BTreeSet<_> = (0..several)
            .filter_map(|_| client.topic().map(|topic| client.target(topic)))
            .collect();
        let how = As { group, ..As::default() };
        let parts: Vec<Part> = targets.into_iter().map(|target| client.part(target, how)).collect();
        if parts.is_empty() {
            continue;
        }
        match append(&client.agent, &parts, None).await {
            Told::Acked(done) => {
                client.acked(&parts, &done.acks);
                client.operation("append", "acknowledged", true);
            }
            Told::Failed(error) => {
                client.failed(&parts, error.as_ref());
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
