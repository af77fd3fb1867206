//! Folding one entry, and telling those whom it concerns.

use std::sync::Arc;

use ledger::{Entry, EntryKind};
use metadata::{Applied, EntryRef, Event, Fate, Outcome, PartitionId, Rejection, Verdict};

use super::Tail;
use crate::intake::{Door, held};
use crate::view::bodies::has_inline;
use crate::{AppendError, Seen};

impl Tail {
    /// Applies the entry after the tip. False when it cannot be applied: the process stays where it is, says so, and
    /// serves what it has until it is stale.
    pub(super) fn fold(&mut self, entry: &Entry) -> bool {
        let (tip, was_halted) = (entry.tip(), self.shared.view.read(metadata::State::halted));
        let (outcomes, only_beats) = match self.apply(entry) {
            Ok(applied) => applied,
            Err(what) => {
                self.failures = self.failures.saturating_add(1);
                self.refused = true;
                let text = format!("ledger entry {} cannot be folded: {what}", tip.position);
                tracing::error!(error = %text, "stuck");
                self.shared.ledger_trouble(Some(text));
                return false;
            }
        };
        self.refusal = outcomes.iter().find_map(refusal);
        self.tip = tip;
        self.nothings = 0;
        self.shared.recent.push(entry);
        self.shared.view.set_progress(|progress| progress.tip = tip);
        self.shared.view.wake(touched(&outcomes));
        self.settle(
            outcomes,
            Seen {
                era: tip.era,
                position: tip.position,
            },
        );
        self.mind_halt(was_halted);
        if only_beats {
            self.beat_together();
        }
        true
    }

    /// Signs of life were put together: those that came too late for it follow at once where one puts the entries of all, so
    /// that next time there is one entry for all of them. Where each puts its own they would only race.
    fn beat_together(&self) {
        let now = self.shared.world.clock.now();
        let linked = self.shared.follows.lock().is_some() || self.shared.recent.followers() > 0;
        let mut intake = self.shared.intake.lock();
        intake.beat_together(now);
        if linked {
            intake.beat(now, self.beat_interval() / 2);
        }
    }

    /// A register of this process was put and folded. If it was refused the process lives later, or never.
    pub(super) fn mind_refusal(&mut self) {
        let (why, now) = (self.refusal.take(), self.shared.world.clock.now());
        let told = why.as_ref().map_or_else(|| "too late".to_owned(), ToString::to_string);
        if self.shared.intake.lock().lives.refused(why, now) {
            tracing::error!(why = told, "this process may not live in the log yet; it asks again");
        }
    }

    /// The outcomes, and whether the entry had nothing but beats.
    fn apply(&self, entry: &Entry) -> Result<(Vec<Outcome>, bool), String> {
        let applied = |event: Event<'_>| {
            let entry = EntryRef {
                position: entry.position,
                era: entry.era,
                hash: entry.hash.0,
                event,
            };
            self.shared
                .view
                .write(|state| state.apply(entry))
                .map_err(|error| error.to_string())
        };
        match &entry.kind {
            EntryKind::Proposals(bytes) => {
                let body = metadata::decode_body(bytes.clone()).map_err(|error| error.to_string())?;
                let outcomes = applied(Event::Proposals(&body))?;
                let only_beats = held::only_beats(&body.proposals);
                if has_inline(&body) {
                    self.shared
                        .view
                        .bodies
                        .keep(entry.position, Arc::new(body), bytes.len());
                }
                Ok((outcomes, only_beats))
            }
            EntryKind::Void => Ok((applied(Event::Void)?, false)),
            EntryKind::Halt { .. } => Ok((applied(Event::Halt)?, false)),
            EntryKind::NewEra => Ok((applied(Event::NewEra)?, false)),
        }
    }

    /// Answers who waits, begins lives that were registered and buries those that were retired.
    fn settle(&self, outcomes: Vec<Outcome>, seen: Seen) {
        let now = self.shared.world.clock.now();
        let mut intake = self.shared.intake.lock();
        for outcome in outcomes {
            intake.settle(outcome, seen, now);
        }
        let over = self.shared.view.read(|state| intake.lives.learn(state, now));
        for role in over {
            if intake.lives.is_led(role) {
                tracing::warn!(?role, "this process was retired; it begins another life");
            }
            // The retirement was folded here, after everything that came before it: what is not taken by now will
            // never be.
            intake.bury(role, &AppendError::Retired);
        }
        drop(intake);
        self.shared.object_wake.notify_one();
    }

    fn mind_halt(&self, was_halted: bool) {
        match (was_halted, self.shared.view.read(metadata::State::halted)) {
            (false, true) => {
                tracing::error!("the ledger is halted; writes stop until an operator accepts the loss");
                self.shut(Door::Halted, &AppendError::Halted);
            }
            (true, false) => self.open_door(),
            _ => {}
        }
    }
}

/// Why a register was refused. Nothing else is proposed by nobody.
fn refusal(outcome: &Outcome) -> Option<Rejection> {
    match (&outcome.incarnation, &outcome.fate) {
        (None, Fate::Taken(verdicts)) => verdicts.iter().find_map(|verdict| match verdict {
            Verdict::Rejected(why) => Some(why.clone()),
            Verdict::Applied(_) => None,
        }),
        _ => None,
    }
}

/// The partitions to which something happened that a fetch may wait for.
fn touched(outcomes: &[Outcome]) -> impl Iterator<Item = PartitionId> {
    let verdicts = outcomes.iter().filter_map(|outcome| match &outcome.fate {
        Fate::Taken(verdicts) => Some(verdicts),
        Fate::Dropped | Fate::Void => None,
    });
    let acks = verdicts.flatten().filter_map(|verdict| match verdict {
        Verdict::Applied(Applied::Append(acks)) => Some(acks),
        _ => None,
    });
    acks.flatten().filter(|ack| !ack.duplicate).map(|ack| ack.partition)
}
