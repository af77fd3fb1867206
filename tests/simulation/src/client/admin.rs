//! An administrator: topics come and go and grow, and records are deleted.

use engine::{ChangeError, CreateTopicRequest};
use history::Did;
use metadata::{PartitionId, Rejection};

use super::{Client, PATIENCE};
use crate::agent::Called;
use crate::history::Known;
use crate::told;

pub(super) async fn run(mut client: Client) {
    let mut made = 0;
    let mut passing: Option<Known> = None;
    while client.think().await {
        client.wander(0.5);
        passing = passing.and_then(|topic| known_now(&client, &topic));
        match (client.chance().below(10), passing) {
            (0, None) => {
                made += 1;
                passing = create(&client, &format!("passing-{made}")).await;
            }
            (0, Some(topic)) => {
                delete(&client, topic).await;
                passing = None;
            }
            (1, Some(topic)) => passing = Some(grow(&client, topic).await),
            _ => delete_records(&client).await,
        }
    }
}

async fn create(client: &Client, name: &str) -> Option<Known> {
    let request = CreateTopicRequest {
        name: name.to_owned(),
        partitions: 1 + u32::try_from(client.below(2)).unwrap_or(0),
        ..CreateTopicRequest::default()
    };
    let partitions = request.partitions;
    let called = client
        .agent
        .call(PATIENCE, move |engine| async move {
            engine.create_topic(request, "admin").await
        })
        .await;
    let created = match called {
        Called::Done(Ok((number, id))) => Some(Known { number, id, partitions }),
        _ => None,
    };
    let created = created.filter(|topic| stands(client, topic));
    client.operation(
        "create topic",
        if created.is_some() { "acknowledged" } else { "failed" },
        created.is_some(),
    );
    client.ground().history.lock().topics.extend(created);
    created
}

/// The topic as it is known by now, unless it is about to go: it or its growth may have gone with the ledger's end.
fn known_now(client: &Client, topic: &Known) -> Option<Known> {
    let standing = client.ground().history.lock().standing();
    standing.into_iter().find(|known| known.id == topic.id)
}

/// Whether a topic that was created, or has grown, is there with its partitions: it is, unless the ledger has lost its end
/// since. Who had folded what is lost may tell of it when it is gone already.
fn stands(client: &Client, topic: &Known) -> bool {
    let there = client.ground().audit.read(|state| {
        let found = state.topic_by_id(&topic.id);
        found.is_some_and(|found| found.partition_count() >= topic.partitions)
    });
    let (there, lost) = (there == Some(true), client.ground().history.lock().has_any_loss());
    client
        .ground()
        .journal
        .check("a topic that was created is there", there || lost, || {
            format!("{topic:?}")
        });
    there
}

/// From the moment it is asked for, nothing of the topic is promised any more.
async fn delete(client: &Client, topic: Known) {
    let number = topic.number.to_string();
    told::asked_for(client.ground(), client.session, Did::Delete { topic: number });
    client.ground().history.lock().gone.insert(topic.id);
    let called = client
        .agent
        .call(PATIENCE, move |engine| async move {
            engine.delete_topic(topic.number, "admin").await
        })
        .await;
    let done = matches!(called, Called::Done(Ok(())));
    client.operation("delete topic", if done { "acknowledged" } else { "failed" }, done);
}

async fn grow(client: &Client, topic: Known) -> Known {
    let total = topic.partitions + 1;
    let called = client
        .agent
        .call(PATIENCE, move |engine| async move {
            engine
                .add_partitions(topic.number, topic.partitions, total, "admin")
                .await
        })
        .await;
    // One whose outcome was unknown, and who finds what it saw changed, has grown it before.
    let done = match &called {
        Called::Done(Ok(())) => true,
        Called::Done(Err(ChangeError::Rejected(Rejection::SeenChanged { actual }))) => {
            *actual == Some(u64::from(total))
        }
        _ => false,
    };
    let grown = Known {
        partitions: total,
        ..topic
    };
    let done = done && stands(client, &grown);
    client.operation("add partitions", if done { "acknowledged" } else { "failed" }, done);
    if !done {
        return topic;
    }
    let history = &mut *client.ground().history.lock();
    for known in &mut history.topics {
        if *known == topic {
            *known = grown;
        }
    }
    grown
}

/// Deletes some of a partition's records, from its start. The partitions after the first keep all they have, so that
/// whole histories are checked too.
async fn delete_records(client: &Client) {
    let Some(topic) = client.topic() else { return };
    let partition = PartitionId {
        topic: topic.number,
        partition: 0,
    };
    let known = client.ground().audit.read(|state| {
        state
            .partition(partition)
            .map(|known| (known.log_start(), known.high_watermark()))
    });
    let Some((log_start, end)) = known.flatten() else {
        return;
    };
    let some = client.below(usize::try_from((end - log_start) / 4).unwrap_or(0) + 1);
    let before = log_start + u64::try_from(some).unwrap_or(0);
    ask_for_trim(client, partition, before);
    let called = client
        .agent
        .call(PATIENCE, move |engine| async move {
            engine.delete_records(&[(partition, before)], "admin").await
        })
        .await;
    let done = matches!(&called, Called::Done(Ok(trimmed)) if trimmed.iter().all(Result::is_ok));
    client.operation("delete records", if done { "acknowledged" } else { "failed" }, done);
}

fn ask_for_trim(client: &Client, partition: PartitionId, before: u64) {
    let key = told::key(partition);
    told::asked_for(client.ground(), client.session, Did::Trim { key, before });
    let history = &mut *client.ground().history.lock();
    let most = history.trims.entry(partition).or_default();
    *most = before.max(*most);
}
