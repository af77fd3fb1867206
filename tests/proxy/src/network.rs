//! The network between the two sides as a whole: open, or cut for a time. A stalled network passes nothing and closes
//! nothing; a reset one breaks what is open and resets what comes; one that refuses breaks what is open and has no listener.

use std::pin::pin;
use std::time::Duration;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use world::{Clock, Instant};

/// Which way bytes go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// From the client to the server.
    Up,
    /// From the server to the client.
    Down,
    /// Both ways.
    #[default]
    Both,
}

impl Direction {
    /// Whether bytes that go this way are meant, or for both, some that go any way.
    pub(crate) fn covers(self, way: Direction) -> bool {
        self == Direction::Both || way == Direction::Both || self == way
    }
}

/// What a cut network does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum How {
    /// Nothing passes and nothing is closed. New connections are accepted and hang.
    Stall,
    /// Connections are reset, new ones as soon as they are accepted.
    Reset,
    /// Connections are reset, new ones refused.
    Refuse,
}

/// A cut of everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cut {
    /// What the network does.
    pub how: How,
    /// Which way; only a stall has one.
    #[serde(default)]
    pub direction: Direction,
    /// For how many milliseconds; until it is healed when nothing is said.
    #[serde(default)]
    pub for_ms: Option<u64>,
}

impl Cut {
    /// A cut until it is healed.
    pub fn new(how: How) -> Cut {
        let direction = Direction::Both;
        Cut {
            how,
            direction,
            for_ms: None,
        }
    }

    /// The same, which heals by itself.
    pub fn lasting(self, duration: Duration) -> Cut {
        let for_ms = Some(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX));
        Cut { for_ms, ..self }
    }

    /// The same one way only.
    pub fn one_way(self, direction: Direction) -> Cut {
        Cut { direction, ..self }
    }

    /// A reset or a refusal has no direction.
    pub(crate) fn check(&self) -> Result<(), &'static str> {
        if self.how != How::Stall && self.direction != Direction::Both {
            return Err("only a stall has a direction");
        }
        Ok(())
    }
}

#[derive(Debug, Default)]
struct State {
    cut: Option<Cut>,
    until: Option<Instant>,
    /// How often everything that was open was broken.
    breaks: u64,
    cuts: u64,
}

impl State {
    /// The cut that holds now.
    fn current(&mut self, clock: &Clock) -> Option<Cut> {
        if self.until.is_some_and(|until| clock.now() >= until) {
            (self.cut, self.until) = (None, None);
        }
        self.cut
    }
}

/// Shared by everything that passes bytes.
#[derive(Debug)]
pub(crate) struct Network {
    clock: Clock,
    /// Held for a few instructions at a time, never over an await.
    state: Mutex<State>,
    changed: Notify,
}

impl Network {
    pub(crate) fn new(clock: Clock) -> Network {
        let (state, changed) = (Mutex::default(), Notify::new());
        Network { clock, state, changed }
    }

    /// Cuts it; a cut that holds is replaced.
    pub(crate) fn cut(&self, cut: Cut) {
        {
            let mut state = self.state.lock();
            state.cut = Some(cut);
            state.until = cut
                .for_ms
                .and_then(|ms| self.clock.now().checked_add(Duration::from_millis(ms)));
            state.cuts += 1;
            if cut.how != How::Stall {
                state.breaks += 1;
            }
        }
        self.changed.notify_waiters();
    }

    /// Ends the cut that holds, if any.
    pub(crate) fn heal(&self) {
        {
            let mut state = self.state.lock();
            (state.cut, state.until) = (None, None);
        }
        self.changed.notify_waiters();
    }

    /// The cut that holds now.
    pub(crate) fn current(&self) -> Option<Cut> {
        self.state.lock().current(&self.clock)
    }

    /// How often it was cut.
    pub(crate) fn cuts(&self) -> u64 {
        self.state.lock().cuts
    }

    /// How often everything that was open was broken.
    pub(crate) fn breaks(&self) -> u64 {
        self.state.lock().breaks
    }

    /// Returns as soon as bytes may go this way; with both, as soon as connections may be closed, for a stalled network
    /// closes none.
    pub(crate) async fn pass(&self, way: Direction) {
        let stalled = |cut: Cut| cut.how == How::Stall && cut.direction.covers(way);
        self.until(|cut, _| !cut.is_some_and(stalled)).await;
    }

    /// Returns once everything was broken more often than `seen`.
    pub(crate) async fn broken(&self, seen: u64) {
        self.until(|_, breaks| breaks > seen).await;
    }

    /// Returns as soon as new connections are refused, or no longer are.
    pub(crate) async fn refusing(&self, refusing: bool) {
        self.until(|cut, _| cut.is_some_and(|cut| cut.how == How::Refuse) == refusing)
            .await;
    }

    /// Returns as soon as it holds of the cut and of how often everything was broken.
    async fn until(&self, holds: impl Fn(Option<Cut>, u64) -> bool) {
        loop {
            let mut changed = pin!(self.changed.notified());
            // Before the look at the state, so that no change after it is missed.
            changed.as_mut().enable();
            let heals_at = {
                let mut state = self.state.lock();
                let cut = state.current(&self.clock);
                if holds(cut, state.breaks) {
                    return;
                }
                state.until
            };
            match heals_at {
                None => changed.await,
                Some(at) => tokio::select! {
                    biased;
                    () = changed => {}
                    () = self.clock.sleep_until(at) => {}
                },
            }
        }
    }
}

#[cfg(test)]
mod tests;
