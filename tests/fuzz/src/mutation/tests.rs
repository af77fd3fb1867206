//! What was changed by its fields has frames that fit.

use super::*;

#[test]
fn frames_fit_what_was_changed() {
    let mut different = 0;
    for (name, bytes) in crate::seeds("entry") {
        for seed in 0..40 {
            let changed = mutate_entries(&bytes, seed * 77, &mut |bytes| bytes.push(1));
            let changed = changed.unwrap_or_else(|| panic!("{name} {seed}"));
            different += usize::from(changed != bytes);
            assert!(mutate_entries(&changed, 0, &mut |_| {}).is_some(), "{name} {seed}");
        }
    }
    assert!(different > 100, "{different}");
}

#[test]
fn snapshots_that_were_changed_are_sealed() {
    let mut different = 0;
    for (name, bytes) in crate::seeds("snapshot") {
        for seed in 0..40 {
            let changed = mutate_snapshot(&bytes, seed * 77, &mut |bytes| bytes.push(1));
            let changed = changed.unwrap_or_else(|| panic!("{name} {seed}"));
            different += usize::from(changed != bytes);
            assert_eq!(snapshots::sealed(&changed), changed, "{name} {seed}");
        }
    }
    assert!(different > 50, "{different}");
}
