//! Folding one entry: what it did is counted and held against the books.

use ledger::{Entry, EntryKind, Envelope};
use metadata::entry::{Body, Proposal, proposal::Kind};
use metadata::{Applied, EntryRef, Event, Fate, Incarnation, Outcome, Verdict};

use super::lives::Taken;
use super::{Books, Followed};
use crate::journal::Journal;

/// A proposal that the fold took, and what it decided.
#[derive(Clone, Copy, Debug)]
pub(super) struct Judged<'a> {
    pub(super) position: u64,
    pub(super) proposal: &'a Proposal,
    pub(super) verdicts: &'a [Verdict],
}

impl Judged<'_> {
    /// Who proposed.
    pub(super) fn incarnation(&self) -> Option<Incarnation> {
        self.proposal.incarnation.as_ref().and_then(|life| life.try_into().ok())
    }

    pub(super) fn is_applied(&self) -> bool {
        self.verdicts
            .iter()
            .any(|verdict| matches!(verdict, Verdict::Applied(_)))
    }
}

impl Books {
    pub(super) fn fold(&mut self, followed: &Followed, journal: &Journal) {
        let entry = &followed.entry;
        let body = match &entry.kind {
            EntryKind::Proposals(bytes) => metadata::decode_body(bytes.clone()).ok(),
            _ => None,
        };
        let event = match (&entry.kind, &body) {
            (EntryKind::Proposals(_), Some(body)) => Event::Proposals(body),
            (EntryKind::NewEra, _) => Event::NewEra,
            (EntryKind::Halt { .. }, _) => Event::Halt,
            _ => Event::Void,
        };
        self.check_kind(entry, &event, journal);
        let Some(account) = &mut self.account else { return };
        if matches!(event, Event::NewEra) {
            account.lives.end_all(entry.position);
        }
        let entry_ref = EntryRef {
            position: entry.position,
            era: entry.era,
            hash: entry.hash.0,
            event,
        };
        let applied = account.state.apply(entry_ref);
        if let Ok(decided) = &applied {
            account.shadow.fold(journal, entry_ref, decided);
        }
        account.tip = entry.tip();
        journal.check("every entry can be folded", applied.is_ok(), || format!("{applied:?}"));
        if let Ok(outcomes) = applied {
            self.judge(entry.position, body.as_ref(), &outcomes, journal);
        }
    }

    /// Nobody halts a ledger that has lost nothing, whoever slept while its base moved.
    fn check_kind(&mut self, entry: &Entry, event: &Event<'_>, journal: &Journal) {
        let plain = matches!(event, Event::Proposals(_));
        journal.check(
            "every entry is of proposals, unless an end was lost",
            plain || self.losses > 0,
            || format!("entry {} is {:?}", entry.position, entry.kind),
        );
        journal.check(
            "no offset is given again after a loss in sleep",
            !(plain && self.halt_is_due),
            || format!("entry {}", entry.position),
        );
        self.halt_is_due &= plain;
        if !plain {
            let without_effect = matches!(event, Event::Void);
            journal.check(
                "an entry of an era that is over has no effect",
                without_effect || !self.is_of_an_era_before(entry.position),
                || format!("entry {} is {:?}", entry.position, entry.kind),
            );
        }
        match event {
            Event::Halt => journal.count("ledger halted"),
            Event::NewEra => journal.count("ledger era begun"),
            Event::Void => journal.count("ledger entry void"),
            Event::Proposals(_) => {}
        }
    }

    /// Whether the entry, as it is stored, says that it is of an era that is over.
    fn is_of_an_era_before(&self, position: u64) -> bool {
        let entries = self.table.entries();
        let stored = entries.iter().find(|entry| entry.position == position);
        let era = stored.and_then(|entry| Some(Envelope::open(position, &entry.bytes).ok()?.era));
        let now = self.account.as_ref().map(|account| account.state.era());
        era.is_some_and(|era| now.is_some_and(|now| era < now))
    }

    fn judge(&mut self, position: u64, body: Option<&Body>, outcomes: &[Outcome], journal: &Journal) {
        let proposals = body.map(|body| body.proposals.as_slice()).unwrap_or_default();
        for outcome in outcomes {
            let Some(proposal) = proposals.get(outcome.index as usize) else {
                continue;
            };
            self.contents.note(proposal, journal);
            let kind = kind_name(proposal);
            match &outcome.fate {
                Fate::Dropped => journal.count(&format!("fold {kind} dropped")),
                Fate::Void => journal.count(&format!("fold {kind} void")),
                Fate::Taken(verdicts) => {
                    let judged = Judged {
                        position,
                        proposal,
                        verdicts,
                    };
                    count(kind, &judged, journal);
                    self.take(&judged, journal);
                }
            }
        }
    }

    /// Enters what a proposal did.
    fn take(&mut self, judged: &Judged<'_>, journal: &Journal) {
        let Some(account) = &mut self.account else { return };
        let halted = account.state.halted();
        account.laws.judge(journal, judged, halted);
        if let Some(life) = judged.incarnation() {
            let taken = Taken {
                life,
                lane: judged.proposal.lane,
                sequence: judged.proposal.sequence,
                flush: judged.proposal.flush,
                applied: judged.is_applied(),
            };
            account.lives.take(&taken, journal);
            account.laws.taken(&taken);
        }
        match (&judged.proposal.kind, judged.verdicts) {
            (Some(Kind::Register(register)), [Verdict::Applied(Applied::Registered(life, _))]) => {
                account.lives.begin(*life, register.role());
            }
            (Some(Kind::Retire(retire)), [Verdict::Applied(_)]) => {
                let target = retire.target.as_ref().and_then(|life| life.try_into().ok());
                target.iter().for_each(|life| account.lives.end(life, judged.position));
            }
            (Some(Kind::CommitOffsets(commit)), [Verdict::Applied(Applied::Committed(change))]) => {
                let offset = commit.offsets.first().map_or(0, |offset| offset.offset);
                account.commit(&commit.group, *change, offset);
            }
            (Some(Kind::CreateTopic(_)), [Verdict::Applied(Applied::Topic { number, id })]) => {
                account.create(*number, *id);
            }
            (Some(Kind::Append(append)), _) => self.append(judged, append, journal),
            (Some(Kind::Swap(swap)), _) if !journal.is_deaf() => self.swap(judged, swap, journal),
            (Some(Kind::Publish(publish)), _) if !journal.is_deaf() => self.published(judged, publish, journal),
            _ => {}
        }
        if judged.is_applied() && !journal.is_deaf() {
            self.check_named(judged, journal);
        }
    }
}

fn count(kind: &str, judged: &Judged<'_>, journal: &Journal) {
    for verdict in judged.verdicts {
        match verdict {
            Verdict::Applied(Applied::Append(acks)) if acks.iter().any(|ack| ack.duplicate) => {
                journal.count("fold append repeated");
            }
            Verdict::Applied(Applied::RequestDuplicate { .. } | Applied::RequestTooOld) => {
                journal.count("fold append repeated");
            }
            Verdict::Applied(_) => journal.count(&format!("fold {kind} applied")),
            Verdict::Rejected(rejection) => {
                let text = format!("{rejection:?}");
                let reason = text.split([' ', '(', '{']).next().unwrap_or_default();
                journal.count(&format!("fold {kind} rejected {reason}"));
            }
        }
    }
}

/// What a proposal asks for, in a word or two.
pub(super) fn kind_name(proposal: &Proposal) -> &'static str {
    match &proposal.kind {
        Some(Kind::Register(_)) => "register",
        Some(Kind::Beat(_)) => "beat",
        Some(Kind::Retire(_)) => "retire",
        Some(Kind::CreateTopic(_)) => "create topic",
        Some(Kind::AlterTopic(_)) => "alter topic",
        Some(Kind::DeleteTopic(_)) => "delete topic",
        Some(Kind::AddPartitions(_)) => "add partitions",
        Some(Kind::Append(_)) => "append",
        Some(Kind::ProducerIds(_)) => "producer ids",
        Some(Kind::CommitOffsets(_)) => "commit",
        Some(Kind::DeleteGroup(_)) => "delete group",
        Some(Kind::Trim(_)) => "trim",
        Some(Kind::Swap(_)) => "swap",
        Some(Kind::Publish(_)) => "publish",
        Some(Kind::SnapshotTaken(_)) => "snapshot",
        Some(Kind::Mark(_)) => "mark",
        Some(Kind::Expire(_)) => "expire",
        Some(Kind::AlterCluster(_)) => "alter cluster",
        Some(Kind::FeatureLevel(_)) => "feature level",
        None => "nothing",
    }
}
