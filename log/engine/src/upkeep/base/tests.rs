use metadata::entry::{self, proposal::Kind};
use metadata::{EntryRef, Event, Incarnation, Role};

use super::*;

fn taken((position, lowest_inline): (u64, Option<u64>)) -> SnapshotRef {
    SnapshotRef {
        era: 1,
        position,
        entry_hash: [u8::try_from(position).unwrap(); 32],
        incarnation: Incarnation {
            position: 1,
            index: 0,
            nonce: 7,
        },
        attempt: 3,
        state_hash: [0; 32],
        bytes: 1,
        lowest_inline,
        taken_at: position + 1,
    }
}

#[test]
fn the_base_goes_behind_the_second_newest_and_before_what_it_names_inline() {
    // The base, the snapshots with their lowest inline entries, and then the base and the snapshot that it names.
    let check = |base: u64, snapshots: &[(u64, Option<u64>)], expect: Option<(u64, u64)>| {
        let snapshots: Vec<SnapshotRef> = snapshots.iter().copied().map(taken).collect();
        let old = Base {
            cluster: ledger::ClusterId([1; 16]),
            era: 1,
            position: base,
            hash: Hash([u8::try_from(base).unwrap(); 32]),
            snapshot: if base == 0 { String::new() } else { "older".to_owned() },
        };
        let new = plan(&old, &snapshots);
        let found = new.as_ref().map(|new| {
            assert_eq!(new.hash, Hash([u8::try_from(new.position).unwrap(); 32]));
            let named = snapshots
                .iter()
                .find(|taken| key(taken).path(&old.cluster) == new.snapshot);
            (new.position, named.unwrap().position)
        });
        assert_eq!(found, expect, "{base} {snapshots:?}");
    };
    check(0, &[], None);
    check(0, &[(10, None)], None);
    check(0, &[(10, None), (20, None)], Some((10, 20)));
    check(0, &[(10, None), (20, None), (30, None)], Some((20, 30)));
    check(0, &[(10, None), (20, Some(20)), (30, None)], Some((20, 30)));
    check(0, &[(10, None), (20, Some(19)), (30, None)], Some((10, 30)));
    check(0, &[(10, None), (20, Some(10)), (30, None)], Some((10, 30)));
    check(0, &[(10, None), (20, Some(9)), (30, None)], Some((0, 30)));
    check(0, &[(10, None), (20, None), (30, Some(5))], Some((20, 30)));
    check(20, &[(10, None), (20, None), (30, None)], Some((20, 30)));
    check(20, &[(10, None), (20, None)], None);
    check(10, &[(10, None), (20, Some(3)), (30, None)], Some((10, 30)));
}

/// Another process took a snapshot at 40 and let the base, which inline bytes hold at 5, name it. One that does not know
/// of it yet leaves the base alone: it would name a snapshot that may be swept by now.
#[test]
fn the_base_never_names_an_older_snapshot_than_it_did() {
    let known =
        |positions: &[(u64, Option<u64>)]| -> Vec<SnapshotRef> { positions.iter().copied().map(taken).collect() };
    let old = |named: u64| Base {
        cluster: ledger::ClusterId([1; 16]),
        era: 1,
        position: 5,
        hash: Hash([5; 32]),
        snapshot: key(&taken((named, None))).path(&ledger::ClusterId([1; 16])),
    };
    let stale = known(&[(10, Some(5)), (20, Some(5)), (30, Some(5))]);
    assert_eq!(plan(&old(40), &stale), None, "not where it is");
    let moved_out = known(&[(10, None), (20, None), (30, None)]);
    assert_eq!(plan(&old(40), &moved_out), None, "nor forward");
    assert_eq!(plan(&old(20), &stale).unwrap().snapshot, old(30).snapshot);
    assert_eq!(
        plan(&old(30), &moved_out).unwrap().position,
        20,
        "with the same it moves on"
    );
}

/// A state with marks: (folded, minutes, lowest inline entry).
fn marked(marks: &[(u64, i64, Option<u64>)]) -> State {
    let mut state = State::genesis([1; 16], 1, [0; 32]);
    let apply = |state: &mut State, proposal| {
        let entry = EntryRef {
            position: state.position() + 1,
            era: 1,
            hash: [0; 32],
            event: Event::Proposals(&entry::body(vec![proposal])),
        };
        state.apply(entry).unwrap();
    };
    let register = Kind::Register(entry::Register {
        nonce: 7,
        role: Role::Compactor.into(),
        feature_min: 1,
        feature_max: 1,
        ..Default::default()
    });
    apply(
        &mut state,
        entry::Proposal {
            kind: Some(register),
            ..Default::default()
        },
    );
    let named = state.life_by_nonce(7).unwrap().incarnation();
    for (sequence, (folded, minutes, lowest_inline)) in (0..).zip(marks) {
        while state.position() <= *folded {
            apply(&mut state, entry::Proposal::default());
        }
        let mark = Kind::Mark(entry::Mark {
            folded: *folded,
            date: minutes * 60_000,
            lowest_inline: *lowest_inline,
        });
        apply(
            &mut state,
            entry::Proposal {
                incarnation: Some(named.into()),
                sequence,
                kind: Some(mark),
                ..Default::default()
            },
        );
    }
    assert_eq!(state.marks().len(), marks.len());
    state
}

#[test]
fn entries_go_when_no_plan_of_the_last_hour_names_them() {
    let check = |marks: &[(u64, i64, Option<u64>)], expect: Option<u64>| {
        assert_eq!(deletable(&marked(marks)), expect, "{marks:?}");
    };
    check(&[], None);
    check(&[(10, 0, None)], None);
    check(&[(10, 0, None), (20, 59, None)], None);
    check(&[(10, 0, None), (20, 60, None)], Some(10));
    check(&[(10, 0, Some(4)), (20, 60, None)], Some(4));
    check(&[(10, 0, Some(4)), (20, 60, Some(15))], Some(4));
    check(&[(10, 0, None), (20, 30, Some(12)), (30, 95, None)], Some(12));
    check(&[(10, 0, None), (20, 30, Some(12)), (30, 89, None)], Some(10));
}
