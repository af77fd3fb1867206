//! A reader that follows one partition's end and moves between processes, carrying how far it has seen: it never goes
//! back in time and never misses a record, unless it is told that what it has seen was lost.

use std::time::Duration;

use engine::{FetchPart, FetchRequest, ReadError, Seen};
use history::Basis;
use metadata::PartitionId;
use store::ReadClass;

use super::reader::{Told, fetch};
use super::{Client, PATIENCE};
use crate::agent::Called;

/// What it has seen of its partition.
#[derive(Debug, Default)]
struct Behind {
    next: u64,
    log_start: u64,
    high_watermark: u64,
    seen: Seen,
    /// Ends that the ledger had lost by then.
    losses: u64,
}

pub(super) async fn run(mut client: Client) {
    let Some(topic) = client.lasting_topic() else { return };
    let partition = client.target(topic).partition;
    let mut behind = Behind::default();
    while client.think().await {
        client.wander(0.25);
        match catch_up(&client, behind.seen).await {
            Called::Done(Ok(())) => {}
            Called::Done(Err(ReadError::HistoryLost)) => {
                client.operation("follow", "history lost", true);
                behind = Behind::default();
                continue;
            }
            _ => {
                client.operation("follow", "not there yet", false);
                client.wander(0.5);
                continue;
            }
        }
        let told = fetch(&client, request(partition, behind.next), Basis::Carried).await;
        let Some(told) = told.and_then(|told| told.into_iter().next()).filter(|told| told.good) else {
            client.operation("follow", "unanswered", false);
            client.wander(0.5);
            continue;
        };
        behind.follow(&client, &told);
        if let Called::Done(now) = client.agent.call(PATIENCE, |engine| async move { engine.seen() }).await {
            behind.seen = behind.seen.max(now);
        }
        client.operation("follow", "answered", true);
    }
}

fn request(partition: PartitionId, offset: u64) -> FetchRequest {
    FetchRequest {
        parts: vec![FetchPart {
            partition,
            offset,
            bytes_max: 20_000,
        }],
        bytes_max: 20_000,
        bytes_min: 1,
        wait: Duration::from_millis(300),
        class: ReadClass::Tail,
        after: None,
    }
}

impl Behind {
    /// Takes an answer. What was seen before the ledger lost its end binds nobody: those who were behind the loss may
    /// give its offsets again.
    fn follow(&mut self, client: &Client, told: &Told) {
        let ground = client.ground();
        let losses = ground.history.lock().losses();
        if told.one_history && losses == self.losses {
            let risen = told.log_start >= self.log_start && told.high_watermark >= self.high_watermark;
            ground.journal.check("a reader never goes back in time", risen, || {
                format!("{} from {self:?} to {told:?}", client.name)
            });
            let there = self.next <= told.high_watermark;
            ground.journal.check("what was read is still there", there, || {
                format!("{} {} {told:?}", client.name, self.next)
            });
            self.next = told.next.max(told.log_start);
        } else {
            self.next = told.next.min(told.high_watermark).max(told.log_start);
        }
        (self.log_start, self.high_watermark) = (told.log_start, told.high_watermark);
        self.losses = if told.one_history { losses } else { u64::MAX };
    }
}

async fn catch_up(client: &Client, seen: Seen) -> Called<Result<(), ReadError>> {
    client
        .agent
        .call(PATIENCE, move |engine| async move {
            let deadline = engine.world().clock.now() + Duration::from_secs(2);
            engine.wait_for(seen, deadline).await
        })
        .await
}
