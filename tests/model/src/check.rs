//! Exploring one model: what was found, and how long it took.

use std::fmt::{Debug, Write as _};
use std::hash::Hash;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use stateright::{Checker as _, Expectation, HasDiscoveries, Model};
use world::Clock;

/// A rule that broke.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Its name.
    pub rule: &'static str,
    /// Steps from the beginning to the state in which it is broken.
    pub steps: usize,
    /// The steps, one a line.
    pub trace: String,
}

/// Something that has to be reachable and was not.
pub type Missing = &'static str;

/// What came of an exploration.
#[derive(Clone, Debug)]
pub struct Checked {
    /// Different states.
    pub states: usize,
    /// Steps of the longest of the shortest ways to a state.
    pub depth: usize,
    /// How long it took.
    pub took: Duration,
    /// The first rule that broke.
    pub failure: Option<Failure>,
    /// What was not reached, though it has to be.
    pub missing: Vec<Missing>,
}

/// Lets the first violation count and no later one, so that the trace told is the one found first. The states are
/// walked breadth first: with one thread the first is a shortest.
#[derive(Debug, Default)]
pub(crate) struct First(AtomicBool);

impl First {
    /// False for the first that does not hold.
    pub(crate) fn holds(&self, holds: bool) -> bool {
        holds || self.0.swap(true, Ordering::Relaxed)
    }
}

/// Explores a model to its end, or up to the first rule that breaks.
pub(crate) fn explore<M>(model: M, threads: NonZeroUsize) -> Checked
where
    M: Model + Send + Sync + 'static,
    M::State: Clone + Debug + Hash + PartialEq + Send + Sync + 'static,
    M::Action: Clone + Debug + PartialEq + Send + Sync,
{
    let clock = Clock::real();
    let began = clock.now();
    let checker = model
        .checker()
        .threads(threads.get())
        .finish_when(HasDiscoveries::AnyFailures)
        .spawn_bfs()
        .join();
    let took = began.elapsed();
    let discoveries = checker.discoveries();
    let of = |expectation: Expectation| {
        let properties = checker.model().properties().into_iter();
        properties
            .filter(move |property| property.expectation == expectation)
            .map(|property| property.name)
    };
    let failure = of(Expectation::Always).find_map(|rule| {
        let path = discoveries.get(rule)?.clone();
        let actions = path.into_actions();
        let mut trace = String::new();
        for (at, action) in (1..).zip(&actions) {
            // Writing to a string does not fail.
            let _ = writeln!(trace, "{at:>4}  {action:?}");
        }
        Some(Failure {
            rule,
            steps: actions.len(),
            trace,
        })
    });
    let missing = of(Expectation::Sometimes)
        .filter(|name| !discoveries.contains_key(name))
        .collect();
    Checked {
        states: checker.unique_state_count(),
        depth: checker.max_depth().saturating_sub(1),
        took,
        failure,
        missing,
    }
}
