//! What a run begins with: the cluster's config, and the topics that last until the end.

use std::collections::BTreeMap;
use std::time::Duration;

use engine::{ChangeError, CreateTopicRequest};
use metadata::{Rejection, TopicId, TopicNumber};

use crate::agent::{Agent, Called};
use crate::ground::{Ground, Yard};
use crate::history::Known;

/// The first of the topics: those that last until the end, and that no time passes by.
pub(crate) const LASTING_TOPICS: usize = 4;

/// Configs and their values.
type Configs = &'static [(&'static str, &'static str)];

/// Name, partitions and configs of each. Values are not JSON, so no row of those that have typed columns fits.
const TOPICS: [(&str, u32, Configs); 6] = [
    ("auto", 3, &[("tidelog.lane", "auto")]),
    (
        "inline",
        2,
        &[
            ("tidelog.lane", "inline"),
            ("lake.mode", "json"),
            ("lake.columns", "n long, s string from $"),
        ],
    ),
    ("object", 2, &[("tidelog.lane", "object")]),
    ("retained", 1, &[("retention.bytes", "30000")]),
    ("aged", 1, &[("retention.ms", "15000")]),
    ("brief", 2, &[("retention.ms", "3000")]),
];

/// How long the tables of those that retention trims keep records where they do so for longer.
const LONGER: [(&str, &str); 3] = [("retained", "-1"), ("aged", "25000"), ("brief", "9000")];

/// The topic that is compacted by key.
const KEYED: (&str, u32, Configs) = (
    "keyed",
    2,
    &[
        ("cleanup.policy", "compact"),
        ("min.cleanable.dirty.ratio", "0.2"),
        ("delete.retention.ms", "4000"),
    ],
);

const PATIENCE: Duration = Duration::from_secs(5);

/// Nothing fails yet, so all of this succeeds.
pub(super) async fn set_up(yard: &Yard) {
    let Some(agent) = yard.fronts().next() else { return };
    let altered = configure(&yard.ground, agent).await;
    let journal = &yard.ground.journal;
    journal.check(
        "a cluster can be set up",
        matches!(altered, Called::Done(Ok(()))),
        || format!("{altered:?}"),
    );
    for (name, partitions, configs) in TOPICS {
        let mut configs = configs.to_vec();
        let longer = LONGER
            .iter()
            .find(|(topic, _)| *topic == name && yard.ground.swarm.longer_tables);
        configs.extend(longer.map(|(_, kept)| ("lake.retention.ms", *kept)));
        let created = create(agent, name, partitions, &configs).await;
        journal.check("a topic can be created", created.is_ok(), || {
            format!("{name}: {created:?}")
        });
        let Ok((number, id)) = created else { continue };
        let history = &mut *yard.ground.history.lock();
        history.topics.push(Known { number, id, partitions });
        if configs.iter().any(|(name, _)| name.starts_with("retention")) {
            history.retained.insert(number);
        }
    }
    let (name, partitions, configs) = KEYED;
    let created = create(agent, name, partitions, configs).await;
    journal.check("a topic can be created", created.is_ok(), || {
        format!("{name}: {created:?}")
    });
    let known = created.ok().map(|(number, id)| Known { number, id, partitions });
    yard.ground.history.lock().keyed = known;
}

/// Gives the cluster the configs that the run has drawn.
pub(crate) async fn configure(ground: &Ground, agent: &Agent) -> Called<Result<(), ChangeError>> {
    let swarm = &ground.swarm;
    let configs = BTreeMap::from([
        (
            "agent.timeout.ms".to_owned(),
            swarm.agent_timeout.as_millis().to_string(),
        ),
        ("segment.grace.ms".to_owned(), swarm.grace.as_millis().to_string()),
        ("lake.grace.ms".to_owned(), swarm.lake_grace().as_millis().to_string()),
        ("snapshot.entries".to_owned(), swarm.snapshot_entries.to_string()),
    ]);
    agent
        .call(PATIENCE, |engine| async move {
            engine.alter_cluster(configs, Vec::new(), "operator").await
        })
        .await
}

async fn create(
    agent: &Agent,
    name: &str,
    partitions: u32,
    configs: &[(&str, &str)],
) -> Result<(TopicNumber, TopicId), Called<Result<(), ChangeError>>> {
    let configs = configs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let request = CreateTopicRequest {
        name: name.to_owned(),
        partitions,
        configs: configs.collect(),
        first_offset: 0,
    };
    let name = name.to_owned();
    let called = agent
        .call(PATIENCE, move |engine| async move {
            match engine.create_topic(request, "operator").await {
                Ok(created) => Ok(created),
                Err(ChangeError::Rejected(Rejection::TopicExists)) => {
                    let known = engine.read(|state| {
                        let topic = state.topic_by_name(&name);
                        topic.map(|topic| (topic.number(), topic.id()))
                    });
                    known.ok_or(ChangeError::Rejected(Rejection::UnknownTopic))
                }
                Err(error) => Err(error),
            }
        })
        .await;
    match called {
        Called::Done(Ok(created)) => Ok(created),
        Called::Done(Err(error)) => Err(Called::Done(Err(error))),
        Called::Down => Err(Called::Down),
        Called::Lost => Err(Called::Lost),
    }
}
