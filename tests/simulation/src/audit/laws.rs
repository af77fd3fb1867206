//! What the fold decides, held against rules that need no fold: a register makes one life, a halted log takes nothing,
//! and whatever rests on an observation is applied only while that still holds. Its books are kept from proposals and outcomes alone.

use std::collections::{BTreeMap, BTreeSet};

use metadata::entry::{self, proposal::Kind};
use metadata::{Applied, Change, Incarnation, PartitionId, Verdict};

use super::entries::Judged;
use super::lives::Taken;
use crate::journal::Journal;

/// The books.
#[derive(Debug, Default)]
pub(super) struct Laws {
    /// By life and lane the sequence that is taken next.
    next: BTreeMap<(Incarnation, u32), u64>,
    nonces: BTreeSet<u64>,
    /// The last change of each group.
    groups: BTreeMap<String, Change>,
    log_starts: BTreeMap<PartitionId, u64>,
}

impl Laws {
    /// A proposal was taken.
    pub(super) fn taken(&mut self, taken: &Taken) {
        self.next.insert((taken.life, taken.lane), taken.sequence + 1);
    }

    /// Judges what was decided of a proposal that was taken.
    pub(super) fn judge(&mut self, journal: &Journal, judged: &Judged<'_>, halted: bool) {
        let (proposal, verdicts) = (judged.proposal, judged.verdicts);
        journal.check("a halted log takes no writes", !(halted && judged.is_applied()), || {
            format!("{proposal:?}: {verdicts:?}")
        });
        match (&proposal.kind, verdicts.first()) {
            (_, Some(Verdict::Applied(Applied::Registered(incarnation, _)))) => {
                let new = self.nonces.insert(incarnation.nonce);
                journal.check("a register makes one life", new, || format!("{incarnation:?}"));
            }
            (Some(Kind::Retire(retire)), Some(Verdict::Applied(_))) => self.retired(journal, retire),
            (Some(Kind::CommitOffsets(commit)), Some(Verdict::Applied(Applied::Committed(change)))) => {
                let before = self.groups.insert(commit.group.clone(), *change);
                let seen = commit.seen.map(Change::from);
                journal.check("a commit saw the group's last change", seen == before, || {
                    format!("{} saw {seen:?}, not {before:?}", commit.group)
                });
            }
            (Some(Kind::DeleteGroup(delete)), Some(Verdict::Applied(_))) => {
                self.groups.remove(&delete.group);
            }
            (Some(Kind::Expire(expire)), _) => {
                let first = expire.producers.len() + expire.request_producers.len();
                for (group, verdict) in expire.groups.iter().zip(verdicts.iter().skip(first)) {
                    if matches!(verdict, Verdict::Applied(_)) {
                        self.groups.remove(&group.group);
                    }
                }
            }
            (Some(Kind::Trim(trim)), _) => {
                for (trim, verdict) in trim.partitions.iter().zip(verdicts) {
                    self.trimmed(journal, trim, verdict);
                }
            }
            _ => {}
        }
    }

    fn retired(&mut self, journal: &Journal, retire: &entry::Retire) {
        let Some(target) = target(retire) else { return };
        let heard = self.next.range((target, 0)..=(target, u32::MAX));
        let heard: BTreeMap<u32, u64> = heard.map(|((_, lane), next)| (*lane, *next)).collect();
        let seen: BTreeMap<u32, u64> = retire.seen.iter().map(|seen| (seen.lane, seen.next)).collect();
        journal.check("a retirement saw all that was taken", seen == heard, || {
            format!("{target:?} was retired by one who saw {seen:?}, not {heard:?}")
        });
    }

    fn trimmed(&mut self, journal: &Journal, trim: &entry::PartitionTrim, verdict: &Verdict) {
        let Verdict::Applied(Applied::Trimmed { log_start }) = verdict else {
            return;
        };
        let id = PartitionId {
            topic: trim.topic,
            partition: trim.partition,
        };
        let before = self.log_starts.insert(id, *log_start).unwrap_or(0);
        if trim.lake_before.is_some_and(|lake_before| lake_before < *log_start) {
            journal.count("fold trim leaves lake files");
        }
        let same = trim.seen_start.is_none_or(|seen| seen == before);
        journal.check("a trim by retention saw the log start", same, || {
            format!("{id:?} was trimmed by one who saw {:?}, not {before}", trim.seen_start)
        });
    }
}

fn target(retire: &entry::Retire) -> Option<Incarnation> {
    retire.target.as_ref()?.try_into().ok()
}
