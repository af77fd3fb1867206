//! A second fold of the same entries, which goes through a snapshot every few of them. What it decides must be what the
//! first one decides: a snapshot that leaves something out would show here, though its hash would not know.

use metadata::{EntryRef, Outcome, State};

use crate::journal::Journal;

/// Entries between two snapshots.
const EVERY: u64 = 48;

/// The second fold.
#[derive(Debug)]
pub(super) struct Shadow(State);

impl Shadow {
    pub(super) fn new(state: State) -> Shadow {
        Shadow(state)
    }

    /// Folds an entry, of which the first fold decided this.
    pub(super) fn fold(&mut self, journal: &Journal, entry: EntryRef<'_>, decided: &[Outcome]) {
        let position = entry.position;
        let outcomes = self.0.apply(entry);
        let same = outcomes.as_ref().is_ok_and(|outcomes| outcomes == decided);
        journal.check("a fold from a snapshot decides the same", same, || {
            format!("entry {position}: {decided:?} and {outcomes:?}")
        });
        if position.is_multiple_of(EVERY) {
            let bytes = metadata::snapshot::encode(&self.0).to_bytes();
            let read = metadata::snapshot::decode(bytes);
            journal.check("a snapshot can be read", read.is_ok(), || {
                format!("at {position}: {read:?}")
            });
            if let Ok((state, _)) = read {
                self.0 = state;
            }
        }
    }
}
