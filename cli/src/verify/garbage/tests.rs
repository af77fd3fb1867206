use metadata::Incarnation;

use super::*;

fn kind(found: Option<(Kind, String)>) -> Option<Kind> {
    found.map(|(kind, _)| kind)
}

#[test]
fn snapshots_before_the_base_are_garbage() {
    assert_eq!(kind(snapshot(true, false)), None);
    assert_eq!(kind(snapshot(true, true)), None);
    assert_eq!(kind(snapshot(false, true)), Some(Kind::OldSnapshot));
    assert_eq!(kind(snapshot(false, false)), Some(Kind::Orphan));
}

#[test]
fn segments_of_lives_that_are_not_known_yet_are_left_alone() {
    let state = State::genesis([1; 16], 1, [2; 32]);
    let name = |position| ObjectName {
        incarnation: Incarnation {
            position,
            index: 0,
            nonce: 7,
        },
        flush: 1,
        attempt: 0,
    };
    assert_eq!(kind(named(&state, &name(5))), Some(Kind::Pending));
    assert_eq!(kind(named(&state, &name(0))), Some(Kind::Orphan));
}
