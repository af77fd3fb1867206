//! What all connections of a proxy share.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::net::TcpStream;
use world::World;

use crate::counts::{Counts, Totals, count};
use crate::judge::Judge;
use crate::network::{Direction, Network};
use crate::script::Script;
use crate::side::Side;
use crate::{Error, Latency, Mode};

/// One proxy.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) world: World,
    pub(crate) mode: Mode,
    pub(crate) upstream: SocketAddr,
    pub(crate) network: Network,
    pub(crate) totals: Totals,
    /// What the caller said, before what a script says.
    pub(crate) seed: Option<u64>,
    pub(crate) latency: Option<Latency>,
    /// The script that is followed now. Held to clone or replace it.
    pub(crate) judge: Mutex<Arc<Judge>>,
}

impl Shared {
    /// Waits, if there is anything to wait for: a timer's least step is a millisecond.
    pub(crate) async fn wait(&self, duration: Duration) {
        if !duration.is_zero() {
            self.world.clock.sleep(duration).await;
        }
    }

    /// The script that is followed now.
    pub(crate) fn judge(&self) -> Arc<Judge> {
        Arc::clone(&self.judge.lock())
    }

    /// Connects to the server as soon as the network lets it.
    pub(crate) async fn connect(self: &Arc<Shared>, broken: &Arc<AtomicBool>) -> io::Result<Side> {
        self.network.pass(Direction::Up).await;
        match TcpStream::connect(self.upstream).await {
            Ok(stream) => Ok(Side::new(stream, self, Direction::Up, broken)),
            Err(refused) => {
                count(&self.totals.upstream_refused);
                Err(refused)
            }
        }
    }

    /// What happened so far.
    pub(crate) fn counts(&self) -> Counts {
        let judge = self.judge();
        self.totals.counts(judge.seed, &self.network, judge.counts())
    }

    /// Follows another script from now on, and says what happened until now.
    pub(crate) fn replace(self: &Arc<Shared>, script: Script) -> Result<Counts, Error> {
        let judge = self.begin(script)?;
        let counts = {
            let mut current = self.judge.lock();
            let before = std::mem::replace(&mut *current, Arc::clone(&judge));
            self.totals.counts(before.seed, &self.network, before.counts())
        };
        self.schedule(&judge);
        Ok(counts)
    }

    /// Begins a script without following it yet.
    fn begin(&self, script: Script) -> Result<Arc<Judge>, Error> {
        // A seed that was drawn is kept: it was told.
        let seed = self.seed.or(script.seed).unwrap_or_else(|| self.judge().seed);
        let now = self.world.clock.now();
        Ok(Arc::new(Judge::begin(script, self.mode, seed, self.latency, now)?))
    }

    /// Cuts the network when the script says so, as long as the script is followed.
    pub(crate) fn schedule(self: &Arc<Shared>, judge: &Arc<Judge>) {
        for scheduled in judge.cuts.clone() {
            let (shared, judge) = (Arc::clone(self), Arc::clone(judge));
            let stopping = self.world.tasks.stopping();
            self.world.tasks.spawn("cut", async move {
                let at = judge.began + Duration::from_millis(scheduled.at_ms);
                tokio::select! {
                    biased;
                    () = stopping => return,
                    () = shared.world.clock.sleep_until(at) => {}
                }
                if Arc::ptr_eq(&judge, &shared.judge()) {
                    shared.network.cut(scheduled.cut());
                }
            });
        }
    }
}
