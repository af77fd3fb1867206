//! Offsets of groups: the last that was acknowledged, or an unknown later one.

use engine::Engine;

use crate::client::committed;
use crate::ground::Ground;

pub(super) fn check(ground: &Ground, engine: &Engine) {
    let history = ground.history.lock();
    for ((group, partition), commits) in &history.commits {
        let offset = engine.read(|state| committed(state, group, *partition));
        ground
            .journal
            .check("a group's offset is the last committed", commits.allow(offset), || {
                format!("{group} has {offset:?} at the end; {commits:?}")
            });
    }
}
