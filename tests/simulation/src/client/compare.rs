//! A client that appends only where it expects to: compare-and-append.

use engine::AppendError;
use metadata::{PartitionId, Rejection};

use super::{As, Client, Target, Told, append, reason};

pub(super) async fn run(mut client: Client) {
    let Some(topic) = client.lasting_topic() else { return };
    let target = Target {
        partition: PartitionId {
            topic: topic.number,
            partition: 0,
        },
        topic: topic.id,
    };
    let mut expected = 0;
    while client.think().await {
        client.wander(0.2);
        let group = client.next_group();
        let how = As {
            group,
            expected_offset: Some(expected),
            ..As::default()
        };
        let parts = [client.part(target, how)];
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
                expected += u64::from(parts[0].records());
            }
            Told::Failed(error) => {
                if let Some(AppendError::Rejected(Rejection::OffsetMismatch { actual })) = &error {
                    expected = *actual;
                }
                client.failed(&parts, error.as_ref());
                client.operation("compare", &reason(error.as_ref()), false);
            }
            Told::Unknown => client.operation("compare", "unknown", false),
        }
    }
}
