//! The tables of configs, and what values they take.

use super::*;

fn topic(name: &str, value: &str) -> Result<TopicConfig, Rejection> {
    let set = [entry::Config {
        name: name.to_owned(),
        value: value.to_owned(),
    }];
    TopicConfig::default().changed(&set, &[])
}

#[test]
fn tables_are_sorted_and_defaults_are_allowed() {
    for table in [TOPIC_CONFIGS, CLUSTER_CONFIGS] {
        assert!(table.is_sorted_by(|one, two| one.name < two.name));
        for spec in table {
            assert_eq!(spec.kind.check(spec.default), Ok(()), "{}", spec.name);
            assert!(find(table, spec.name) == Some(spec));
        }
    }
}

#[test]
fn values_are_checked() {
    let cases = [
        ("retention.ms", "-1", true),
        ("retention.ms", "-2", false),
        ("retention.ms", "9223372036854775807", true),
        ("retention.ms", "9223372036854775808", false),
        ("retention.ms", "", false),
        ("retention.bytes", "1e3", false),
        ("max.message.bytes", "2147483648", false),
        ("cleanup.policy", "delete", true),
        ("cleanup.policy", "compact", true),
        ("cleanup.policy", "delete,compact", true),
        ("cleanup.policy", "none", false),
        ("min.cleanable.dirty.ratio", "1.1", false),
        ("compression.type", "producer", true),
        ("compression.type", "zstd", false),
        ("message.timestamp.type", "CreateTime", true),
        ("message.timestamp.type", "LogAppendTime", false),
        ("message.timestamp.after.max.ms", "3600000", false),
        ("min.insync.replicas", "2", true),
        ("min.insync.replicas", "0", false),
        ("min.cleanable.dirty.ratio", "0.25", true),
        ("min.cleanable.dirty.ratio", "NaN", false),
        ("min.cleanable.dirty.ratio", "1.5", false),
        ("preallocate", "TRUE", false),
        ("remote.storage.enable", "true", false),
        ("tidelog.lane", "inline", true),
        ("tidelog.lane", "fast", false),
        ("http.public", "true", true),
        ("lake.max.delay.ms", "999", false),
        ("lake.max.delay.ms", "60000", true),
        ("lake.retention.ms", "-3", false),
        ("lake.retention.ms", "-1", true),
        ("lake.retention.ms", "604799999", false),
        ("lake.retention.ms", "604800000", true),
        ("leader.replication.throttled.replicas", "0:1", true),
        ("segment.bytes", "1073741824", true),
    ];
    for (name, value, allowed) in cases {
        assert_eq!(topic(name, value).is_ok(), allowed, "{name}={value}");
    }
    assert!(topic("leader.replication.throttled.replicas", &"x".repeat(1025)).is_err());
    let reason = "only CreateTime is supported: batches keep the bytes and the checksum of their writer".to_owned();
    let name = "message.timestamp.type".to_owned();
    assert_eq!(
        topic(&name, "LogAppendTime"),
        Err(Rejection::InvalidConfig {
            name: name.clone(),
            reason
        })
    );
}

/// Its reason is the one below.
fn refused(set: &[(&str, &str)]) -> String {
    let set: Vec<_> = set
        .iter()
        .map(|(name, value)| entry::Config {
            name: (*name).to_owned(),
            value: (*value).to_owned(),
        })
        .collect();
    match TopicConfig::default().changed(&set, &[]) {
        Err(Rejection::InvalidConfig { name, reason }) => format!("{name}: {reason}"),
        other => format!("{other:?}"),
    }
}

#[test]
fn a_table_keeps_no_less_than_its_log() {
    let for_ever = [("retention.ms", "-1"), ("lake.retention.ms", "1000")];
    assert_eq!(
        refused(&for_ever),
        "lake.retention.ms: shorter than retention.ms, which is -1"
    );
    let shorter = [("retention.ms", "1001"), ("lake.retention.ms", "1000")];
    assert_eq!(refused(&shorter), "lake.retention.ms: shorter than retention.ms");
    for policy in ["compact", "compact,delete"] {
        let compacted = [("cleanup.policy", policy), ("lake.retention.ms", "-1")];
        assert!(refused(&compacted).contains("only -2 is supported"));
    }
    let kept = [("-2", LakeRetention::AsLog), ("-1", LakeRetention::Forever)];
    for (value, means) in kept {
        assert_eq!(topic("lake.retention.ms", value).unwrap().lake_retention(), means);
    }
    assert_eq!(TopicConfig::default().lake_retention(), LakeRetention::AsLog);
    let week = topic("lake.retention.ms", "604800000").unwrap();
    assert_eq!(week.lake_retention(), LakeRetention::Ms(604_800_000));
    let set = [entry::Config {
        name: "retention.ms".to_owned(),
        value: "604800001".to_owned(),
    }];
    assert!(week.changed(&set, &[]).is_err(), "the log would keep more");
}

#[test]
fn typed_values_follow_what_was_set() {
    let config = TopicConfig::default();
    assert_eq!(
        (config.retention_ms(), config.retention_bytes()),
        (Some(604_800_000), None)
    );
    assert_eq!(
        (config.max_message_bytes(), config.lane(), config.http_public()),
        (1_048_588, LanePolicy::Auto, false)
    );
    assert_eq!(topic("retention.ms", "-1").unwrap().retention_ms(), None);
    assert_eq!(topic("retention.bytes", "0").unwrap().retention_bytes(), Some(0));
    assert_eq!(topic("tidelog.lane", "object").unwrap().lane(), LanePolicy::Object);
    let set = topic("segment.ms", "7").unwrap();
    assert_eq!(
        (set.value("segment.ms"), set.value("flush.ms")),
        (Some("7"), Some("9223372036854775807"))
    );
    assert_eq!((set.value("no"), set.overrides().len()), (None, 1));
    assert_eq!(TopicConfig::spec("segment.ms").unwrap().effect, Effect::WithoutEffect);
    let cluster = ClusterConfig::default();
    assert_eq!(
        (cluster.agent_timeout_ms(), cluster.segment_grace_ms()),
        (150_000, 3_600_000)
    );
    assert_eq!(
        (cluster.lake_grace_ms(), cluster.producer_id_expiration_ms()),
        (86_400_000, 86_400_000)
    );
    assert_eq!(cluster.offsets_retention_minutes(), 10_080);
}
