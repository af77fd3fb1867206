use proptest::prelude::*;

use super::*;

const CLUSTER: ClusterId = ClusterId([0xab; 16]);

fn life() -> Incarnation {
    Incarnation {
        position: 0x1234,
        index: 7,
        nonce: 0xdead_beef_0bad_cafe,
    }
}

fn object(flush: u64, attempt: u16) -> ObjectName {
    ObjectName {
        incarnation: life(),
        flush,
        attempt,
    }
}

fn snapshot() -> SnapshotName {
    SnapshotName::new(2, 0x99, &[0x5a; 32], life(), 3)
}

/// The format of names: these lines stand for objects that exist, and never change.
#[test]
fn paths_are_as_they_were() {
    let golden = include_str!("../../tests/golden/keys.txt");
    let keys = [
        Key::Cluster,
        Key::Witness,
        Key::Snapshot(snapshot()),
        Key::Segment(object(42, 1)),
        Key::State(object(FLUSH_MAX, ATTEMPT_MAX)),
        Key::LakeData(TopicId([0x11; 16]), object(0, 0)),
        Key::LakeMetadata(TopicId([0x11; 16]), object(5, 0), LakeFormat::Json),
        Key::LakeMetadata(TopicId([0x11; 16]), object(5, 0), LakeFormat::Avro),
    ];
    let paths: Vec<String> = keys.iter().map(|key| key.path(&CLUSTER)).collect();
    assert_eq!(paths, golden.lines().collect::<Vec<_>>());
    for (key, path) in keys.iter().zip(&paths) {
        assert_eq!(Key::parse(path, &CLUSTER).as_ref(), Some(key), "{path}");
        assert!(path.starts_with(&key.kind().prefix(&CLUSTER)), "{path}");
    }
}

#[test]
fn a_name_written_otherwise_is_no_key() {
    let segment = Key::Segment(object(42, 1)).path(&CLUSTER);
    let snapshot = Key::Snapshot(snapshot()).path(&CLUSTER);
    let other_hash = |path: &str, at: usize| {
        let mut bytes = path.as_bytes().to_vec();
        bytes[at] = if bytes[at] == b'0' { b'1' } else { b'0' };
        String::from_utf8(bytes).unwrap()
    };
    let hash_at = segment.find("segment/").unwrap() + "segment/".len();
    let check = |path: &str| assert_eq!(Key::parse(path, &CLUSTER), None, "{path}");
    check("");
    check("cluster.json/");
    check("/cluster.json");
    check("Cluster.json");
    check(&segment.to_uppercase());
    check(&segment.replace("dead", "DEAD"));
    check(&segment.replace("0000000042-01", "42-1"));
    check(&segment.replace("0000000042-01", "+000000042-01"));
    check(&segment.replace("0000000042-01", "0000000042-001"));
    check(&segment.replace("0000000042-01", "0000000042"));
    check(&format!("{segment}/x"));
    check(&format!("{segment}#1"));
    check(&other_hash(&segment, hash_at));
    check(&segment.replace("segment", "segments"));
    check(&segment.replace("abab", "baba"));
    check(&snapshot.replace("5a5a", "5A5A"));
    check(&snapshot[..snapshot.len() - 1]);
    check(&format!("{CLUSTER}/witness/"));
    check(&format!("{CLUSTER}/"));
}

#[test]
fn numbers_beyond_their_width_are_refused() {
    let check = |key: Key, fits: bool| {
        assert_eq!(key.check(Op::Put).is_ok(), fits, "{key:?}");
        assert_eq!(Key::parse(&key.path(&CLUSTER), &CLUSTER) == Some(key), fits, "{key:?}");
    };
    check(Key::Segment(object(FLUSH_MAX, ATTEMPT_MAX)), true);
    check(Key::Segment(object(FLUSH_MAX + 1, 0)), false);
    check(Key::State(object(0, ATTEMPT_MAX + 1)), false);
    check(Key::Witness, true);
    check(
        Key::Snapshot(SnapshotName {
            attempt: 100,
            ..snapshot()
        }),
        false,
    );
}

#[test]
fn a_snapshot_is_of_the_entry_whose_hash_begins_like_its_own() {
    let mut hash = [0x5a; 32];
    assert!(snapshot().is_of(&hash));
    hash[31] = 0;
    assert!(snapshot().is_of(&hash));
    hash[15] = 0;
    assert!(!snapshot().is_of(&hash));
}

fn names() -> impl Strategy<Value = ObjectName> {
    (any::<(u64, u16, u64)>(), 0..=FLUSH_MAX, 0..=ATTEMPT_MAX).prop_map(|(life, flush, attempt)| ObjectName {
        incarnation: Incarnation {
            position: life.0,
            index: life.1,
            nonce: life.2,
        },
        flush,
        attempt,
    })
}

fn keys() -> impl Strategy<Value = Key> {
    let topics = || any::<[u8; 16]>().prop_map(TopicId);
    prop_oneof![
        Just(Key::Cluster),
        Just(Key::Witness),
        (any::<(u64, u64, [u8; 16])>(), names()).prop_map(|((era, position, hash), name)| {
            Key::Snapshot(SnapshotName {
                era,
                position,
                hash,
                incarnation: name.incarnation,
                attempt: name.attempt,
            })
        }),
        names().prop_map(Key::Segment),
        names().prop_map(Key::State),
        (topics(), names()).prop_map(|(topic, name)| Key::LakeData(topic, name)),
        (topics(), names(), any::<bool>()).prop_map(|(topic, name, json)| {
            let format = if json { LakeFormat::Json } else { LakeFormat::Avro };
            Key::LakeMetadata(topic, name, format)
        }),
    ]
}

proptest! {
    #[test]
    fn parse_is_the_inverse_of_path(key in keys(), cluster in any::<[u8; 16]>().prop_map(ClusterId)) {
        let path = key.path(&cluster);
        prop_assert_eq!(Key::parse(&path, &cluster), Some(key));
        prop_assert!(key.check(Op::Put).is_ok());
    }

    /// Where a byte of a path is another, it is no key or another one, and never the same.
    #[test]
    fn no_two_paths_are_one_key(key in keys(), at in any::<prop::sample::Index>(), byte in 0x20_u8..0x7f) {
        let path = key.path(&CLUSTER);
        let mut bytes = path.clone().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let other = String::from_utf8(bytes).unwrap();
        if other != path {
            prop_assert_ne!(Key::parse(&other, &CLUSTER), Some(key));
        }
    }

    /// No key is another one with more behind a `/`: stores that keep folders could not hold both.
    #[test]
    fn no_key_lies_below_another(one in keys(), other in keys()) {
        let below = format!("{}/", one.path(&CLUSTER));
        prop_assert!(!other.path(&CLUSTER).starts_with(&below));
    }

    #[test]
    fn parsing_never_panics(path in "\\PC{0,120}") {
        let _ = Key::parse(&path, &CLUSTER);
        let _ = Key::parse(&format!("{CLUSTER}/{path}"), &CLUSTER);
    }
}
