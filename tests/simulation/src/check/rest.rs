//! Everybody comes to rest when nothing is asked any more: what was in flight is over, and its memory is given back.

use crate::ground::Yard;

pub(crate) fn check(yard: &Yard) {
    for agent in yard.agents.iter() {
        let Some(engine) = agent.running() else { continue };
        let used = engine.health().memory_used_bytes;
        yard.ground.journal.check("memory is given back", used == 0, || {
            format!("{} holds {used} bytes for nobody", agent.name())
        });
    }
}
