//! What some of the mistakes in `seeded` need and the right code has no use for. Nothing here runs where there are none.

use std::collections::BTreeMap;

use metadata::entry::{Group, proposal::Kind};
use metadata::{Applied, Outcome, PartitionId, RunAck, State, Verdict};
use records::Batch;

use super::Intake;
use crate::jobs::{Decided, Waiting};
use crate::shared::Shared;
use crate::{AppendError, Seen};

/// Answers what was sent with the offsets that it should get, before it is folded.
pub(crate) fn acknowledge_unfolded(shared: &Shared) {
    let seen = shared.view.progress().seen();
    let mut intake = shared.intake.lock();
    shared.view.read(|state| intake.acknowledge_sent(state, seen));
}

impl Intake {
    fn acknowledge_sent(&mut self, state: &State, seen: Seen) {
        let mut ends = BTreeMap::new();
        for sent in self.sent.iter_mut().filter(|sent| sent.exposed) {
            let (Waiting::Append(jobs), Some(Kind::Append(append))) = (&mut sent.waiting, &sent.proposal.kind) else {
                continue;
            };
            for (job, group) in jobs.iter_mut().zip(&append.groups) {
                let verdict = Verdict::Applied(Applied::Append(expected(state, &mut ends, group)));
                job.answer(Ok(Decided { verdict, seen }));
            }
        }
    }

    /// A void outcome taken for a refusal.
    pub(super) fn refuse_void(&mut self, outcome: &Outcome) {
        if let Some(mut sent) = self.take_sent(outcome.incarnation, outcome.lane, outcome.sequence) {
            sent.fail(&AppendError::Retired);
            self.finish(sent);
        }
    }

    /// Batches of a partition that wait for the inline lane.
    pub(crate) fn unfolded(&self, partition: PartitionId) -> Vec<Batch> {
        let runs = self
            .inline
            .jobs
            .iter()
            .flat_map(|job| job.group.runs.iter().zip(&job.payload));
        let of_it = runs.filter(|(run, _)| (run.topic, run.partition) == (partition.topic, partition.partition));
        of_it.flat_map(|(_, batches)| batches.clone()).collect()
    }
}

fn expected(state: &State, ends: &mut BTreeMap<PartitionId, u64>, group: &Group) -> Vec<RunAck> {
    let ack = |run: &metadata::entry::Run| {
        let partition = PartitionId {
            topic: run.topic,
            partition: run.partition,
        };
        let known = || state.partition(partition).map_or(0, |known| known.high_watermark());
        let end = ends.entry(partition).or_insert_with(known);
        let base_offset = *end;
        *end += u64::from(run.records);
        RunAck {
            partition,
            base_offset,
            records: run.records,
            duplicate: false,
        }
    };
    group.runs.iter().map(ack).collect()
}
