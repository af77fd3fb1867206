//! A client of the topic that is compacted by key: it sends values and tombstones, reads from anywhere, and now and then
//! deletes records. What it reads is a part of what was sent: which part it may be is judged at the end, and at each swap.

use std::time::Duration;

use engine::{FetchPart, FetchRequest, FetchedBatch};
use metadata::PartitionId;
use store::ReadClass;

use super::{As, Client, PATIENCE, Told, append, reason};
use crate::agent::Called;
use crate::history::Known;

pub(super) async fn run(mut client: Client) {
    let Some(topic) = client.ground().history.lock().keyed else {
        return;
    };
    while client.think().await {
        client.wander(0.3);
        match client.below(20) {
            0 => trim(&client, topic).await,
            1..=5 => read(&client, topic).await,
            _ => send(&mut client, topic).await,
        }
    }
}

async fn send(client: &mut Client, topic: Known) {
    let how = As {
        group: client.next_group(),
        keyed: true,
        ..As::default()
    };
    let parts = [client.part(client.target(topic), how)];
    match append(&client.agent, &parts, None).await {
        Told::Acked(done) => {
            client.acked(&parts, &done.acks);
            client.operation("keyed append", "acknowledged", true);
        }
        Told::Failed(error) => {
            client.failed(&parts, error.as_ref());
            client.operation("keyed append", &reason(error.as_ref()), false);
            client.wander(0.8);
        }
        Told::Unknown => {
            client.operation("keyed append", "unknown", false);
            client.wander(0.8);
        }
    }
}

async fn read(client: &Client, topic: Known) {
    let (partition, ground) = (client.target(topic).partition, client.ground());
    let end = ground.audit.read(|state| {
        let known = state.partition(partition);
        known.map_or(0, |known| known.high_watermark())
    });
    let offset = client.chance().below(end.unwrap_or(0) + 1);
    let bytes_max = [1, 5_000, 1 << 20][client.below(3)];
    let request = FetchRequest {
        parts: vec![FetchPart {
            partition,
            offset,
            bytes_max,
        }],
        bytes_max,
        bytes_min: 0,
        wait: Duration::ZERO,
        class: ReadClass::Backfill,
        after: None,
    };
    let called = client
        .agent
        .call(PATIENCE, move |engine| async move { engine.fetch(&request).await });
    let Called::Done(mut fetched) = called.await else {
        return client.operation("keyed fetch", "unanswered", false);
    };
    let fetched = fetched.pop().and_then(|part| part.result.ok());
    let got_on = fetched.as_ref().is_none_or(|fetched| {
        let there = (fetched.log_start..fetched.high_watermark).contains(&offset);
        !there || fetched.batches.last().is_some_and(|last| last.last_offset() >= offset)
    });
    ground.journal.check("a reader gets on", got_on, || {
        format!("{} {partition:?} from {offset}: {fetched:?}", client.name)
    });
    let answered = fetched.is_some();
    judge(
        client,
        partition,
        fetched.map(|fetched| fetched.batches).unwrap_or_default(),
    );
    client.operation("keyed fetch", if answered { "answered" } else { "refused" }, answered);
}

/// Every record is the one that was sent to where it lies.
fn judge(client: &Client, partition: PartitionId, batches: Vec<FetchedBatch>) {
    let ground = client.ground();
    if ground.history.lock().has_any_loss() {
        // There may be two histories, of which the books know one.
        return;
    }
    let sent = ground.audit.names(partition);
    for batch in batches {
        ground
            .journal
            .count_by("records read", u64::from(batch.batch.records()));
        let fine = crate::check::offsets(&sent, batch.base_offset, &batch.batch).is_some();
        ground.journal.check("what is read was sent", fine, || {
            format!("{} {partition:?} {}", client.name, batch.base_offset)
        });
    }
}

async fn trim(client: &Client, topic: Known) {
    let partition = client.target(topic).partition;
    let known = client.ground().audit.read(|state| {
        let known = state.partition(partition)?;
        Some((known.log_start(), known.high_watermark()))
    });
    let Some((log_start, end)) = known.flatten() else {
        return;
    };
    let before = log_start + client.chance().below((end - log_start) / 4 + 1);
    {
        let history = &mut *client.ground().history.lock();
        let most = history.trims.entry(partition).or_default();
        *most = before.max(*most);
    }
    let called = client
        .agent
        .call(PATIENCE, move |engine| async move {
            engine.delete_records(&[(partition, before)], "keyed").await
        })
        .await;
    let done = matches!(&called, Called::Done(Ok(trimmed)) if trimmed.iter().all(Result::is_ok));
    client.operation("keyed trim", if done { "acknowledged" } else { "failed" }, done);
}
