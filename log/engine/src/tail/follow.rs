//! Following another agent: what this process proposes is handed to the one that puts the entries for all, and entries come
//! from it instead of from the ledger.
//!
//! It is a hint and nothing rests on it. Whoever is followed was found in the fold by rendezvous, and an entry that it
//! passes on is folded only if it carries the hash of the one folded before. One that is silent, or of whom nothing
//! comes, is suspect for a while: the next in the ranking is followed, or this process puts its own entries, after a read.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use ledger::{Passed, Tip};
use metadata::{Incarnation, Life, Role};
use world::Instant;

use super::Tail;
use crate::intake::held;
use crate::peer::{FollowerLink, PeerError, ToFollower, ToHost};
use crate::shared::Look;

/// Who is followed, and who is not for a while.
#[derive(Debug, Default)]
pub(super) struct Route {
    link: Option<Followed>,
    /// Those that failed since something last came of them.
    suspects: BTreeMap<Incarnation, Suspect>,
    /// Lives by rank with their addresses, as of this count of changes.
    ranked: Vec<(Incarnation, Arc<str>)>,
    ranked_at: Option<u64>,
    /// Nobody comes before this process.
    first: bool,
    next_look: u64,
}

/// One that failed.
#[derive(Clone, Copy, Debug)]
struct Suspect {
    /// How often in a row.
    strikes: u32,
    /// It is left alone until then.
    until: Instant,
}

/// One that fails again is left alone for twice as long, up to so many times.
const STRIKES_MAX: u32 = 5;

/// An agent that is followed.
#[derive(Debug)]
struct Followed {
    life: Incarnation,
    link: FollowerLink,
    /// When it last said something.
    heard: Instant,
    /// When this process last listened, and since when without a long sleep: who slept has heard nothing.
    ran: Instant,
    awake_since: Instant,
    /// Looks that were asked for: their number, when, and who waits.
    looks: VecDeque<(u64, Instant, Vec<Look>)>,
    /// It has to be told from where to go on.
    lost_thread: bool,
}

/// What ended a wait.
enum Step {
    Heard(Option<ToFollower>),
    Woken,
    Due,
}

impl Tail {
    /// Whom this process should follow; none when it puts its own entries.
    pub(super) fn host_wanted(&mut self) -> Option<(Incarnation, Arc<str>)> {
        let shared = Arc::clone(&self.shared);
        shared.config.peers.as_ref()?;
        let (own, is_bound) = {
            let intake = shared.intake.lock();
            // A life begins by its own entry, and what guests handed over is put here and not handed on.
            let is_bound = intake.lives.is_registering() || !intake.guests.is_empty();
            (intake.lives.incarnation(Role::Agent), is_bound)
        };
        let now = shared.world.clock.now();
        self.route.rank(&shared);
        let suspects = &self.route.suspects;
        let left_alone = |life: &Incarnation| suspects.get(life).is_some_and(|suspect| suspect.until > now);
        let first = self.route.ranked.iter().find(|(life, _)| !left_alone(life));
        let host = first.filter(|(life, _)| Some(*life) != own).cloned();
        self.route.first = host.is_none();
        host.filter(|_| !is_bound)
    }

    /// Follows nobody but this one.
    pub(super) fn leave_others(&mut self, wanted: Option<&Incarnation>) {
        let followed = self.route.link.as_ref().map(|followed| followed.life);
        if followed.is_some() && followed.as_ref() != wanted && self.shared.intake.lock().guests.is_empty() {
            self.unlink();
        }
    }

    /// One step of following: hands over what waits, asks for a look, and takes what comes.
    pub(super) async fn follow(&mut self, (life, address): (Incarnation, Arc<str>)) {
        if self.route.link.is_none() && !self.link(life, &address).await {
            return;
        }
        let now = self.shared.world.clock.now();
        if let Some(followed) = &mut self.route.link {
            if now.saturating_duration_since(followed.ran) > self.shared.config.peer_silence_max * 3 / 4 {
                (followed.heard, followed.awake_since) = (now, now);
            }
            followed.ran = now;
        }
        if !self.say_all(now) || self.is_overdue(now) {
            return self.suspect();
        }
        match self.wait_on_link().await {
            Step::Heard(Some(message)) => self.hear(message),
            Step::Heard(None) => self.suspect(),
            Step::Due => {
                let beats = self.beat_interval();
                let now = self.shared.world.clock.now();
                self.shared.intake.lock().beat(now, beats);
            }
            Step::Woken => {}
        }
    }

    /// Opens the link.
    async fn link(&mut self, life: Incarnation, address: &str) -> bool {
        let shared = Arc::clone(&self.shared);
        let Some(peers) = &shared.config.peers else {
            return false;
        };
        let (cluster, tip) = (shared.ledger.cluster(), self.tip);
        // It counts as there once it has said something: one that stands still takes links, too.
        let greeted = async {
            let mut link = peers.connect(address).await?;
            let follow = ToHost::Follow { cluster, tip };
            let silent = || PeerError("it takes links and says nothing".to_owned());
            link.out.send(follow).await.map_err(|_| silent())?;
            let first = link.heard.recv().await.ok_or_else(silent)?;
            Ok((link, first))
        };
        let linked = shared
            .world
            .clock
            .timeout(shared.config.peer_connect_max, greeted)
            .await;
        let error = match linked {
            Ok(Ok((link, first))) => {
                let now = shared.world.clock.now();
                metrics::counter!("tidelog_peer_links_total").increment(1);
                tracing::info!(%life, address, "follows another agent");
                *shared.follows.lock() = Some(life);
                self.route.link = Some(Followed {
                    life,
                    link,
                    heard: now,
                    ran: now,
                    awake_since: now,
                    looks: VecDeque::new(),
                    lost_thread: false,
                });
                self.hear(first);
                return true;
            }
            Ok(Err(PeerError(error))) => error,
            Err(elapsed) => elapsed.to_string(),
        };
        tracing::warn!(%life, address, error, "cannot follow another agent");
        self.mark_suspect(life);
        // From here on this process may have to put its own entries: it reads first.
        self.stale = true;
        false
    }

    /// Says all there is to say. False when the link does not take it.
    fn say_all(&mut self, now: Instant) -> bool {
        let (tip, cluster) = (self.tip, self.shared.ledger.cluster());
        let Some(followed) = &mut self.route.link else {
            return false;
        };
        if std::mem::take(&mut followed.lost_thread) && !followed.say(ToHost::Follow { cluster, tip }) {
            return false;
        }
        while self.may_write() {
            let bytes_max = self.shared.ledger.entry_bytes_max();
            let Some(body) = self.shared.intake.lock().hand_over(bytes_max, now) else {
                break;
            };
            metrics::counter!("tidelog_proposals_handed_over_total").increment(1);
            if !self.say(ToHost::Propose(body)) {
                return false;
            }
        }
        // What was abandoned may have made room for others.
        self.shared.object_wake.notify_one();
        if self.look_due().is_some_and(|due| due <= now) {
            let looks = std::mem::take(&mut *self.shared.looks.lock());
            let look = self.route.next_look;
            self.route.next_look += 1;
            if let Some(followed) = &mut self.route.link {
                followed.looks.push_back((look, now, looks));
            }
            return self.say(ToHost::Look(look));
        }
        true
    }

    fn say(&self, message: ToHost) -> bool {
        let link = self.route.link.as_ref();
        link.is_some_and(|followed| followed.say(message))
    }

    /// Whether the one who is followed was silent, or nothing came of what it was asked, for too long.
    fn is_overdue(&self, now: Instant) -> bool {
        self.overdue_at().is_some_and(|at| at <= now)
    }

    fn overdue_at(&self) -> Option<Instant> {
        let config = &self.shared.config;
        let followed = self.route.link.as_ref()?;
        let asked = followed.looks.front().map(|(_, began, _)| *began);
        let handed = self.shared.intake.lock().handed_since();
        let answer = [asked, handed.others].into_iter().flatten().min();
        let by = |since: Instant| since.max(followed.awake_since) + config.peer_deadline;
        // The other one may beat less often than this process does, and so hold beats for longer.
        let held = handed
            .beats
            .map(|since| by(since) + held::hold(self.beat_interval_max()));
        let silence = followed.heard + config.peer_silence_max;
        [answer.map(by), held, Some(silence)].into_iter().flatten().min()
    }

    async fn wait_on_link(&mut self) -> Step {
        let beats = self.beat_interval();
        let overdue = self.overdue_at();
        let wake_at = self.wake_at(beats);
        let shared = Arc::clone(&self.shared);
        let Some(followed) = &mut self.route.link else {
            return Step::Woken;
        };
        // Often enough to tell a long sleep from a host that says nothing; one that is there wakes it sooner.
        let listened = followed.ran + shared.config.peer_silence_max / 2;
        let wake_at = overdue.map_or(wake_at, |overdue| overdue.min(wake_at)).min(listened);
        tokio::select! {
            biased;
            () = shared.world.tasks.stopping() => Step::Woken,
            message = followed.link.heard.recv() => Step::Heard(message),
            () = shared.wake.notified() => Step::Woken,
            () = shared.world.clock.sleep_until(wake_at) => Step::Due,
        }
    }

    fn hear(&mut self, message: ToFollower) {
        let now = self.shared.world.clock.now();
        if let Some(followed) = &mut self.route.link {
            followed.heard = now;
        }
        match message {
            ToFollower::Entries(entries) => {
                for stored in &entries {
                    match ledger::follow(&self.tip, stored) {
                        Passed::Known => {}
                        Passed::Next(entry) if self.fold(&entry) => self.came_of_it(),
                        Passed::Next(_) | Passed::Unfit => {
                            self.lose_thread();
                            break;
                        }
                    }
                }
            }
            ToFollower::Looked { look, tip } => self.looked(look, tip),
            ToFollower::Behind => self.lose_thread(),
            ToFollower::Ping => {}
        }
    }

    /// Something came of following.
    fn came_of_it(&mut self) {
        self.went_well();
        if let Some(followed) = &self.route.link {
            self.route.suspects.remove(&followed.life);
        }
    }

    /// What comes next from the one who is followed does not follow the tip: the ledger is read, and it is told where to
    /// go on.
    fn lose_thread(&mut self) {
        self.stale = true;
        self.rethread();
    }

    /// The tip is another than the one who is followed knows.
    pub(super) fn rethread(&mut self) {
        // The state may be another, with a count of its own.
        self.route.ranked_at = None;
        if let Some(followed) = &mut self.route.link {
            followed.lost_thread = true;
        }
    }

    /// A read that the other one began after it was asked is in what it passed on up to this tip.
    fn looked(&mut self, look: u64, tip: Tip) {
        let Some(followed) = &mut self.route.link else { return };
        let Some(place) = followed.looks.iter().position(|(number, ..)| *number == look) else {
            return;
        };
        let Some((_, began, waiting)) = followed.looks.remove(place) else {
            return;
        };
        if (self.tip.position, self.tip.hash) == (tip.position, tip.hash) {
            self.came_of_it();
            self.reached(began, waiting);
        } else {
            self.shared.looks.lock().splice(0..0, waiting);
            self.lose_thread();
        }
    }

    /// The one who is followed is of no use, for now.
    fn suspect(&mut self) {
        if let Some(followed) = &self.route.link {
            let life = followed.life;
            tracing::warn!(%life, "follows another agent no more: it does not answer");
            metrics::counter!("tidelog_peer_suspected_total").increment(1);
            self.mark_suspect(life);
        }
        self.unlink();
    }

    fn mark_suspect(&mut self, life: Incarnation) {
        let now = self.shared.world.clock.now();
        let strikes = self.route.suspects.get(&life).map_or(0, |suspect| suspect.strikes) + 1;
        let wait = self.shared.config.peer_suspect_for * (1 << (strikes - 1).min(STRIKES_MAX));
        let until = now + wait;
        self.route.suspects.insert(life, Suspect { strikes, until });
    }

    /// Follows nobody: what was handed over is put here, or handed to the next, after a read.
    pub(super) fn unlink(&mut self) {
        let Some(followed) = self.route.link.take() else { return };
        *self.shared.follows.lock() = None;
        self.shared.intake.lock().take_back();
        let waiting = followed.looks.into_iter().flat_map(|(_, _, looks)| looks);
        self.shared.looks.lock().splice(0..0, waiting);
        self.stale = true;
    }
}

impl Followed {
    /// False when the link has broken or is stuck.
    fn say(&self, message: ToHost) -> bool {
        self.link.out.try_send(message).is_ok()
    }
}

impl Route {
    /// Whether nobody comes before this process, as was found last.
    pub(super) fn is_first(&self) -> bool {
        self.first
    }

    /// Ranks the live ones anew when there are others.
    fn rank(&mut self, shared: &crate::shared::Shared) {
        shared.view.read(|state| {
            if self.ranked_at == Some(state.lives_changes()) {
                return;
            }
            self.ranked_at = Some(state.lives_changes());
            self.suspects.retain(|life, _| state.incarnation(life).is_some());
            let ranked = state.sequencers().into_iter();
            self.ranked = ranked
                .map(|life: &Life| (life.incarnation(), Arc::from(life.peer_address())))
                .collect();
        });
    }
}
