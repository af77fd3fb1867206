//! Folding one entry: what it did is counted, and what it names must be there.

use ledger::{Entry, EntryKind};
use metadata::entry::{Body, Proposal, proposal::Kind};
use metadata::{Applied, EntryRef, Event, Fate, ObjectName, ObjectStatus, Outcome, Verdict};

use super::Books;

impl Books {
    pub(super) fn fold(&mut self, entry: &Entry) {
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
        let plain = matches!(event, Event::Proposals(_));
        self.journal.check("every entry is of proposals", plain, || {
            format!("entry {} is {:?}", entry.position, entry.kind)
        });
        let now_ms = self.world.clock.wall_ms();
        let Some(following) = &mut self.following else { return };
        let applied = following.state.apply(EntryRef {
            position: entry.position,
            era: entry.era,
            hash: entry.hash.0,
            event,
        });
        following.tip = entry.tip();
        self.folded_ms.insert(entry.position, now_ms);
        self.entry_hashes.insert(entry.position, entry.hash);
        self.journal.count("entries");
        match applied {
            Ok(outcomes) => self.judge(body.as_ref(), &outcomes),
            Err(error) => self
                .journal
                .check("every entry can be folded", false, || error.to_string()),
        }
    }

    fn judge(&mut self, body: Option<&Body>, outcomes: &[Outcome]) {
        let proposals = body.map(|body| body.proposals.as_slice()).unwrap_or_default();
        for outcome in outcomes {
            let Some(proposal) = proposals.get(outcome.index as usize) else {
                continue;
            };
            let kind = kind_name(proposal);
            match &outcome.fate {
                Fate::Dropped => self.journal.count(&format!("fold {kind} dropped")),
                Fate::Void => self.journal.count(&format!("fold {kind} void")),
                Fate::Taken(verdicts) => {
                    for verdict in verdicts {
                        self.note(kind, verdict);
                    }
                    if verdicts.iter().any(|verdict| matches!(verdict, Verdict::Applied(_))) {
                        self.check_named(proposal);
                    }
                }
            }
        }
    }

    fn note(&mut self, kind: &str, verdict: &Verdict) {
        match verdict {
            Verdict::Applied(Applied::Append(acks)) => {
                for ack in acks.iter().filter(|ack| !ack.duplicate) {
                    let place = (ack.partition, ack.base_offset);
                    let before = self.applied.insert(place, ack.records);
                    self.journal
                        .check("an offset is given once", before.is_none(), || format!("{ack:?}"));
                }
                let repeats = acks.iter().any(|ack| ack.duplicate);
                self.journal.count(if repeats {
                    "fold append repeated"
                } else {
                    "fold append applied"
                });
            }
            Verdict::Applied(Applied::RequestDuplicate { .. } | Applied::RequestTooOld) => {
                self.journal.count("fold append repeated");
            }
            Verdict::Applied(_) => self.journal.count(&format!("fold {kind} applied")),
            Verdict::Rejected(rejection) => {
                let text = format!("{rejection:?}");
                let reason = text.split([' ', '(', '{']).next().unwrap_or_default();
                self.journal.count(&format!("fold {kind} rejected {reason}"));
            }
        }
    }

    /// Objects that a proposal names were durable before it was.
    fn check_named(&self, proposal: &Proposal) {
        let incarnation = proposal.incarnation.as_ref().and_then(|life| life.try_into().ok());
        let names: Vec<ObjectName> = match (&proposal.kind, incarnation) {
            (Some(Kind::Append(append)), Some(incarnation)) => {
                let named = append.segment.iter().map(|segment| ObjectName {
                    incarnation,
                    flush: segment.flush,
                    attempt: u16::try_from(segment.attempt).unwrap_or(u16::MAX),
                });
                named.collect()
            }
            (Some(Kind::Swap(swap)), _) => swap.partitions.iter().flat_map(outputs).collect(),
            _ => return,
        };
        for name in names {
            // A swap may name an object of which every part was rejected.
            let named = matches!(self.status(&name), Some(ObjectStatus::Named { .. }));
            let there = !named || self.is_segment_there(&name);
            self.journal
                .check("what an entry names is durable", there, || name.to_string());
        }
    }
}

fn outputs(swap: &metadata::entry::PartitionSwap) -> Vec<ObjectName> {
    let place = |extent: &metadata::entry::Extent| match &extent.place {
        Some(metadata::entry::extent::Place::Segment(place)) => {
            place.name.as_ref().and_then(|name| name.try_into().ok())
        }
        _ => None,
    };
    swap.outputs.iter().filter_map(place).collect()
}

fn kind_name(proposal: &Proposal) -> &'static str {
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
        Some(Kind::SnapshotTaken(_)) => "snapshot",
        Some(Kind::Mark(_)) => "mark",
        Some(Kind::Expire(_)) => "expire",
        Some(Kind::AlterCluster(_)) => "alter cluster",
        Some(Kind::FeatureLevel(_)) => "feature level",
        None => "nothing",
    }
}
