//! Folds the ledger anew: from genesis where its entries still exist, and from the base's snapshot; both must meet.

use anyhow::Result;
use indicatif::ProgressBar;
use ledger::{Envelope, Hash, LedgerError, RawEntry};
use metadata::{EntryRef, Event, State};

use super::chain::{self, Link, Meaning};
use super::finding::{Finding, Kind, Report};
use super::{Log, snapshots};
use crate::out::Talk;

/// Bytes of entries that are read at once.
const READ_BYTES: usize = 4 << 20;

/// Where folding came to.
#[derive(Debug)]
pub(super) struct Folded {
    /// The state at the end; none when nothing could be folded.
    pub(super) state: Option<State>,
    /// Whether every entry was folded.
    pub(super) complete: bool,
}

/// The fold under way.
struct Walk<'a> {
    log: &'a Log,
    report: &'a mut Report,
    /// The state after the last entry, once there is one.
    state: Option<State>,
    /// The base's snapshot, until its position is reached.
    snapshot: Option<State>,
    /// The last entry.
    link: Link,
    /// The next position.
    next: u64,
}

/// Why a walk ends before the ledger does.
struct Stop;

/// Folds all there is.
pub(super) async fn fold(log: &Log, report: &mut Report, talk: Talk) -> Result<Folded> {
    let snapshot = snapshots::of_base(log, report).await?;
    let from_genesis = !log.backend.read(0, 0).await?.entries.is_empty();
    let start = if from_genesis { 0 } else { log.base.position };
    let mut walk = Walk {
        log,
        report,
        state: None,
        snapshot,
        link: Link {
            era: log.base.era,
            hash: log.base.hash,
        },
        next: start,
    };
    let bar = talk.spinner("{spinner} folding: {pos} entries");
    let complete = walk.run(&bar).await?;
    bar.finish_and_clear();
    let complete = complete && walk.reached_base();
    Ok(Folded {
        complete: complete && walk.state.is_some(),
        state: walk.state,
    })
}

impl Walk<'_> {
    /// Entry after entry; false when it had to stop.
    async fn run(&mut self, bar: &ProgressBar) -> Result<bool> {
        let start = self.next;
        loop {
            let read = match self.log.backend.read(self.next, READ_BYTES).await {
                Ok(read) => read,
                Err(error @ LedgerError::Corrupt { .. }) => {
                    self.report
                        .add(Finding::entry(Kind::DamagedEntry, self.next, error.to_string()));
                    return Ok(false);
                }
                Err(error) => return Err(error.into()),
            };
            if read.entries.is_empty() {
                return Ok(true);
            }
            for entry in &read.entries {
                self.report.checked.entries += 1;
                bar.inc(1);
                if self.entry(entry, entry.position == start).is_err() {
                    return Ok(false);
                }
            }
        }
    }

    /// Whether the walk came as far as the base, whose entry always stays.
    fn reached_base(&mut self) -> bool {
        let reached = self.next > self.log.base.position;
        if !reached {
            let what = format!("the base is at {}, the entry is not there", self.log.base.position);
            self.report.add(Finding::entry(Kind::MissingEntry, self.next, what));
        }
        reached
    }

    fn entry(&mut self, raw: &RawEntry, is_first: bool) -> Result<(), Stop> {
        let position = raw.position;
        let hash = Hash::of(&raw.bytes);
        if position == self.log.base.position && hash != self.log.base.hash {
            let what = "the base names another entry of this position";
            self.report.add(Finding::entry(Kind::BrokenChain, position, what));
            return Err(Stop);
        }
        let envelope = match Envelope::open(position, &raw.bytes) {
            Ok(envelope) => envelope,
            Err(error) => return Err(self.damaged(position, &error.to_string())),
        };
        if is_first {
            self.begin(&envelope, hash);
        } else {
            self.follow(&envelope, hash)?;
        }
        self.next = position + 1;
        self.meet_snapshot(position, self.link.hash);
        Ok(())
    }

    fn damaged(&mut self, position: u64, what: &str) -> Stop {
        self.report.add(Finding::entry(Kind::DamagedEntry, position, what));
        Stop
    }

    /// The first entry: genesis, whose state is known, or the base's, whose state the snapshot holds.
    fn begin(&mut self, envelope: &Envelope, hash: Hash) {
        if envelope.position == 0 {
            self.link = Link {
                era: envelope.era,
                hash,
            };
            self.state = Some(State::genesis(self.log.base.cluster.0, envelope.era, hash.0));
        }
    }

    fn follow(&mut self, envelope: &Envelope, hash: Hash) -> Result<(), Stop> {
        let meaning = chain::judge(&self.link, envelope);
        let link = chain::next(&self.link, meaning, envelope, hash);
        if let Meaning::Misfit(why) = meaning {
            self.report
                .add(Finding::entry(Kind::BrokenChain, envelope.position, why));
        }
        self.link = link;
        let Some(state) = &mut self.state else {
            return Ok(());
        };
        let entry = |event| EntryRef {
            position: envelope.position,
            era: link.era,
            hash: link.hash.0,
            event,
        };
        let applied = match meaning {
            Meaning::Proposals => match metadata::decode_body(envelope.body.clone()) {
                Ok(body) => state.apply(entry(Event::Proposals(&body))),
                Err(error) => return Err(self.damaged(envelope.position, &error.to_string())),
            },
            Meaning::Void => state.apply(entry(Event::Void)),
            Meaning::Halt | Meaning::Misfit(_) => state.apply(entry(Event::Halt)),
            Meaning::NewEra => state.apply(entry(Event::NewEra)),
        };
        match applied {
            Ok(_) => Ok(()),
            Err(error) => Err(self.damaged(envelope.position, &error.to_string())),
        }
    }

    /// At the snapshot's position both ways must have led to the same state. From there on it is the snapshot's: that
    /// is what every process that starts now goes by.
    fn meet_snapshot(&mut self, position: u64, hash: Hash) {
        let Some(snapshot) = self.snapshot.take_if(|snapshot| snapshot.position() == position) else {
            return;
        };
        if snapshot.entry_hash() != hash.0 {
            let what = "the base's snapshot was folded from another entry of this position";
            self.report.add(Finding::entry(Kind::WrongState, position, what));
            return;
        }
        if let Some(folded) = &self.state
            && metadata::snapshot::state_hash_of(folded) != metadata::snapshot::state_hash_of(&snapshot)
        {
            let what = "the base's snapshot is not what the entries from genesis lead to";
            self.report.add(Finding::entry(Kind::WrongState, position, what));
        }
        self.state = Some(snapshot);
    }
}
