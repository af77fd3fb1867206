//! Records that still travel in ledger entries.

use std::collections::BTreeMap;

use anyhow::Result;
use bytes::Bytes;
use ledger::Envelope;
use metadata::entry::proposal::Kind as ProposalKind;
use metadata::{Body, Extent, PartitionId, Place, State};

use super::finding::{Finding, Kind, Report};
use super::{Log, objects};
use crate::out::Talk;

/// What extents say lies in one entry.
type Runs = Vec<(u16, u32, PartitionId, Extent)>;

/// Checks them all, entry by entry.
pub(super) async fn check(log: &Log, state: &State, report: &mut Report, talk: Talk) -> Result<()> {
    let entries = by_entry(state);
    let bar = talk.bar(entries.len() as u64, "{bar:30} {pos}/{len} entries with records");
    for (position, runs) in entries {
        let body = match body(log, position).await? {
            Ok(body) => Some(body),
            Err(finding) => {
                report.add(finding);
                None
            }
        };
        for (proposal, run, id, extent) in runs {
            let Some(body) = &body else {
                let what = format!("they lie in entry {position}");
                let spot = super::extents::spot(state, id, (extent.first, extent.last()));
                report.add(Finding::entry(Kind::DamagedRecords, position, what).at(&spot));
                continue;
            };
            let bytes = find(body, proposal, run, id).unwrap_or_default();
            objects::check_extent(state, id, &extent, bytes, None, report);
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(())
}

fn by_entry(state: &State) -> BTreeMap<u64, Runs> {
    let mut entries: BTreeMap<u64, Runs> = BTreeMap::new();
    for topic in state.topics() {
        for (id, partition) in state.partitions(topic.number()) {
            for extent in partition.extents() {
                if let Place::Inline {
                    position,
                    proposal,
                    run,
                } = extent.place
                {
                    entries.entry(position).or_default().push((proposal, run, id, extent));
                }
            }
        }
    }
    entries
}

async fn body(log: &Log, position: u64) -> Result<Result<Body, Finding>> {
    let read = log.backend.read(position, 0).await?;
    let Some(raw) = read.entries.first() else {
        let finding = Finding::entry(
            Kind::MissingEntry,
            position,
            "it holds records that the ledger still names",
        );
        return Ok(Err(finding));
    };
    let opened = Envelope::open(position, &raw.bytes).map_err(|error| error.to_string());
    let body = opened.and_then(|envelope| metadata::decode_body(envelope.body).map_err(|error| error.to_string()));
    Ok(body.map_err(|what| Finding::entry(Kind::DamagedEntry, position, what)))
}

/// The bytes of a run, if it is there and of this partition.
fn find(body: &Body, proposal: u16, run: u32, id: PartitionId) -> Option<Bytes> {
    let Some(ProposalKind::Append(append)) = &body.proposals.get(usize::from(proposal))?.kind else {
        return None;
    };
    let run = append
        .groups
        .iter()
        .flat_map(|group| &group.runs)
        .nth(usize::try_from(run).ok()?)?;
    (run.topic == id.topic && run.partition == id.partition).then(|| run.inline.clone())
}
