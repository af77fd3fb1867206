//! What a process is doing, as far as that shows from outside: in its health, and in the calls it has under way.

use metadata::Role;

use super::Node;
use crate::phase::Phase;

impl Node {
    /// What it is doing now; nothing when it does not run.
    pub(super) fn phases(&self) -> Vec<Phase> {
        let engine = match &*self.life.lock() {
            None => return Vec::new(),
            Some(life) => life.engine.clone(),
        };
        let Some(engine) = engine else {
            return vec![Phase::Starting];
        };
        let own = engine.incarnation(Role::Compactor).map(|life| format!("/{life}/"));
        let rewritten = |path: &str| own.as_ref().is_some_and(|own| path.contains(own));
        let waits = |path: &str| self.ground.audit.waits(path);
        let mut phases = self.network.calls.phases(rewritten, waits);
        let health = engine.health();
        if health.halted {
            phases.insert(Phase::Halted);
        } else if health.draining {
            phases.insert(Phase::Draining);
        } else if !health.serving {
            phases.insert(Phase::Reloading);
        } else if self
            .process
            .roles
            .iter()
            .any(|role| engine.incarnation(*role).is_none())
        {
            phases.insert(Phase::Registering);
        }
        if phases.is_empty() {
            phases.insert(Phase::Idle);
        }
        if health.follows.is_some() {
            phases.insert(Phase::Following);
        }
        if health.followers > 0 {
            phases.insert(Phase::Hosting);
        }
        phases.into_iter().collect()
    }
}
