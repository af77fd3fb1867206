//! An HTTP producer: each request has a sequence, and one whose outcome is unknown is asked for again, here or
//! elsewhere, until it is known.

use std::collections::BTreeSet;

use engine::{AppendError, Replay};
use metadata::Rejection;
use metadata::entry::RequestSequence;

use super::{As, Client, Part, Told, append, reason};

/// Where the producer is.
struct Producer {
    epoch: u64,
    sequence: u64,
    /// Counts requests over all epochs.
    order: u64,
}

pub(super) async fn run(mut client: Client) {
    let Some(topic) = client.lasting_topic() else { return };
    let mut producer = Producer {
        epoch: 0,
        sequence: 0,
        order: 0,
    };
    while client.think().await {
        client.wander(0.1);
        let group = client.next_group();
        let targets: BTreeSet<_> = (0..=client.below(2)).map(|_| client.target(topic)).collect();
        let how = As {
            group,
            order: Some(producer.order),
            ..As::default()
        };
        let parts: Vec<Part> = targets.into_iter().map(|target| client.part(target, how)).collect();
        producer.order += 1;
        resolve(&mut client, &mut producer, &parts).await;
    }
}

/// Asks until the outcome is known, or begins a new epoch and leaves it unknown.
async fn resolve(client: &mut Client, producer: &mut Producer, parts: &[Part]) {
    loop {
        let request = RequestSequence {
            producer: client.name.clone().into_bytes().into(),
            epoch: producer.epoch,
            sequence: producer.sequence,
        };
        match append(&client.agent, parts, Some(request)).await {
            Told::Acked(done) => {
                let remembered = done.replayed != Replay::TooOld;
                client
                    .ground()
                    .journal
                    .check("a repeat in time is remembered", remembered, || format!("{parts:?}"));
                client.acked(parts, &done.acks);
                let outcome = if done.replayed == Replay::Yes {
                    "replayed"
                } else {
                    "acknowledged"
                };
                client.operation("request", outcome, true);
                producer.sequence += 1;
                return;
            }
            Told::Failed(error) => {
                let rejected = matches!(error, Some(AppendError::Rejected(_)));
                client.operation("request", &reason(error.as_ref()), false);
                if rejected {
                    refused(client, producer, parts, error.as_ref());
                    return;
                }
            }
            Told::Unknown => {
                client.operation("request", "unknown", false);
                if client.chance().coin(0.15) {
                    // What was sent in the old epoch may still be taken, but not behind anything of the new one.
                    producer.epoch += 1;
                    producer.sequence = 0;
                    return;
                }
            }
        }
        client.wander(0.5);
        client.back_off().await;
    }
}

/// A request in sequence is refused only where the ledger has lost the one before it. The producer then begins anew.
fn refused(client: &Client, producer: &mut Producer, parts: &[Part], error: Option<&AppendError>) {
    let ground = client.ground();
    let halted = matches!(error, Some(AppendError::Rejected(Rejection::Halted)));
    let lost = ground.history.lock().take_lost(client.session);
    ground
        .journal
        .check("a request in sequence is not rejected", halted || lost, || {
            format!("{} {error:?}: {parts:?}", client.name)
        });
    client.failed(parts, error);
    producer.epoch += 1;
    producer.sequence = 0;
}
