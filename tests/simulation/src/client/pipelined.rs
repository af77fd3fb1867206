//! A client that does not wait: it hands several groups over, one behind the other, and only then asks what became of
//! them. It has no sequences, so nothing but the order of its calls keeps its records in order.

use futures::future::join_all;

use super::{As, Client, Part, Target, Told, append, reason};

/// Most groups handed over at once.
const DEPTH_MAX: usize = 4;

pub(super) async fn run(mut client: Client) {
    let Some(topic) = client.lasting_topic() else { return };
    let target = client.target(topic);
    let (mut order, mut asked) = (0, None);
    while client.think().await {
        client.wander(0.1);
        // What an earlier process still has in flight may come later than what the next one is given.
        let run = client
            .agent
            .alive()
            .map(|(_, run)| (client.agent.name().to_owned(), run));
        if asked != run {
            client.begin_session();
            asked = run;
        }
        let parts: Vec<Part> = (0..=client.below(DEPTH_MAX))
            .map(|_| next(&client, target, &mut order))
            .collect();
        let agent = client.agent.clone();
        let sends = parts
            .iter()
            .map(|part| append(&agent, std::slice::from_ref(part), None));
        let told: Vec<Told> = join_all(sends).await;
        let mut last = None;
        for (part, told) in parts.iter().zip(told) {
            let Some(base) = note(&client, part, told) else {
                continue;
            };
            // Where an end was lost offsets are given again.
            let rises = last.is_none_or(|last| last < base) || !client.ground().is_plain();
            let name = &client.name;
            client
                .ground()
                .journal
                .check("groups lie in the order of the calls", rises, || {
                    format!("{name} {part:?} at {base}, handed over after what is at {last:?}")
                });
            last = Some(base);
        }
    }
}

fn next(client: &Client, target: Target, order: &mut u64) -> Part {
    *order += 1;
    let how = As {
        group: client.next_group(),
        order: Some(*order),
        ..As::default()
    };
    client.part(target, how)
}

/// Where it is, if it is.
fn note(client: &Client, part: &Part, told: Told) -> Option<u64> {
    match told {
        Told::Acked(done) => {
            client.acked(std::slice::from_ref(part), &done.acks);
            client.operation("pipelined", "acknowledged", true);
            done.acks.first().map(|ack| ack.base_offset)
        }
        Told::Failed(error) => {
            client.failed(std::slice::from_ref(part), error.as_ref());
            client.operation("pipelined", &reason(error.as_ref()), false);
            None
        }
        Told::Unknown => {
            client.operation("pipelined", "unknown", false);
            None
        }
    }
}
