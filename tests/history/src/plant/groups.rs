//! Plants that are seen in what groups have committed.

use super::{Field, Plant, plant};
use crate::Kind;
use crate::operation::{Did, Operation, Outcome};

pub(super) const PLANTS: &[Plant] = &[
    plant("a commit is forgotten", Kind::CommittedOffset, &[], forgotten),
    plant(
        "a commit is overtaken by the one before",
        Kind::CommittedOffset,
        &[],
        stale,
    ),
    plant(
        "a group has what nobody committed",
        Kind::CommittedOffset,
        &[],
        invented,
    ),
];

/// A look at the group that one client alone commits for, and the commits that had succeeded before it, the last first.
fn look(field: &Field<'_>, commits_min: usize) -> Option<(usize, Vec<u64>)> {
    let offset = |done: &Operation| match &done.did {
        Did::Commit { group, offsets, .. } if group == "own" && done.outcome == Outcome::Ok => Some(offsets[0].1),
        _ => None,
    };
    let looks = field.operations(|done| {
        let of_it = matches!(&done.did, Did::Committed { group, offsets } if group == "own" && !offsets.is_empty());
        of_it && done.outcome == Outcome::Ok
    });
    let mut found = Vec::new();
    for at in looks {
        let asked = field.operations[at].invoked;
        let before = field.operations.iter().filter(|done| done.completed < asked);
        let mut commits: Vec<u64> = before.filter_map(offset).collect();
        commits.reverse();
        if commits.len() >= commits_min {
            found.push((at, commits));
        }
    }
    field.pick(&found)
}

fn set(field: &mut Field<'_>, at: usize, offset: Option<u64>) -> bool {
    if let Did::Committed { offsets, .. } = &mut field.operations[at].did {
        offsets[0].1 = offset;
    }
    true
}

fn forgotten(field: &mut Field<'_>) -> bool {
    let Some((at, _)) = look(field, 1) else { return false };
    set(field, at, None)
}

fn stale(field: &mut Field<'_>) -> bool {
    let Some((at, commits)) = look(field, 2) else {
        return false;
    };
    set(field, at, Some(commits[1]))
}

fn invented(field: &mut Field<'_>) -> bool {
    let Some((at, _)) = look(field, 0) else { return false };
    set(field, at, Some(1_000_000))
}
