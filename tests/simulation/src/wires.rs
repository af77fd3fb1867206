//! What lies between agents: links that deliver in order, slowly, or not at all, and break.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use engine::{Engine, FollowerLink, HostLink, Link, PeerError, Peers};
use parking_lot::Mutex;
use tokio::sync::mpsc;
use world::World;

use crate::journal::Journal;
use crate::swarm::Fault;

/// How often a stalled wire is looked at.
const STALL: Duration = Duration::from_millis(20);
/// Of so many messages one breaks a link that breaks.
const BREAKS_EVERY: u64 = 40;

/// All wires of a run.
#[derive(Debug)]
pub(crate) struct Wires {
    world: World,
    journal: Journal,
    ends: Mutex<BTreeMap<String, End>>,
}

/// A process as the wires know it.
#[derive(Clone, Default)]
struct End {
    engine: Option<Engine>,
    faults: Vec<Fault>,
}

impl fmt::Debug for End {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("End")
            .field("faults", &self.faults)
            .finish_non_exhaustive()
    }
}

impl Wires {
    pub(crate) fn new(world: World, journal: Journal) -> Wires {
        Wires {
            world,
            journal,
            ends: Mutex::default(),
        }
    }

    /// A run of a process begins, or is over.
    pub(crate) fn set_engine(&self, name: &str, engine: Option<Engine>) {
        self.ends.lock().entry(name.to_owned()).or_default().engine = engine;
    }

    /// What the wires of a process suffer.
    pub(crate) fn set_faults(&self, name: &str, faults: &[Fault]) {
        self.ends.lock().entry(name.to_owned()).or_default().faults = faults.to_vec();
    }

    /// How the process of this name reaches the others.
    pub(crate) fn of(self: &Arc<Self>, name: &str) -> Arc<dyn Peers> {
        Arc::new(Wire {
            wires: Arc::clone(self),
            name: name.to_owned(),
        })
    }

    fn suffer(&self, names: &[String; 2], fault: Fault) -> bool {
        let ends = self.ends.lock();
        names
            .iter()
            .any(|name| ends.get(name).is_some_and(|end| end.faults.contains(&fault)))
    }
}

/// The wires of one process.
#[derive(Debug)]
struct Wire {
    wires: Arc<Wires>,
    name: String,
}

#[async_trait]
impl Peers for Wire {
    async fn connect(&self, address: &str) -> Result<FollowerLink, PeerError> {
        let wires = &self.wires;
        let names = [self.name.clone(), address.to_owned()];
        delay(wires, &names, &wires.world).await;
        let engine = {
            let ends = wires.ends.lock();
            ends.get(address).and_then(|end| end.engine.clone())
        };
        let engine = engine.ok_or_else(|| PeerError("nobody answers there".to_owned()))?;
        wires
            .journal
            .line(format_args!("wires from {} to {address}", self.name));
        wires.journal.count("links between agents");
        let (near, near_far): (FollowerLink, _) = Link::pair();
        let (far, far_near): (HostLink, _) = Link::pair();
        let world = wires.world.child("wire");
        let there = carry(
            Arc::clone(wires),
            world.clone(),
            names.clone(),
            near_far.heard,
            far_near.out,
        );
        let back = carry(
            Arc::clone(wires),
            world.child("back"),
            names,
            far_near.heard,
            near_far.out,
        );
        wires.world.tasks.spawn("wire", there);
        wires.world.tasks.spawn("wire", back);
        engine.host(far);
        Ok(near)
    }
}

/// Carries messages one way, until either end has gone or the link breaks.
async fn carry<T: Send>(
    wires: Arc<Wires>,
    world: World,
    names: [String; 2],
    mut from: mpsc::Receiver<T>,
    to: mpsc::Sender<T>,
) {
    while let Some(message) = from.recv().await {
        delay(&wires, &names, &world).await;
        if wires.suffer(&names, Fault::PeerBroken) && world.chance.below(BREAKS_EVERY) == 0 {
            wires.journal.count("links broken");
            return;
        }
        if to.send(message).await.is_err() {
            return;
        }
    }
}

async fn delay(wires: &Wires, names: &[String; 2], world: &World) {
    let longest = if wires.suffer(names, Fault::PeerSlow) { 600 } else { 3 };
    let delay = world
        .chance
        .between(Duration::from_micros(50), Duration::from_millis(longest));
    world.clock.sleep(delay).await;
    while wires.suffer(names, Fault::PeerCut) {
        world.clock.sleep(STALL).await;
    }
}
