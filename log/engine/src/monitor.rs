//! Watching the others: a life that nobody has heard of for the cluster's `agent.timeout.ms` is retired.
//!
//! Retiring is always safe: a process that was only slow finds itself gone and begins another life. So this is a
//! heuristic and needs no agreement. What it saw stands in the proposal, and whoever was heard meanwhile stays.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use metadata::entry::{self, proposal::Kind};
use metadata::{Incarnation, Life, Rejection, Role, State, Verdict};
use world::Instant;

use crate::change::propose;
use crate::look::look;
use crate::shared::Shared;
use crate::view::Progress;

/// When something of each life was last folded here.
#[derive(Debug, Default)]
struct Heard {
    lives: BTreeMap<Incarnation, (u64, Instant)>,
    checked: Option<Instant>,
}

/// Runs until the process stops.
pub(crate) async fn run(shared: Arc<Shared>) {
    let mut heard = Heard::default();
    loop {
        let timeout = timeout(&shared);
        tokio::select! {
            biased;
            () = shared.world.tasks.stopping() => return,
            () = altered(&shared, timeout) => continue,
            () = shared.world.clock.sleep(timeout / 4) => {}
        }
        // Whoever is followed watches for all who follow it. Silence counts only against who was listening.
        if shared.follows.lock().is_some() || look(&shared).await.is_err() {
            heard = Heard::default();
            continue;
        }
        let now = shared.world.clock.now();
        let silent = shared.view.read(|state| heard.silent(state, now, timeout));
        for kind in silent {
            retire(&shared, kind).await;
        }
    }
}

fn timeout(shared: &Shared) -> Duration {
    Duration::from_millis(shared.view.read(|state| state.cluster_config().agent_timeout_ms()))
}

/// Resolves when the timeout is another: a short one that is set does not wait for a long one to pass.
async fn altered(shared: &Shared, known: Duration) {
    shared.view.progress_when(|_| timeout(shared) != known).await;
}

async fn retire(shared: &Arc<Shared>, retire: entry::Retire) {
    let role = shared.config.roles.first().copied().unwrap_or(Role::Agent);
    let outcome = propose(shared, role, Kind::Retire(retire), None, "").await;
    tracing::info!(?outcome, "proposed to retire a silent life");
}

/// The proposal that ends a life, unless something of it is folded that was not folded here.
pub(crate) fn retirement(life: &Life) -> entry::Retire {
    let seen = life.lanes_seen().into_iter().map(|(lane, next)| entry::LaneSeen {
        lane: lane.number(),
        next,
    });
    entry::Retire {
        target: Some(life.incarnation().into()),
        seen: seen.collect(),
    }
}

/// Lives of a former process at the address of this one: it is gone, for this one could take the address.
pub(crate) fn former_lives(state: &State, address: &str, own: &[Incarnation]) -> Vec<entry::Retire> {
    let former = |life: &&Life| life.http_address() == address && !own.contains(&life.incarnation());
    if address.is_empty() {
        return Vec::new();
    }
    state.incarnations().filter(former).map(retirement).collect()
}

impl Heard {
    /// Notes what was heard; the retirements of those silent for the timeout.
    fn silent(&mut self, state: &State, now: Instant, timeout: Duration) -> Vec<entry::Retire> {
        // One that was not looking itself, paused or cut off, begins to listen again.
        let slept = self
            .checked
            .is_none_or(|checked| now.saturating_duration_since(checked) > timeout / 2);
        self.checked = Some(now);
        if slept {
            self.lives.clear();
        }
        let mut silent = Vec::new();
        let mut still = BTreeMap::new();
        for life in state.incarnations() {
            let known = self
                .lives
                .get(&life.incarnation())
                .filter(|(last, _)| *last == life.last_taken());
            let since = known.map_or(now, |(_, since)| *since);
            if now.saturating_duration_since(since) >= timeout {
                silent.push(retirement(life));
            }
            still.insert(life.incarnation(), (life.last_taken(), since));
        }
        self.lives = still;
        silent
    }
}

/// Once this process lives: retires those who lived at its address before it.
pub(crate) async fn retire_former(shared: Arc<Shared>) {
    let all = |_: &Progress| own_lives(&shared).len() == shared.config.roles.len();
    tokio::select! {
        biased;
        () = shared.world.tasks.stopping() => return,
        _ = shared.view.progress_when(all) => {}
    }
    let own = own_lives(&shared);
    let former = shared
        .view
        .read(|state| former_lives(state, &shared.config.http_address, &own));
    for kind in former {
        retire(&shared, kind).await;
    }
}

fn own_lives(shared: &Shared) -> Vec<Incarnation> {
    let intake = shared.intake.lock();
    shared
        .config
        .roles
        .iter()
        .filter_map(|role| intake.lives.incarnation(*role))
        .collect()
}

/// How often the end of a life is proposed while something of it is still being taken.
const END_TRIES: u32 = 8;

/// Ends this process's own lives, the last word of each.
pub(crate) async fn end_lives(shared: &Arc<Shared>) {
    for role in &shared.config.roles {
        let incarnation = {
            let mut intake = shared.intake.lock();
            intake.lives.end(*role);
            intake.lives.incarnation(*role)
        };
        let Some(incarnation) = incarnation else { continue };
        for _ in 0..END_TRIES {
            if end_life(shared, *role, &incarnation).await {
                break;
            }
        }
    }
}

/// False when something of the life was taken after it was looked at.
async fn end_life(shared: &Arc<Shared>, role: Role, incarnation: &Incarnation) -> bool {
    let retire = shared.view.read(|state| state.incarnation(incarnation).map(retirement));
    let Some(retire) = retire else { return true };
    let outcome = propose(shared, role, Kind::Retire(retire), None, "").await;
    tracing::debug!(?outcome, "ended a life");
    let heard_since = [Verdict::Rejected(Rejection::HeardSince)];
    !outcome.is_ok_and(|verdicts| verdicts == heard_since)
}
