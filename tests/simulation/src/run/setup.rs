//! What a run begins with: the cluster's config, and the topics that last until the end.

use std::collections::BTreeMap;
use std::time::Duration;

use engine::{ChangeError, CreateTopicRequest};
use metadata::{Rejection, TopicNumber};

use crate::agent::{Agent, Called};
use crate::ground::Yard;
use crate::history::Known;

/// Topics that last until the end.
pub(crate) const LASTING_TOPICS: usize = 4;

/// Name, partitions and a config of each.
const TOPICS: [(&str, u32, (&str, &str)); LASTING_TOPICS] = [
    ("auto", 3, ("tidelog.lane", "auto")),
    ("inline", 2, ("tidelog.lane", "inline")),
    ("object", 2, ("tidelog.lane", "object")),
    ("retained", 1, ("retention.bytes", "30000")),
];

const PATIENCE: Duration = Duration::from_secs(5);

/// Nothing fails yet, so all of this succeeds.
pub(super) async fn set_up(yard: &Yard) {
    let Some(agent) = yard.fronts().next() else { return };
    let swarm = &yard.ground.swarm;
    let configs = BTreeMap::from([
        (
            "agent.timeout.ms".to_owned(),
            swarm.agent_timeout.as_millis().to_string(),
        ),
        ("segment.grace.ms".to_owned(), swarm.grace.as_millis().to_string()),
        ("snapshot.entries".to_owned(), swarm.snapshot_entries.to_string()),
    ]);
    let altered = agent
        .call(PATIENCE, |engine| async move {
            engine.alter_cluster(configs, Vec::new(), "operator").await
        })
        .await;
    let journal = &yard.ground.journal;
    journal.check(
        "a cluster can be set up",
        matches!(altered, Called::Done(Ok(()))),
        || format!("{altered:?}"),
    );
    for (name, partitions, config) in TOPICS {
        let number = create(agent, name, partitions, config).await;
        journal.check("a topic can be created", number.is_ok(), || {
            format!("{name}: {number:?}")
        });
        let Ok(number) = number else { continue };
        let history = &mut *yard.ground.history.lock();
        history.topics.push(Known { number, partitions });
        if name == "retained" {
            history.retained.insert(number);
        }
    }
}

async fn create(
    agent: &Agent,
    name: &str,
    partitions: u32,
    config: (&str, &str),
) -> Result<TopicNumber, Called<Result<(), ChangeError>>> {
    let request = CreateTopicRequest {
        name: name.to_owned(),
        partitions,
        configs: BTreeMap::from([(config.0.to_owned(), config.1.to_owned())]),
        first_offset: 0,
    };
    let name = name.to_owned();
    let called = agent
        .call(PATIENCE, move |engine| async move {
            match engine.create_topic(request, "operator").await {
                Ok((number, _)) => Ok(number),
                Err(ChangeError::Rejected(Rejection::TopicExists)) => {
                    let known = engine.read(|state| state.topic_by_name(&name).map(metadata::Topic::number));
                    known.ok_or(ChangeError::Rejected(Rejection::UnknownTopic))
                }
                Err(error) => Err(error),
            }
        })
        .await;
    match called {
        Called::Done(Ok(number)) => Ok(number),
        Called::Done(Err(error)) => Err(Called::Done(Err(error))),
        Called::Down => Err(Called::Down),
        Called::Lost => Err(Called::Lost),
    }
}
