//! Compaction by key: reads the keys that were not compacted yet, then rewrites a topic's lake files from the first on
//! without the records whose key a later one has.
//!
//! A crash at any point leaves a log in which some of these are gone and some are not. How far a partition is clean is
//! said by the swap of its last files, when all before it were applied.

mod latest;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use engine::Engine;
use metadata::entry::PartitionSwap;
use metadata::{Cleaned, Extent, PartitionId, Place, Role, TopicNumber};
use records::Record;
use seeded::Bug;

use self::latest::Latest;
use super::lake::{self, Keeps, Told};
use super::read::{self, Pieces, Read};
use super::{Outcome, RunError, limits, propose};
use crate::plan::clean::{self, Cleaning};
use crate::plan::{Limits, Window, swap};
use crate::{CompactorConfig, DamagedExtent};

/// How far a partition's pass has come.
#[derive(Clone, Copy, Debug)]
struct Progress {
    cleaning: Cleaning,
    /// The offset behind the last whose key was noted: what lies there and behind stays.
    through: u64,
    /// Where the next window begins.
    next: u64,
    /// A tombstone stayed below `through`.
    tombstones: bool,
}

/// A pass over partitions of one topic.
struct Pass<'a> {
    engine: &'a Engine,
    config: &'a CompactorConfig,
    topic: TopicNumber,
    /// Milliseconds since 1970, by the store's clock.
    now_ms: i64,
    limits: Limits,
    progress: BTreeMap<PartitionId, Progress>,
    keeps: Arc<Keeps>,
    outcome: Outcome,
}

/// Compacts partitions of one topic at `now_ms`, milliseconds since 1970 by the store's clock. Keys that do not fit into
/// memory at once are left to the next pass.
pub(crate) async fn partitions(
    engine: &Engine,
    config: &CompactorConfig,
    topic: TopicNumber,
    cleanings: &[Cleaning],
    now_ms: i64,
) -> Result<Outcome, RunError> {
    let mut latest = Latest::new(config.clean_keys_max);
    let (mut progress, mut outcome) = (BTreeMap::new(), Outcome::default());
    for cleaning in cleanings {
        let through;
        (latest, through) = note(engine, cleaning, latest, &mut outcome).await?;
        // Where nothing was noted and no tombstone is due there is nothing to leave out.
        if through > cleaning.dirty_from || cleaning.tombstones_before > 0 {
            let begun = Progress {
                cleaning: *cleaning,
                through,
                next: 0,
                tombstones: false,
            };
            progress.insert(cleaning.partition, begun);
        }
        if latest.is_full() {
            break;
        }
    }
    let mut limits = limits(engine, config);
    limits.window_bytes_max = config.lake_window_bytes_max;
    limits.proposal_bytes_max = limits.proposal_bytes_max.saturating_sub(swap::CLEANING_BYTES);
    let mut pass = Pass {
        engine,
        config,
        topic,
        now_ms,
        limits,
        keeps: keeps(latest, progress.clone()),
        progress,
        outcome,
    };
    while pass.step().await? {}
    Ok(pass.outcome)
}

/// Notes the keys of a partition's dirty records, as far as there is room and they can be read; the offset behind the last.
async fn note(
    engine: &Engine,
    cleaning: &Cleaning,
    mut latest: Latest,
    outcome: &mut Outcome,
) -> Result<(Latest, u64), RunError> {
    let (id, from) = (cleaning.partition, cleaning.dirty_from);
    let extents: Vec<Extent> = engine.read(|state| {
        let partition = state.partition(id);
        let extents = partition.map(|partition| partition.extents_from(from).collect());
        extents.unwrap_or_default()
    });
    let mut through = from;
    for extent in extents {
        if !matches!(extent.place, Place::Lake { .. }) || extent.first >= cleaning.end || extent.first > through {
            break;
        }
        let batches = match read::one(engine, id, &extent).await.map_err(RunError::Unreadable)? {
            Read::Whole(batches) => batches,
            Read::Damaged(what) => {
                outcome.damaged.push(DamagedExtent {
                    partition: id,
                    extent,
                    what,
                });
                break;
            }
            Read::Skipped => {
                outcome.rewritten.skipped += 1;
                break;
            }
        };
        let noting = move || {
            let full_at = latest.note(id, &batches, from);
            (latest, full_at)
        };
        let full_at;
        (latest, full_at) = engine.world().tasks.blocking(noting).await;
        through = full_at.unwrap_or(extent.last() + 1);
        if full_at.is_some() {
            break;
        }
    }
    Ok((latest, through))
}

/// Which records stay: those behind what was noted, and of the others the last of each key, but for tombstones whose time
/// is over.
fn keeps(latest: Latest, progress: BTreeMap<PartitionId, Progress>) -> Arc<Keeps> {
    Arc::new(move |id: PartitionId, offset: u64, record: &Record| {
        let Some(pass) = progress.get(&id).filter(|pass| offset < pass.through) else {
            return true;
        };
        let Some(key) = &record.key else { return false };
        let over = match seeded::is(Bug::TombstonesAtOnce) {
            true => pass.through,
            false => pass.cleaning.tombstones_before,
        };
        let is_over = record.value.is_none() && offset < over;
        !is_over && !latest.has_later(id, key, offset)
    })
}

impl Pass<'_> {
    /// Rewrites the next window; false when there is none.
    async fn step(&mut self) -> Result<bool, RunError> {
        let rest = self.progress.iter().map(|(id, pass)| (*id, pass.next..pass.through));
        let window = clean::window(self.engine, &rest.collect(), &self.limits);
        if window.is_empty() {
            return Ok(false);
        }
        let asked: BTreeMap<PartitionId, (u64, u64)> = window.items.iter().filter_map(ends).collect();
        let applied = self.rewrite(window, &asked).await?;
        // What was not rewritten ends its partition's pass: what lies behind it would not be clean.
        self.progress.retain(|id, pass| {
            let Some((_, last)) = asked.get(id) else { return true };
            pass.next = last.saturating_add(1);
            applied.contains(id) && pass.next < pass.through
        });
        Ok(true)
    }

    /// The partitions of which all that was asked for was rewritten.
    async fn rewrite(
        &mut self,
        window: Window,
        asked: &BTreeMap<PartitionId, (u64, u64)>,
    ) -> Result<BTreeSet<PartitionId>, RunError> {
        let life = self.engine.next_flush(Role::Compactor).ok_or(RunError::NoLife)?;
        let Pieces {
            mut pieces,
            damaged,
            skipped,
        } = read::window(self.engine, self.config, window).await?;
        self.outcome.damaged.extend(damaged);
        self.outcome.rewritten.skipped += skipped;
        pieces.retain(|piece| ends(&piece.item).is_some_and(|(id, ends)| asked.get(&id) == Some(&ends)));
        if pieces.is_empty() {
            return Ok(BTreeSet::new());
        }
        let level = self.config.lake_zstd_level_merged;
        let keeps = Arc::clone(&self.keeps);
        let written = lake::write(self.engine, self.config, self.topic, life, pieces, level, keeps).await?;
        let Some((told, place)) = written else {
            return Ok(BTreeSet::new());
        };
        let swaps: Vec<PartitionSwap> = told.iter().filter_map(|told| self.swap(told, place)).collect();
        let swaps = swap::cut(swaps, self.limits.proposal_bytes_max);
        let proposed = propose::swaps(self.engine, life, swaps).await?;
        let rewritten = &mut self.outcome.rewritten;
        rewritten.add(&proposed.done);
        rewritten.objects += 1;
        rewritten.bytes += told.iter().map(|told| told.piece.bytes()).sum::<u64>();
        let applied = told
            .iter()
            .filter(|told| proposed.applied.contains(&told.piece.item.partition));
        rewritten.dropped += applied.map(|told| told.dropped.records).sum::<u64>();
        Ok(match seeded::is(Bug::CleanThoughRefused) {
            true => asked.keys().copied().collect(),
            false => proposed.applied,
        })
    }

    /// What is proposed for a piece. The last of a partition says how far that is clean now.
    fn swap(&mut self, told: &Told, place: Place) -> Option<PartitionSwap> {
        let item = &told.piece.item;
        let pass = self.progress.get_mut(&item.partition)?;
        pass.tombstones |= told.first_tombstone.is_some_and(|offset| offset < pass.through);
        let output = swap::output(&item.inputs, place)?;
        let is_last = output.last() >= pass.through.saturating_sub(1);
        let cleaned = match is_last {
            true => pass.cleaning.cleaned(pass.through, pass.tombstones, self.now_ms),
            false => Cleaned::default(),
        };
        let output = swap::without(output, told.dropped.records, told.dropped.bytes);
        Some(PartitionSwap {
            cleaning: Some(cleaned.into()),
            ..swap::partition_swap(item, output)
        })
    }
}

/// A partition, and the offsets from which and to which an item reaches in it.
fn ends(item: &crate::plan::Item) -> Option<(PartitionId, (u64, u64))> {
    Some((item.partition, (item.inputs.first()?.first, item.inputs.last()?.last())))
}
