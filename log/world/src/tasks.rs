//! Tasks that are accounted for: they can be asked to stop and waited for, and, in simulation, killed or paused.
//!
//! A kill drops the futures of a whole tree at their next poll, which is what `kill -9` does to a process as far as
//! anything outside it can see: every durable effect passes an await. A pause stops polling them while timers go on,
//! which is what SIGSTOP does.

use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures::FutureExt as _;
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

/// A tree of tasks. Cheap to clone; clones are the same tree.
#[derive(Clone)]
pub struct Tasks {
    tree: Arc<Tree>,
}

struct Tree {
    tracker: TaskTracker,
    stop: CancellationToken,
    gate: Arc<Gate>,
    /// Blocking work runs where it is called: threads would make a simulation depend on the machine.
    inline: bool,
}

impl fmt::Debug for Tasks {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Tasks")
            .field("running", &self.tree.tracker.len())
            .field("stopping", &self.tree.stop.is_cancelled())
            .finish_non_exhaustive()
    }
}

impl Tasks {
    /// Tasks whose blocking work runs on threads.
    pub fn threaded() -> Tasks {
        Tasks::new(false, CancellationToken::new(), Arc::new(Gate::default()))
    }

    /// Tasks whose blocking work runs inline.
    pub fn inline() -> Tasks {
        Tasks::new(true, CancellationToken::new(), Arc::new(Gate::default()))
    }

    fn new(inline: bool, stop: CancellationToken, gate: Arc<Gate>) -> Tasks {
        Tasks {
            tree: Arc::new(Tree {
                tracker: TaskTracker::new(),
                stop,
                gate,
                inline,
            }),
        }
    }

    /// A tree of its own, which is asked to stop when this one is, and can be killed or paused alone.
    pub fn child(&self) -> Tasks {
        Tasks::new(
            self.tree.inline,
            self.tree.stop.child_token(),
            Arc::new(Gate::default()),
        )
    }

    /// Runs the future as a task of this tree. The name stands in its log lines.
    ///
    /// A task that panics ends the process, but in simulation: what it was there for is done by nobody else, and a process
    /// without it would look alive. Whoever starts it anew loses nothing.
    pub fn spawn<F>(&self, name: &'static str, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let gated = Gated::new(&self.tree.gate, future);
        let span = tracing::debug_span!("task", name);
        if self.tree.inline {
            self.tree.tracker.spawn(gated.instrument(span));
            return;
        }
        let caught = AssertUnwindSafe(gated).catch_unwind();
        let or_none = async move {
            if caught.await.is_err() {
                // The panic has been told by its hook.
                tracing::error!(task = name, "a task panicked, which ends the process");
                std::process::abort();
            }
        };
        self.tree.tracker.spawn(or_none.instrument(span));
    }

    /// Runs work that blocks or computes for long, away from the tasks; inline in simulation.
    #[expect(clippy::disallowed_methods, reason = "this is the door")]
    pub async fn blocking<T, F>(&self, work: F) -> T
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        if self.tree.inline {
            return work();
        }
        match tokio::task::spawn_blocking(work).await {
            Ok(done) => done,
            Err(failed) if failed.is_panic() => std::panic::resume_unwind(failed.into_panic()),
            // The runtime is being dropped, and this future with it.
            Err(_) => std::future::pending().await,
        }
    }

    /// Whether the tree was asked to stop.
    pub fn is_stopping(&self) -> bool {
        self.tree.stop.is_cancelled()
    }

    /// Resolves when the tree was asked to stop.
    pub fn stopping(&self) -> impl Future<Output = ()> + Send + 'static {
        self.tree.stop.clone().cancelled_owned()
    }

    /// Asks the tasks to stop: to take nothing new, finish what they have, and end.
    pub fn stop(&self) {
        self.tree.stop.cancel();
    }

    /// Asks the tasks to stop and waits for them at most this long. True when all have ended.
    pub async fn drain(&self, patience: Duration) -> bool {
        self.stop();
        self.tree.tracker.close();
        #[expect(clippy::disallowed_methods, reason = "this is the door")]
        let waited = tokio::time::timeout(patience, self.tree.tracker.wait()).await;
        waited.is_ok()
    }

    /// Drops every task of this tree at once, without a word to anybody.
    pub fn kill(&self) {
        self.tree.gate.set(Flow::Killed);
    }

    /// Stops polling the tasks of this tree; time goes on.
    pub fn pause(&self) {
        self.tree.gate.set(Flow::Paused);
    }

    /// Polls them again.
    pub fn resume(&self) {
        self.tree.gate.set(Flow::Running);
    }

    /// Runs a future under the same gate as the tasks, where it is awaited: `None` when the tree was killed.
    pub async fn gated<F>(&self, future: F) -> Option<F::Output>
    where
        F: Future + Send,
        F::Output: Send,
    {
        let mut output = None;
        let fill = async {
            output = Some(future.await);
        };
        Gated::new(&self.tree.gate, fill).await;
        output
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Flow {
    #[default]
    Running,
    Paused,
    Killed,
}

/// Whether tasks are polled, and who wants to know when that changes.
#[derive(Debug, Default)]
struct Gate {
    state: Mutex<(Flow, Waiting)>,
}

/// Wakers in the order in which they came, so that a simulation wakes them in the same order each time.
#[derive(Debug, Default)]
struct Waiting {
    next: u64,
    wakers: std::collections::BTreeMap<u64, Waker>,
}

impl Gate {
    fn set(&self, flow: Flow) {
        let wakers = {
            let mut state = self.state.lock();
            if state.0 == Flow::Killed {
                return;
            }
            state.0 = flow;
            std::mem::take(&mut state.1.wakers)
        };
        for waker in wakers.into_values() {
            waker.wake();
        }
    }
}

/// A future behind a gate, and its place among those who wait there.
struct Gated<'a> {
    future: Option<Pin<Box<dyn Future<Output = ()> + Send + 'a>>>,
    gate: Arc<Gate>,
    ticket: Option<u64>,
}

impl<'a> Gated<'a> {
    fn new(gate: &Arc<Gate>, future: impl Future<Output = ()> + Send + 'a) -> Gated<'a> {
        Gated {
            future: Some(Box::pin(future)),
            gate: Arc::clone(gate),
            ticket: None,
        }
    }

    fn flow(&mut self, waker: &Waker) -> Flow {
        let mut state = self.gate.state.lock();
        let waiting = &mut state.1;
        let ticket = *self.ticket.get_or_insert_with(|| {
            waiting.next += 1;
            waiting.next
        });
        match waiting.wakers.get_mut(&ticket) {
            Some(known) => known.clone_from(waker),
            None => drop(waiting.wakers.insert(ticket, waker.clone())),
        }
        state.0
    }
}

impl Future for Gated<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        match (this.flow(context.waker()), this.future.as_mut()) {
            (Flow::Paused, _) => Poll::Pending,
            (Flow::Running, Some(future)) => future.as_mut().poll(context),
            (Flow::Killed, _) | (_, None) => {
                this.future = None;
                Poll::Ready(())
            }
        }
    }
}

impl Drop for Gated<'_> {
    fn drop(&mut self) {
        // What the future holds goes before its place, as it would when a process dies.
        self.future = None;
        if let Some(ticket) = self.ticket {
            self.gate.state.lock().1.wakers.remove(&ticket);
        }
    }
}

#[cfg(test)]
mod tests;
