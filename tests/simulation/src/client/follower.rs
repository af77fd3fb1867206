//! A reader that follows one partition's end and moves between processes, carrying how far it has seen: it never goes
//! back in time and never misses a record.

use std::time::Duration;

use engine::{FetchPart, FetchRequest, Seen};
use store::ReadClass;

use super::reader::fetch;
use super::{Client, PATIENCE};
use crate::agent::Called;

pub(super) async fn run(mut client: Client) {
    let Some(topic) = client.lasting_topic() else { return };
    let partition = client.partition_of(topic);
    let (mut next, mut log_start, mut high_watermark) = (0, 0, 0);
    let mut seen = Seen::default();
    while client.think().await {
        client.wander(0.25);
        if !catch_up(&client, seen).await {
            client.operation("follow", "not there yet", false);
            client.wander(0.5);
            continue;
        }
        let request = FetchRequest {
            parts: vec![FetchPart {
                partition,
                offset: next,
                bytes_max: 20_000,
            }],
            bytes_max: 20_000,
            bytes_min: 1,
            wait: Duration::from_millis(300),
            class: ReadClass::Tail,
        };
        let told = fetch(&client, request).await.and_then(|told| told.into_iter().next());
        let Some(told) = told.filter(|told| told.good) else {
            client.operation("follow", "unanswered", false);
            client.wander(0.5);
            continue;
        };
        let monotonic = told.log_start >= log_start && told.high_watermark >= high_watermark;
        client
            .ground()
            .journal
            .check("a reader never goes back in time", monotonic, || {
                format!("{} from {log_start}..{high_watermark} to {told:?}", client.name)
            });
        (log_start, high_watermark) = (told.log_start, told.high_watermark);
        let reachable = next <= high_watermark;
        client
            .ground()
            .journal
            .check("what was read is still there", reachable, || {
                format!("{} {next} {told:?}", client.name)
            });
        next = told.next.max(log_start);
        if let Called::Done(now) = client.agent.call(PATIENCE, |engine| async move { engine.seen() }).await {
            seen = seen.max(now);
        }
        client.operation("follow", "answered", true);
    }
}

async fn catch_up(client: &Client, seen: Seen) -> bool {
    let called = client
        .agent
        .call(PATIENCE, move |engine| async move {
            let deadline = engine.world().clock.now() + Duration::from_secs(2);
            engine.wait_for(seen, deadline).await
        })
        .await;
    matches!(called, Called::Done(Ok(())))
}
