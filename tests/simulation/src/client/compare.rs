//! A client that appends only where it expects to: compare-and-append.

use engine::AppendError;
use metadata::{PartitionId, Rejection};

use super::{Client, Told, append, reason};
use crate::history::Fate;

pub(super) async fn run(mut client: Client) {
    let Some(topic) = client.lasting_topic() else { return };
    let partition = PartitionId {
        topic: topic.number,
        partition: 0,
    };
    let mut expected = 0;
    while client.think().await {
        client.wander(0.2);
        let group = client.next_group();
        let mut part = client.part(partition, group, None);
        part.expected_offset = Some(expected);
        let parts = [part];
        match append(&client.agent, &parts, None).await {
            Told::Acked(done) => {
                let base = done.acks.first().map(|ack| ack.base_offset);
                client
                    .ground()
                    .journal
                    .check("an expected offset is met", base == Some(expected), || {
                        format!("expected {expected}, got {base:?}")
                    });
                client.acked(&parts, &done.acks);
                client.operation("compare", "acknowledged", true);
                expected += u64::from(parts[0].records);
            }
            Told::Failed(error) => {
                if let Some(AppendError::Rejected(Rejection::OffsetMismatch { actual })) = &error {
                    expected = *actual;
                }
                parts.iter().for_each(|part| client.end(part, Fate::Failed));
                client.operation("compare", &reason(error.as_ref()), false);
            }
            Told::Unknown => client.operation("compare", "unknown", false),
        }
    }
}
