//! A client whose groups are over several partitions, one of which it expects to end somewhere: a group is refused as a
//! whole when it does not, whatever stands before that run.

use engine::AppendError;
use metadata::PartitionId;

use super::{As, Client, Part, Target, Told, append, reason};

pub(super) async fn run(mut client: Client) {
    while client.think().await {
        client.wander(0.2);
        let Some(topic) = client.lasting_topic() else { return };
        let targets = (0..topic.partitions).rev().map(|partition| Target {
            partition: PartitionId {
                topic: topic.number,
                partition,
            },
            topic: topic.id,
        });
        let group = client.next_group();
        let how = As { group, ..As::default() };
        let mut parts: Vec<Part> = targets.map(|target| client.part(target, how)).collect();
        // Where it ends when this is asked, and so perhaps no more when it is judged.
        if let Some(last) = parts.last_mut() {
            last.expected_offset = end(&client, last.partition).filter(|_| client.chance().coin(0.5));
        }
        match append(&client.agent, &parts, None).await {
            Told::Acked(done) => {
                client.acked(&parts, &done.acks);
                client.operation("bundle", "acknowledged", true);
            }
            Told::Failed(error) => {
                client.failed(&parts, error.as_ref());
                let refused = matches!(error, Some(AppendError::Rejected(_)));
                client.operation("bundle", &reason(error.as_ref()), refused);
            }
            Told::Unknown => client.operation("bundle", "unknown", false),
        }
    }
}

fn end(client: &Client, partition: PartitionId) -> Option<u64> {
    let end = |state: &metadata::State| state.partition(partition).map(|known| known.high_watermark());
    client.ground().audit.read(end).flatten()
}
