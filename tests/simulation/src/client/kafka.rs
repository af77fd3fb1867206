//! An idempotent Kafka producer on one partition: up to five batches in flight, each with its sequence; those whose
//! outcome is not known are sent again in order, here or elsewhere, until all are known.

use engine::AppendError;
use futures::future::join_all;
use metadata::Rejection;
use metadata::entry::ProducerBatch;

use super::{As, Client, PATIENCE, Part, Target, Told, append, reason};
use crate::agent::Called;

/// Where the producer is.
struct Producer {
    id: u64,
    epoch: u32,
    next_sequence: u32,
    /// Counts batches over all epochs.
    order: u64,
}

pub(super) async fn run(mut client: Client) {
    let Some(topic) = client.lasting_topic() else { return };
    let target = client.target(topic);
    let Some(id) = allocate(&mut client).await else { return };
    let mut producer = Producer {
        id,
        epoch: 0,
        next_sequence: 0,
        order: 0,
    };
    while client.think().await {
        client.wander(0.1);
        let mut window: Vec<Part> = (0..=client.below(5))
            .map(|_| next(&client, &mut producer, target))
            .collect();
        while !window.is_empty() {
            send(&mut client, &mut producer, &mut window).await;
        }
    }
}

async fn allocate(client: &mut Client) -> Option<u64> {
    while client.think().await {
        client.wander(0.5);
        let called = client
            .agent
            .call(PATIENCE, |engine| async move { engine.allocate_producer_ids(1).await })
            .await;
        let known = matches!(called, Called::Done(Ok(_)));
        client.operation("producer id", if known { "acknowledged" } else { "failed" }, known);
        if let Called::Done(Ok(id)) = called {
            return Some(id);
        }
    }
    None
}

fn next(client: &Client, producer: &mut Producer, target: Target) -> Part {
    let how = As {
        group: client.next_group(),
        order: Some(producer.order),
        producer: Some(ProducerBatch {
            id: producer.id,
            epoch: producer.epoch,
            base_sequence: producer.next_sequence,
        }),
        ..As::default()
    };
    let part = client.part(target, how);
    producer.order += 1;
    producer.next_sequence += part.records();
    part
}

/// Sends the window once, in order. What stays in it is to be sent again.
async fn send(client: &mut Client, producer: &mut Producer, window: &mut Vec<Part>) {
    let agent = client.agent.clone();
    let sends = window
        .iter()
        .map(|part| append(&agent, std::slice::from_ref(part), None));
    let told: Vec<Told> = join_all(sends).await;
    let (mut left, mut unknown, mut lost) = (Vec::new(), false, false);
    for (part, told) in std::mem::take(window).into_iter().zip(told) {
        match told {
            Told::Acked(done) => {
                client.acked(std::slice::from_ref(&part), &done.acks);
                let repeated = done.acks.iter().any(|ack| ack.duplicate);
                let outcome = if repeated { "repeated" } else { "acknowledged" };
                client.operation("batch", outcome, true);
            }
            Told::Failed(error) => {
                lost |= check_rejection(client, &part, left.is_empty(), error.as_ref());
                client.operation("batch", &reason(error.as_ref()), false);
                left.push(part);
            }
            Told::Unknown => {
                unknown = true;
                client.operation("batch", "unknown", false);
                left.push(part);
            }
        }
    }
    if lost || unknown && client.chance().coin(0.1) {
        // A client that gives up, or is told that what came before is not there, begins a new epoch: what it had in
        // flight is not heard of again.
        producer.epoch += 1;
        producer.next_sequence = 0;
        return;
    }
    if !left.is_empty() {
        client.wander(0.5);
        client.back_off().await;
    }
    *window = left;
}

/// A batch may be out of order only when one before it did not get through, or when the ledger has lost one that did.
/// Whether it is the latter.
fn check_rejection(client: &Client, part: &Part, first: bool, error: Option<&AppendError>) -> bool {
    let Some(AppendError::Rejected(rejection)) = error else {
        return false;
    };
    let gap = matches!(
        rejection,
        Rejection::SequenceOutOfOrder { .. } | Rejection::UnknownProducer { .. }
    );
    let behind = gap && !first || *rejection == Rejection::Halted;
    let lost = gap && first && client.ground().history.lock().take_lost(client.session);
    client
        .ground()
        .journal
        .check("a batch in sequence is not rejected", behind || lost, || {
            format!("{} {rejection:?}: {part:?}", client.name)
        });
    lost
}
