use metadata::Role;
use world::World;

use super::*;
use crate::intake::{Intake, Lives};
use crate::jobs::ChangeJob;

const BEATS: Duration = Duration::from_secs(16);

/// An intake that leads no life, so that none asks to be registered, and the time.
fn intake() -> (Intake, Instant) {
    let world = World::simulated(1);
    let now = world.clock.now();
    (
        Intake::new(Lives::new(Vec::new(), world.chance.fork("nonces"), now)),
        now,
    )
}

fn change(kind: Kind) -> ChangeJob {
    ChangeJob {
        role: Role::Agent,
        kind,
        named_by: None,
        flush: None,
        principal: String::new(),
        reply: None,
    }
}

fn beat() -> ChangeJob {
    change(Kind::Beat(entry::Beat {}))
}

fn after(now: Instant, seconds: u64) -> Instant {
    now + Duration::from_secs(seconds)
}

#[test]
fn beats_are_held_since_the_first_and_only_where_others_follow() {
    let (mut intake, now) = intake();
    assert_eq!(intake.put_at(now, Some(BEATS)), None);
    intake.change(beat());
    assert_eq!(intake.put_at(now, None), Some(now));
    assert_eq!(intake.put_at(now, Some(BEATS)), Some(after(now, 4)));
    intake.change(beat());
    assert_eq!(intake.put_at(after(now, 3), Some(BEATS)), Some(after(now, 4)));
    assert_eq!(intake.put_at(after(now, 5), Some(BEATS)), Some(after(now, 4)), "over");
}

#[test]
fn what_somebody_waits_for_takes_them_along() {
    let (mut intake, now) = intake();
    intake.change(beat());
    assert_eq!(intake.put_at(now, Some(BEATS)), Some(after(now, 4)));
    intake.change(change(Kind::Trim(entry::Trim::default())));
    assert_eq!(intake.put_at(after(now, 1), Some(BEATS)), Some(after(now, 1)));
}

#[test]
fn those_that_follow_an_entry_of_beats_are_held_for_less() {
    let (mut intake, now) = intake();
    intake.change(beat());
    intake.put_at(now, Some(BEATS));
    intake.beat_together(after(now, 4));
    assert_eq!(intake.put_at(after(now, 5), Some(BEATS)), Some(after(now, 6)));
    intake.beat_together(after(now, 6));
    assert_eq!(
        intake.put_at(after(now, 14), Some(BEATS)),
        Some(after(now, 18)),
        "much later"
    );
}

#[test]
fn bodies_of_nothing_but_beats() {
    let proposal = |kind| entry::Proposal {
        kind: Some(kind),
        ..Default::default()
    };
    let beat = || proposal(Kind::Beat(entry::Beat {}));
    assert!(only_beats(&[beat(), beat()]));
    assert!(!only_beats(&[]));
    assert!(!only_beats(&[beat(), proposal(Kind::Trim(entry::Trim::default()))]));
}
