//! What a history allows once the ledger has lost its end: that what stood in the lost entries is gone, and that who had
//! folded them goes on serving them until it may not serve without another look. No more.

use std::collections::{BTreeMap, BTreeSet};

use metadata::{Change, PartitionId};
use world::Instant;

use super::{Fate, History, Known};
use crate::journal::Journal;

/// What went with the end of the ledger.
#[derive(Clone, Debug, Default)]
pub(crate) struct LostEnd {
    /// Sends of the lost entries, and where they stood.
    pub(crate) sends: BTreeMap<u64, (PartitionId, u64)>,
    /// Commits of the lost entries: group, change and offset.
    pub(crate) commits: BTreeSet<(String, Change, u64)>,
    /// When the first of the lost entries was put.
    pub(crate) since: u64,
    /// Where the partitions that are left end now.
    pub(crate) ends: BTreeMap<PartitionId, u64>,
    /// The topics that are left.
    pub(crate) topics: Vec<Known>,
    /// What is left of the offsets that groups committed.
    pub(crate) committed: BTreeMap<(String, PartitionId), u64>,
    /// Nobody serves the lost entries later than this.
    pub(crate) served_until: Option<Instant>,
}

/// All that was lost in a run.
#[derive(Debug, Default)]
pub(super) struct Losses {
    any: bool,
    /// Losses of which readers may have noticed something.
    count: u64,
    /// Sends whose entry is lost, and has not come back.
    sends: BTreeMap<u64, (PartitionId, u64)>,
    /// Wherever a send stood in entries that are lost.
    ghosts: BTreeSet<(u64, (PartitionId, u64))>,
    commits: BTreeSet<(String, Change, u64)>,
    /// Sessions that were told of something that is lost, and do not know.
    sessions: BTreeSet<u32>,
    served_until: Option<Instant>,
}

impl Losses {
    pub(super) fn is_ghost(&self, send: u64, place: (PartitionId, u64), now: Instant) -> bool {
        self.muddled(now) && self.ghosts.contains(&(send, place))
    }

    pub(super) fn took_commit(&self, group: &str, change: Change, offset: u64) -> bool {
        self.commits.contains(&(group.to_owned(), change, offset))
    }

    fn muddled(&self, now: Instant) -> bool {
        self.served_until.is_some_and(|until| now <= until)
    }
}

impl History {
    /// Whether two histories may be served now: the one that the ledger holds, and one that it has lost.
    pub(crate) fn is_muddled(&self, now: Instant) -> bool {
        self.losses.muddled(now)
    }

    /// An end that nobody knows of was lost: what readers have seen of it may be given again, behind positions that they
    /// carry.
    pub(crate) fn lose_unseen(&mut self, until: Instant) {
        self.losses.count += 1;
        self.losses.served_until = Some(until);
    }

    /// Whether any end was lost so far.
    pub(crate) fn has_any_loss(&self) -> bool {
        self.losses.any
    }

    /// How many ends were lost so far while processes were alive, or unseen.
    pub(crate) fn losses(&self) -> u64 {
        self.losses.count
    }

    /// Whether what this send was told stood in an entry that is lost.
    pub(crate) fn is_lost(&self, send: u64, place: (PartitionId, u64)) -> bool {
        self.losses.sends.get(&send) == Some(&place)
    }

    /// Whether a commit stood in an entry that is lost.
    pub(crate) fn is_lost_commit(&self, group: &str, change: Change, offset: u64) -> bool {
        self.losses.took_commit(group, change, offset)
    }

    /// Whether a session was told of something that is lost; asked once, for it begins anew then.
    pub(crate) fn take_lost(&mut self, session: u32) -> bool {
        self.losses.sessions.remove(&session)
    }

    /// A session holds something that is lost.
    pub(crate) fn has_lost(&mut self, session: u32) {
        self.losses.sessions.insert(session);
    }

    /// An entry that was lost has come back, by a copy of it that was still under way: what stood in it counts again.
    pub(crate) fn came_back(&mut self, number: u64, place: (PartitionId, u64)) {
        if self.losses.sends.remove(&number) != Some(place) {
            return;
        }
        if let Some(send) = self.send_mut(number)
            && let Fate::Lost { base, at } = send.fate
            && base == place.1
        {
            send.fate = Fate::Acked { base, at };
        }
    }

    /// Whether a client was told of anything that is undone now.
    pub(crate) fn was_told(&self, undone: &LostEnd) -> bool {
        let told = |number: &u64| {
            let fate = self.send(*number).map(|send| send.fate);
            matches!(fate, Some(Fate::Acked { .. } | Fate::Lost { .. }))
        };
        undone.sends.keys().any(told)
    }

    /// The ledger lost its end.
    ///
    /// - What was acknowledged by a lost entry may be gone.
    /// - What was refused by one may be taken after all: a copy of its entry may still be under way, and the entry that
    ///   came before it, and made it refused, is no more.
    /// - What was read from one does not count: its offsets are given again.
    ///
    /// Where nobody was alive to serve what is lost, none of the rest changes: readers never see two histories.
    pub(crate) fn lose(&mut self, journal: &Journal, lost: &LostEnd) {
        self.losses.any = true;
        if lost.served_until.is_some() {
            self.losses.count += 1;
            self.losses.served_until = lost.served_until;
        }
        for (number, place) in &lost.sends {
            self.losses.sends.insert(*number, *place);
            self.losses.ghosts.insert((*number, *place));
        }
        self.losses.commits.extend(lost.commits.iter().cloned());
        for (number, send) in (0..).zip(&mut self.sends) {
            match send.fate {
                Fate::Acked { base, at } if lost.sends.get(&number) == Some(&(send.partition, base)) => {
                    send.fate = Fate::Lost { base, at };
                    self.losses.sessions.insert(send.session);
                    journal.count("records sent, acknowledged and lost");
                }
                Fate::Failed { at } if at >= lost.since => send.fate = Fate::Unknown,
                _ => {}
            }
        }
        self.forget_seen(lost);
        self.forget_topics(lost);
        for ((group, partition), commits) in &mut self.commits {
            let left = lost.committed.get(&(group.clone(), *partition)).copied();
            let was = std::mem::replace(&mut commits.acked, left);
            // It is gone, unless its proposal comes again: another agent may hold it, to whom it was handed over, or a
            // copy of its entry be under way.
            commits.unknown.extend(was.filter(|_| was != left));
        }
    }

    fn forget_seen(&mut self, lost: &LostEnd) {
        for (partition, seen) in &mut self.seen {
            let end = lost.ends.get(partition).copied().unwrap_or(0);
            for (base, (send, _)) in seen.split_off(&end) {
                self.places.remove(&send);
                self.losses.ghosts.insert((send, (*partition, base)));
            }
        }
    }

    /// Topics whose creation is lost are gone; those whose growth is lost are as they were.
    fn forget_topics(&mut self, lost: &LostEnd) {
        for known in &mut self.topics {
            match lost.topics.iter().find(|left| left.id == known.id) {
                Some(left) => known.partitions = left.partitions,
                None => drop(self.gone.insert(known.id)),
            }
        }
    }
}
