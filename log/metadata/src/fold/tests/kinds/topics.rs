//! Topics, the cluster's configs, the feature level and producer ids.

use super::*;
use crate::entry::{AddPartitions, AlterCluster, AlterTopic, Config, DeleteTopic, FeatureLevel, ProducerIds, Register};
use crate::fold::tests::{DONE, registered};
use crate::outcome::{Fate, Rejection};

fn config(name: &str, value: &str) -> Config {
    Config {
        name: name.to_owned(),
        value: value.to_owned(),
    }
}

fn limit(ready: &mut Ready, name: &str, value: &str) {
    let set = vec![config(name, value)];
    assert_eq!(
        ready.control(Kind::AlterCluster(AlterCluster { set, unset: vec![] })),
        DONE
    );
}

#[test]
fn a_topic_is_created_by_the_rules() {
    let mut ready = Ready::new();
    limit(&mut ready, "partitions.max", "10");
    let fine = || create("u", 2, 1);
    let mut check = |create: CreateTopic, expect: Rejection| {
        assert_eq!(ready.control(Kind::CreateTopic(create)), rejected(expect));
    };
    for (name, broken) in [
        ("", "it is empty"),
        (".", "it is . or .."),
        ("..", "it is . or .."),
        (
            "a b",
            "it has other characters than a-z, A-Z, 0-9, dot, underscore and hyphen",
        ),
        (&"x".repeat(250), "it is longer than 249 characters"),
    ] {
        check(create(name, 2, 1), Rejection::InvalidName(broken));
    }
    check(create("t", 2, 1), Rejection::TopicExists);
    check(create("u", 1, 1), Rejection::TopicIdTaken);
    check(create("u", 0, 1), Rejection::TopicIdTaken);
    check(
        CreateTopic {
            id: vec![1; 5].into(),
            ..fine()
        },
        Rejection::Malformed("an id has 16 bytes"),
    );
    check(create("u", 2, 0), Rejection::InvalidPartitions);
    check(create("u", 2, 8), Rejection::TooManyPartitions { limit: 10 });
    check(
        CreateTopic {
            first_offset: 1 << 63,
            ..fine()
        },
        Rejection::InvalidOffset,
    );
    let invalid = |name: &str, reason: &str| Rejection::InvalidConfig {
        name: name.to_owned(),
        reason: reason.to_owned(),
    };
    let with = |configs| CreateTopic { configs, ..fine() };
    check(with(vec![config("no", "1")]), invalid("no", "there is no such config"));
    check(
        with(vec![config("http.public", "true"); 2]),
        invalid("http.public", "it is named twice"),
    );
    let last = CreateTopic {
        first_offset: 42,
        ..create(&"x".repeat(249), 2, 7)
    };
    assert!(matches!(
        ready.control(Kind::CreateTopic(last)),
        Verdict::Applied(Applied::Topic { number: 2, .. })
    ));
    let partition = ready
        .fixture
        .state
        .partition(PartitionId { topic: 2, partition: 6 })
        .unwrap();
    assert_eq!(
        (
            partition.log_start(),
            partition.high_watermark(),
            partition.leader_epoch()
        ),
        (42, 42, 1)
    );
    ready.fixture.through_snapshot();
}

#[test]
fn a_topic_is_altered_and_grows_and_goes() {
    let mut ready = Ready::new();
    let alter = |topic, set: Vec<Config>, unset: &[&str]| {
        Kind::AlterTopic(AlterTopic {
            topic,
            set,
            unset: unset.iter().map(|&name| name.to_owned()).collect(),
        })
    };
    assert_eq!(ready.control(alter(9, vec![], &[])), rejected(Rejection::UnknownTopic));
    assert_eq!(
        ready.control(alter(1, vec![config("retention.ms", " 5 ")], &["segment.ms"])),
        DONE
    );
    assert_eq!(ready.fixture.state.topic(1).unwrap().config().retention_ms(), Some(5));
    let refused = ready.control(alter(
        1,
        vec![config("http.public", "true"), config("retention.ms", "x")],
        &[],
    ));
    assert!(matches!(refused, Verdict::Rejected(Rejection::InvalidConfig { name, .. }) if name == "retention.ms"));
    assert!(
        !ready.fixture.state.topic(1).unwrap().config().http_public(),
        "all or nothing"
    );
    assert_eq!(ready.control(alter(1, vec![], &["retention.ms"])), DONE);
    assert_eq!(
        ready.fixture.state.topic(1).unwrap().config().retention_ms(),
        Some(604_800_000)
    );

    let add = |topic, seen, total| Kind::AddPartitions(AddPartitions { topic, seen, total });
    assert_eq!(ready.control(add(9, 3, 4)), rejected(Rejection::UnknownTopic));
    assert_eq!(
        ready.control(add(1, 2, 4)),
        rejected(Rejection::SeenChanged { actual: Some(3) })
    );
    assert_eq!(ready.control(add(1, 3, 3)), rejected(Rejection::InvalidPartitions));
    assert_eq!(
        ready.control(add(1, 3, u32::MAX)),
        rejected(Rejection::TooManyPartitions { limit: 100_000 })
    );
    assert_eq!(ready.control(add(1, 3, 5)), DONE);
    assert_eq!(ready.fixture.state.partition_count(), 5);

    let delete = |topic| Kind::DeleteTopic(DeleteTopic { topic });
    assert_eq!(ready.control(delete(1)), DONE);
    assert_eq!(ready.control(delete(1)), rejected(Rejection::UnknownTopic));
    assert_eq!(
        ready.control(Kind::CreateTopic(create("t", 1, 1))),
        rejected(Rejection::TopicIdTaken)
    );
    let again = ready.control(Kind::CreateTopic(create("t", 3, 1)));
    assert!(
        matches!(again, Verdict::Applied(Applied::Topic { number: 2, .. })),
        "numbers are not given again"
    );
    ready.fixture.through_snapshot();
}

#[test]
fn the_cluster_is_configured() {
    let mut ready = Ready::new();
    let alter = |name: &str, value: &str| {
        Kind::AlterCluster(AlterCluster {
            set: vec![config(name, value)],
            unset: vec![],
        })
    };
    for (name, value) in [
        ("no", "1"),
        ("agent.timeout.ms", "5"),
        ("segment.grace.ms", "172800001"),
        ("groups.max", ""),
    ] {
        let verdict = ready.control(alter(name, value));
        assert!(
            matches!(verdict, Verdict::Rejected(Rejection::InvalidConfig { .. })),
            "{name}={value}: {verdict:?}"
        );
    }
    assert_eq!(ready.control(alter("agent.timeout.ms", "5000")), DONE);
    assert_eq!(ready.fixture.state.cluster_config().agent_timeout_ms(), 5000);
    limit(&mut ready, "fold.bytes.max", "1024");
    let full = rejected(Rejection::FoldFull { limit_bytes: 1024 });
    assert_eq!(ready.control(Kind::CreateTopic(create("u", 2, 1))), full);
    assert_eq!(
        ready.control(Kind::AddPartitions(AddPartitions {
            topic: 1,
            seen: 3,
            total: 4
        })),
        full
    );
    assert_eq!(
        ready.control(Kind::DeleteTopic(DeleteTopic { topic: 1 })),
        DONE,
        "what makes room is taken"
    );
}

#[test]
fn the_feature_level_rises_with_everybody_able() {
    let mut ready = Ready::new();
    let raise = |seen, level| Kind::FeatureLevel(FeatureLevel { seen, level });
    assert_eq!(
        ready.control(raise(2, 3)),
        rejected(Rejection::SeenChanged { actual: Some(1) })
    );
    assert_eq!(ready.control(raise(1, 1)), rejected(Rejection::InvalidFeatureLevel));
    assert_eq!(
        ready.control(raise(1, 2)),
        rejected(Rejection::FeatureOutOfRange { level: 2 })
    );
    let mut able = Fixture::new();
    let register = Register {
        nonce: 4,
        feature_min: 1,
        feature_max: 3,
        ..Default::default()
    };
    let mut proposal = registered(4, Role::Agent, 0);
    proposal.kind = Some(Kind::Register(register));
    assert!(matches!(able.fate(proposal), Fate::Taken(_)));
    let life = able.state.life_by_nonce(4).unwrap().incarnation();
    assert_eq!(able.control(life, raise(1, 3)), DONE);
    assert_eq!(able.state.feature_level(), 3);
    let too_old = able.fate(registered(5, Role::Agent, 0));
    assert_eq!(
        too_old,
        Fate::Taken(vec![rejected(Rejection::FeatureOutOfRange { level: 3 })])
    );
}

#[test]
fn producer_ids_are_given_once() {
    let mut ready = Ready::new();
    let take = |count| Kind::ProducerIds(ProducerIds { count });
    let ids = |first, count| Verdict::Applied(Applied::ProducerIds { first, count });
    assert_eq!(ready.control(take(3)), ids(0, 3));
    assert_eq!(ready.control(take(1)), ids(3, 1));
    for count in [0, crate::PRODUCER_IDS_MAX + 1] {
        let limit = crate::PRODUCER_IDS_MAX;
        assert_eq!(ready.control(take(count)), rejected(Rejection::InvalidCount { limit }));
    }
    ready.fixture.state.next_producer_id = i64::MAX as u64 - 1;
    assert_eq!(ready.control(take(1)), ids(i64::MAX as u64 - 1, 1));
    assert!(
        matches!(
            ready.control(take(1)),
            Verdict::Rejected(Rejection::InvalidCount { .. })
        ),
        "none are left"
    );
}
