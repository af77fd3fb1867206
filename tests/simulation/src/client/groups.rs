//! A consumer group's only client: it commits rising offsets, and reads back what is committed, here or elsewhere.

use engine::CommitBasis;
use history::{Did, Outcome};
use metadata::PartitionId;
use metadata::entry::OffsetCommit;

use super::{Client, PATIENCE};
use crate::agent::Called;
use crate::told;

pub(super) async fn run(mut client: Client) {
    let Some(topic) = client.lasting_topic() else { return };
    let partition = client.target(topic).partition;
    let mut offset = 0;
    while client.think().await {
        client.wander(0.4);
        if client.chance().coin(0.6) {
            offset += 1;
            commit(&client, partition, offset).await;
        } else {
            read_back(&client, partition).await;
        }
    }
}

async fn commit(client: &Client, partition: PartitionId, offset: u64) {
    let invoked = client.ground().journal.ordinal();
    let group = client.name.clone();
    let exactly = client.chance().coin(0.3);
    let called = client
        .agent
        .call(PATIENCE, move |engine| async move {
            let basis = match exactly {
                true => CommitBasis::Exactly(engine.read(|state| state.group(&group).map(metadata::Group::changed))),
                false => CommitBasis::Latest,
            };
            let offsets = [OffsetCommit {
                topic: partition.topic,
                partition: partition.partition,
                offset,
                leader_epoch: -1,
                metadata: String::new(),
                forget: false,
            }];
            engine.commit_offsets(&group, basis, &offsets, "client").await
        })
        .await;
    let ground = client.ground();
    let outcome = match called {
        Called::Done(Ok(change)) => {
            ground.audit.committed(&client.name, change, offset);
            ground.history.lock().committed(&client.name, partition, offset, change);
            "acknowledged"
        }
        Called::Done(Err(error)) if error.happened() == engine::Happened::No => {
            let history = &mut *ground.history.lock();
            if history.is_muddled(client.world.clock.now()) {
                // Refused by a history that is lost, perhaps.
                history.commits_of(&client.name, partition).unknown.insert(offset);
            }
            "failed"
        }
        Called::Down => "down",
        Called::Done(Err(_)) | Called::Lost => {
            let history = &mut *ground.history.lock();
            history.commits_of(&client.name, partition).unknown.insert(offset);
            "unknown"
        }
    };
    note_commit(client, partition, offset, invoked, outcome);
    client.operation("commit", outcome, outcome == "acknowledged");
}

fn note_commit(client: &Client, partition: PartitionId, offset: u64, invoked: u64, outcome: &str) {
    let known = match outcome {
        "acknowledged" => Outcome::Ok,
        "unknown" => Outcome::Info,
        _ => Outcome::Fail,
    };
    let commit = Did::Commit {
        group: client.name.clone(),
        offsets: vec![(told::key(partition), offset)],
        settles: true,
    };
    told::note(client.ground(), client.session, invoked, known, commit);
}

async fn read_back(client: &Client, partition: PartitionId) {
    let invoked = client.ground().journal.ordinal();
    let group = client.name.clone();
    let (journal, history) = (&client.ground().journal, &client.ground().history);
    let losses = history.lock().losses();
    let before = client.ground().audit.read(metadata::State::position).unwrap_or(0);
    let called = client
        .agent
        .call(PATIENCE, move |engine| async move {
            let seen = engine.look().await?;
            let offset = engine.read(|state| committed(state, &group, partition));
            Ok::<_, engine::ReadError>((seen, offset))
        })
        .await;
    let Called::Done(Ok((seen, offset))) = called else {
        client.operation("offsets", "unanswered", false);
        return;
    };
    let committed = Did::Committed {
        group: client.name.clone(),
        offsets: vec![(told::key(partition), offset)],
    };
    told::note(client.ground(), client.session, invoked, Outcome::Ok, committed);
    let (one_history, commits) = {
        let history = &mut *history.lock();
        let one = history.losses() == losses && !history.is_muddled(client.world.clock.now());
        (one, history.commits_of(&client.name, partition).clone())
    };
    if one_history {
        journal.check("a look is at the end", seen.position >= before, || {
            format!("{} saw {seen} where {before} was there", client.name)
        });
        journal.check("a group's offset is the last committed", commits.allow(offset), || {
            format!("{} has {offset:?}; {commits:?}", client.name)
        });
    }
    client.operation("offsets", "answered", true);
}

/// What a group has committed for a partition.
pub(crate) fn committed(state: &metadata::State, group: &str, partition: PartitionId) -> Option<u64> {
    Some(state.group(group)?.offset(partition)?.offset)
}
