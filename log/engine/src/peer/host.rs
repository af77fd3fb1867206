//! The host's side of a link: takes in what a follower proposes, passes on what is folded, looks where it asks.

use std::sync::Arc;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt as _, StreamExt as _};
use ledger::{Position, Tip};
use tokio::sync::Semaphore;
use world::Instant;

use super::recent::{After, Recent};
use super::{HostLink, ToFollower, ToHost};
use crate::look;
use crate::shared::Shared;

/// Bytes of proposals that guests may have waiting here; whoever hands over more waits.
pub(crate) const GUEST_BYTES_MAX: usize = 8 << 20;

/// Serves one who follows, until the link breaks or the process stops.
pub(crate) async fn host(shared: Arc<Shared>, link: HostLink) {
    let _seat = Seat::take(&shared);
    let HostLink { out, mut heard } = link;
    let mut guest = Guest {
        shared: Arc::clone(&shared),
        tip: None,
        looking: FuturesUnordered::new(),
        looked: Vec::new(),
        said: shared.world.clock.now(),
        greet: false,
    };
    loop {
        let answer = tokio::select! {
            biased;
            () = shared.world.tasks.stopping() => return,
            message = heard.recv() => match message {
                Some(message) => {
                    guest.hear(message).await;
                    continue;
                }
                None => return,
            },
            answer = guest.next() => answer,
        };
        guest.said = shared.world.clock.now();
        // A follower that does not read is waited for; it reads the ledger when it has missed too much.
        tokio::select! {
            biased;
            () = shared.world.tasks.stopping() => return,
            sent = out.send(answer) => if sent.is_err() { return },
        }
    }
}

/// A place among those who follow: while it is held entries are kept for them.
struct Seat(Arc<Shared>);

impl Seat {
    fn take(shared: &Arc<Shared>) -> Seat {
        shared.recent.join(shared.view.progress().tip);
        Seat(Arc::clone(shared))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.recent.leave();
    }
}

/// One who follows.
struct Guest {
    shared: Arc<Shared>,
    /// What it has, once everything sent so far has arrived. None before it said so, and while it is behind.
    tip: Option<Tip>,
    /// Looks that it asked for.
    looking: FuturesUnordered<BoxFuture<'static, Option<(u64, Position)>>>,
    /// Those that ended, to be told once the entries up to them went.
    looked: Vec<(u64, Position)>,
    /// When something was last said to it.
    said: Instant,
    /// It has asked to follow, and nothing was said since.
    greet: bool,
}

impl Guest {
    /// What the follower said.
    async fn hear(&mut self, message: ToHost) {
        match message {
            ToHost::Follow { cluster, tip } if cluster == self.shared.ledger.cluster() => {
                (self.tip, self.greet) = (Some(tip), true);
            }
            // Both sides are told apart before; whoever gets here all the same is told nothing.
            ToHost::Follow { .. } => self.tip = None,
            ToHost::Propose(body) => take_in(Arc::clone(&self.shared), body).await,
            ToHost::Look(look) => {
                let shared = Arc::clone(&self.shared);
                // A failed look is not answered: the follower looks elsewhere when it has waited enough.
                let looked = async move { Some((look, look::look(&shared).await.ok()?.position)) };
                self.looking.push(looked.boxed());
            }
        }
    }

    /// Waits for the next thing to say.
    async fn next(&mut self) -> ToFollower {
        loop {
            if let Some(tip) = self.tip {
                match self.shared.recent.after(&tip) {
                    After::Entries(entries, last) => {
                        self.tip = Some(last);
                        return ToFollower::Entries(entries);
                    }
                    After::Unknown => {
                        self.tip = None;
                        return ToFollower::Behind;
                    }
                    After::Nothing => {}
                }
            }
            if let Some(looked) = self.look_to_tell() {
                return looked;
            }
            if std::mem::take(&mut self.greet) && self.is_well() {
                return ToFollower::Ping;
            }
            let ping_at = self.said + self.shared.config.peer_ping;
            tokio::select! {
                biased;
                () = grown(&self.shared.recent, self.tip.as_ref()) => {}
                Some(looked) = self.looking.next() => self.looked.extend(looked),
                () = self.shared.world.clock.sleep_until(ping_at) => {
                    // Said only while the ledger answers: a host that has lost it is of no use.
                    match self.is_well() {
                        true => return ToFollower::Ping,
                        false => self.said = self.shared.world.clock.now(),
                    }
                }
            }
        }
    }

    fn is_well(&self) -> bool {
        self.shared.trouble.lock().ledger.is_none()
    }

    /// A look whose entries went. A follower that is ahead of this process may be on a branch that was lost: its position
    /// says nothing.
    fn look_to_tell(&mut self) -> Option<ToFollower> {
        let tip = self.tip.filter(|tip| self.shared.recent.knows(tip))?;
        let place = self.looked.iter().position(|(_, position)| *position <= tip.position)?;
        let (look, _) = self.looked.remove(place);
        Some(ToFollower::Looked { look, tip })
    }
}

async fn take_in(shared: Arc<Shared>, body: Bytes) {
    let bytes = u32::try_from(body.len().min(GUEST_BYTES_MAX)).unwrap_or(u32::MAX);
    let Ok(body) = metadata::decode_body(body) else {
        tracing::warn!("a peer handed over what cannot be read");
        return;
    };
    // Not reading on is what holds back whoever hands over too much.
    let Ok(room) = Arc::clone(&shared.guest_room).acquire_many_owned(bytes).await else {
        return;
    };
    let bytes_max = shared.ledger.entry_bytes_max();
    shared.intake.lock().guests.take_in(body.proposals, bytes_max, room);
    shared.wake.notify_one();
}

async fn grown(recent: &Recent, tip: Option<&Tip>) {
    match tip {
        Some(tip) => recent.grown(tip).await,
        None => std::future::pending().await,
    }
}

/// Room for what guests hand over.
pub(crate) fn guest_room() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(GUEST_BYTES_MAX))
}
