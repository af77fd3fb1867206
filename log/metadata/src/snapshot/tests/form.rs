//! Sections that no fold would write: in another form, or that a fold could not go on from.

use super::*;

#[test]
fn leader_epochs_begin_in_the_partition_and_in_eras_that_were() {
    let whole = sections(&filled());
    let changes: [fn(&mut wire::Partition); 2] = [
        |partition| partition.epochs[0] = 2,
        |partition| {
            partition.epoch_starts[0] = 1;
        },
    ];
    for change in changes {
        let mut topic: wire::Topic = message(whole[2].1.clone()).unwrap();
        change(&mut topic.partitions[1]);
        let changed = vec![whole[0].clone(), (2, topic.encode_to_vec().into())];
        let text = corrupt_text(with_sections(changed));
        assert_eq!(text, "leader epochs that are not the partition's");
    }
}

/// One state has one form: what would be read as the same state, but is written otherwise, has another hash.
#[test]
fn a_state_has_one_form() {
    let state = filled();
    let whole = sections(&state);
    let cluster = |change: fn(&mut wire::Cluster), expect: &str| {
        let mut all = whole.clone();
        let mut cluster: wire::Cluster = message(all[0].1.clone()).unwrap();
        change(&mut cluster);
        all[0].1 = cluster.encode_to_vec().into();
        assert_eq!(corrupt_text(with_sections(all)), expect);
    };
    let other = "a section is not as it would be written";
    cluster(|cluster| cluster.lives.push(cluster.lives[0].clone()), other);
    cluster(|cluster| cluster.groups.push(cluster.groups[0].clone()), other);
    cluster(|cluster| cluster.groups[0].offsets.push(Default::default()), other);
    cluster(
        |cluster| {
            cluster.lives.push(cluster.lives[0].clone());
            cluster.lives[1].incarnation = Some(wire::Incarnation::default());
        },
        "a node id of two lives",
    );
    cluster(
        |cluster| cluster.lives[0].last_taken = 99,
        "a life from beyond the position",
    );
    cluster(
        |cluster| cluster.nonce_positions[0] = 99,
        "nonces that are not in order",
    );
    cluster(
        |cluster| {
            cluster.nonces.push(cluster.nonces[0]);
            cluster.nonce_positions.push(cluster.nonce_positions[0]);
        },
        "a nonce that stands there twice",
    );
    cluster(
        |cluster| cluster.marks[0].folded = 99,
        "a mark from beyond the position",
    );
    cluster(
        |cluster| {
            cluster.snapshots.push(wire::SnapshotRef {
                position: 99,
                entry_hash: vec![1; 32].into(),
                state_hash: vec![1; 32].into(),
                incarnation: Some(wire::Incarnation::default()),
                ..Default::default()
            });
        },
        "a snapshot from beyond the position",
    );
    // Fields in another order are as long, and read as the same.
    let mut moved = whole.clone();
    moved[1].1 = [&whole[1].1[2..], &whole[1].1[..2]].concat().into();
    assert_eq!(corrupt_text(with_sections(moved)), other);
    assert!(decode(with_sections(whole.clone())).is_ok());
}

#[test]
fn lives_that_ended_are_in_order_and_stand_there_once() {
    let whole = sections(&filled());
    let ended = |at: u64, position: u64| wire::Ended {
        incarnation: Some(wire::Incarnation {
            position,
            index: 0,
            nonce: 5,
        }),
        at,
    };
    let check = |ended: &[wire::Ended], expect: &str| {
        let mut all = whole.clone();
        let mut cluster: wire::Cluster = message(all[0].1.clone()).unwrap();
        cluster.ended = ended.to_vec();
        all[0].1 = cluster.encode_to_vec().into();
        assert_eq!(corrupt_text(with_sections(all)), expect);
    };
    let (unordered, twice) = ("lives that ended are not in order", "a life that stands there twice");
    check(&[ended(4, 2), ended(3, 1)], unordered);
    check(&[ended(99, 2)], unordered);
    check(&[ended(2, 2)], unordered);
    check(&[ended(3, 2), ended(4, 2)], twice);
    check(&[ended(3, 1)], twice);
}
