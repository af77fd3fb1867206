//! What stands above every backend, once: appending at a tip, reading from a tip, moving the base.
//!
//! A [`Ledger`] holds no place in the order: each call is told the caller's [`Tip`], so that agents in one process may
//! share it. It never retries a call by itself: who appends knows best what to do next.

mod loss;
mod open;
mod outcome;
mod sealed;
mod witness;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use seeded::Bug;
use world::World;

use crate::backend::{Backend, Base, Looks, RawRead};
use crate::chain::{self, Entry, Evidence, Loss, Tip};
use crate::envelope::{Envelope, HEADER_BYTES, Kind};
use crate::error::{LedgerError, OpenError};
use crate::ids::{ClusterId, Hash, Position};
use crate::witness::WitnessStore;

pub use outcome::{Accepted, Appended, Description, Halted, ReadOutcome, WitnessOutcome};
pub use sealed::Sealed;

/// How many entries one call to [`Ledger::delete_below`] deletes at most.
const DELETE_BATCH_ENTRIES: u32 = 256;

/// A ledger, open. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Ledger {
    backend: Arc<dyn Backend>,
    witness: Arc<dyn WitnessStore>,
    cluster: ClusterId,
}

impl Ledger {
    /// Opens a ledger, and begins it when it has not begun: genesis at position 0, then the base from what position 0
    /// holds. The witness is not looked at; see [`Ledger::check_witness`].
    ///
    /// # Errors
    /// When the backend fails, or holds something else than a ledger.
    pub async fn open(
        backend: Arc<dyn Backend>,
        witness: Arc<dyn WitnessStore>,
        world: World,
    ) -> Result<Ledger, OpenError> {
        let cluster = open::begin(&*backend, &world.chance).await?;
        Ok(Ledger {
            backend,
            witness,
            cluster,
        })
    }

    /// The same ledger through another handle to its table, which may fail where this one does not.
    pub(crate) fn through(&self, backend: Arc<dyn Backend>) -> Ledger {
        Ledger {
            backend,
            ..self.clone()
        }
    }

    /// The cluster whose ledger this is.
    pub fn cluster(&self) -> ClusterId {
        self.cluster
    }

    /// The most bytes that the body of an entry may have.
    pub fn entry_bytes_max(&self) -> usize {
        self.backend.entry_bytes_max().saturating_sub(HEADER_BYTES)
    }

    /// Up to how many bytes a batch is cheaper inside an entry than as an object of its own.
    pub fn inline_bytes_max(&self) -> usize {
        self.backend.inline_bytes_max()
    }

    /// How far apart looks at the tip should lie at least.
    pub fn look_interval(&self) -> Duration {
        self.backend.look_interval()
    }

    /// The base as it is now.
    ///
    /// # Errors
    /// When it cannot be read, is gone, or names another cluster.
    pub async fn base(&self) -> Result<Base, LedgerError> {
        let base = self.backend.base().await?.ok_or(LedgerError::NoBase)?;
        if base.cluster != self.cluster {
            return Err(LedgerError::OtherCluster {
                expected: self.cluster,
                found: base.cluster,
            });
        }
        Ok(base)
    }

    /// Puts an entry with proposals after `tip`.
    ///
    /// Dropping the future leaves it unknown whether the entry was put.
    ///
    /// # Errors
    /// [`LedgerError::TooLarge`] and others that are definite; [`LedgerError::Unknown`] when the entry may be there, may
    /// come, or was put and then could not be looked after: reading on tells.
    pub async fn append(&self, tip: &Tip, body: Bytes) -> Result<Appended, LedgerError> {
        self.put(tip, Kind::Proposals, tip.era, body).await
    }

    /// The looks at base and predecessor after a put on a backend that checks neither, in one round trip.
    ///
    /// *Base below the position*: it was below when the entry was put, so nothing had been deleted there, and the entry
    /// is the first of its position. *Base at or beyond*: an entry may have been deleted there before, so ours is
    /// false; nobody folds it, for every read looks at the base too. *Predecessor missing or different*: the two
    /// looks ran at once, so the base may have moved and the predecessor been deleted between them: the base
    /// is looked at again, after the predecessor, before this is called a loss.
    async fn look_after(&self, tip: &Tip, put: Tip) -> Result<Appended, LedgerError> {
        if seeded::is(Bug::NoLookAfterPut) {
            return Ok(Appended::At(put));
        }
        let (base, predecessor) = futures::join!(self.base(), self.found(tip));
        if base?.position >= put.position {
            return Ok(Appended::Reload);
        }
        if predecessor? == Some(tip.hash) || seeded::is(Bug::PredecessorUnchecked) {
            return Ok(Appended::At(put));
        }
        match self.find(tip, Evidence::OwnEntry).await? {
            Found::Trimmed(_) => Ok(Appended::Reload),
            Found::Lost(loss) => Ok(Appended::Lost(loss)),
            Found::There => Err(LedgerError::unknown("the entry before changed while it was looked at")),
        }
    }

    /// A backend refused to write because the predecessor was not what the caller knows. Nothing was written.
    async fn doubt_refusal(&self, tip: &Tip) -> Result<Appended, LedgerError> {
        match self.find(tip, Evidence::OwnEntry).await? {
            Found::Trimmed(_) => Ok(Appended::Reload),
            Found::Lost(loss) => Ok(Appended::Lost(loss)),
            Found::There => Err(LedgerError::Corrupt {
                position: tip.position,
                what: "the backend knows it by another hash than its bytes have".to_owned(),
            }),
        }
    }

    /// Reads what follows `tip`, up to `max_bytes` of stored entries, and at least one entry when there is one.
    ///
    /// The read begins at the tip's own entry, which must be there with the hash the caller folded: otherwise one who
    /// is ahead of a restored ledger would find nothing and take itself to be at the end. Where that entry does not fit,
    /// the read begins at the last one that does.
    ///
    /// # Errors
    /// When the backend fails, or the first entry after the tip (or the tip's own) is damaged; entries before a damaged
    /// one are returned first.
    pub async fn read(&self, tip: &Tip, max_bytes: usize) -> Result<ReadOutcome, LedgerError> {
        let raw = self.read_own(tip, max_bytes.max(1)).await?;
        // After the entries, and before any chain is judged: an entry read at or below the base may be false, and one's
        // own may be deleted. The first position wanted is the one after the tip; the entry at the base stays.
        let base = self.base().await?;
        let wanted = match seeded::is(Bug::BaseAgainstLast) {
            true => raw.entries.last().map_or(Position::MAX, |last| last.position),
            false => tip.anchor().position,
        };
        if base.position > wanted && !seeded::is(Bug::NoLookAfterRead) {
            return Ok(ReadOutcome::Reload(base));
        }
        let own = found_in(tip, &raw)?;
        let own = if seeded::is(Bug::OwnEntryUnchecked) {
            Some(tip.hash)
        } else {
            own
        };
        if let Some(loss) = missing(tip, own, Evidence::OwnEntry) {
            return Ok(ReadOutcome::Lost(loss));
        }
        judge_all(tip, &raw)
    }

    /// The body of the entry at `position`; none when it was trimmed.
    ///
    /// # Errors
    /// When the backend fails or the entry is damaged; [`LedgerError::Missing`] when it should be there and is not.
    pub async fn read_body(&self, position: Position) -> Result<Option<Bytes>, LedgerError> {
        let looks = self.backend.looks();
        let after = usize::from(looks == Looks::AfterPut);
        let raw = self.backend.read(position, after).await?;
        let trusted = !raw.entries.is_empty() && looks == Looks::InStatement;
        if !trusted && self.base().await?.position > position && !is_followed(&raw) {
            return Ok(None);
        }
        let first = raw.entries.first().ok_or(LedgerError::Missing { position })?;
        Ok(Some(Envelope::open(position, &first.bytes)?.body))
    }

    /// Whether the ledger has this entry, so that a state that was folded up to it may be believed. False also when the
    /// entry was trimmed: nothing can be said of it then, and a newer state exists.
    ///
    /// # Errors
    /// When the backend fails or the entry is damaged.
    pub async fn verify_tip(&self, tip: &Tip) -> Result<bool, LedgerError> {
        let raw = self.backend.read(tip.position, 0).await?;
        let base = self.base().await?;
        if base.position >= tip.position {
            return Ok(base.tip() == *tip);
        }
        let Some(first) = raw.entries.first() else {
            return Ok(false);
        };
        let envelope = Envelope::open(tip.position, &first.bytes)?;
        Ok(Hash::of(&first.bytes) == tip.hash && envelope.era <= tip.era)
    }

    /// Moves the base from `old` to `new`, or gives it a newer snapshot; false when it is not `old` any more. The
    /// caller has read the snapshot back.
    ///
    /// The witness is looked at first: what it says must be in the ledger as long as it is not trimmed, so that a
    /// witness that points below the base is no sign of a loss.
    ///
    /// # Errors
    /// [`LedgerError::Refused`] when `new` lies before `old`, names an entry that the ledger does not have, or the
    /// ledger has lost its end; else those of the backend, definite or unknown.
    pub async fn advance_base(&self, old: &Base, new: Base) -> Result<bool, LedgerError> {
        let forward = new.position > old.position || new.tip() == old.tip();
        if !forward || new.cluster != self.cluster {
            return Err(LedgerError::refused("the base moves only forward, within its cluster"));
        }
        if self.base().await? != *old {
            return Ok(false);
        }
        if let WitnessOutcome::Lost(loss) = self.check_witness().await? {
            return Err(LedgerError::refused(format!(
                "the base does not move over a loss: {loss}"
            )));
        }
        if new.position != old.position && !self.verify_tip(&new.tip()).await? {
            return match self.base().await? == *old {
                true => Err(LedgerError::refused("the ledger has no such entry for a base")),
                false => Ok(false),
            };
        }
        self.backend.advance_base(old, &new).await
    }

    /// Deletes one batch of entries that lie below both `position` and the base, the lowest first, and says how many.
    /// Call it until it says 0. The grace that readers are owed is the caller's to keep.
    ///
    /// # Errors
    /// Those of the backend; some entries may be gone all the same.
    pub async fn delete_below(&self, position: Position) -> Result<u64, LedgerError> {
        let base = self.base().await?;
        let below = match seeded::is(Bug::DeleteBeforeBase) {
            true => position,
            false => position.min(base.position),
        };
        self.backend.delete_below(below, DELETE_BATCH_ENTRIES).await
    }

    /// [`Ledger::delete_below`] the base itself.
    ///
    /// # Errors
    /// As there.
    pub async fn delete_below_base(&self) -> Result<u64, LedgerError> {
        self.delete_below(Position::MAX).await
    }

    /// Returns when an entry after `after` may exist. May return for no reason, and may be late: who needs to know
    /// reads.
    ///
    /// # Errors
    /// When the backend fails.
    pub async fn watch(&self, after: Position) -> Result<(), LedgerError> {
        self.backend.watch(after).await
    }

    /// The entries from the tip's anchor to the tip, and up to `max_bytes` of what follows.
    async fn read_own(&self, tip: &Tip, max_bytes: usize) -> Result<RawRead, LedgerError> {
        let wanted = tip.position.saturating_add(u64::from(max_bytes > 0));
        let mut bytes = max_bytes;
        loop {
            let raw = self.backend.read(tip.anchor().position, bytes).await?;
            let reached = raw.entries.last().is_some_and(|last| last.position >= wanted);
            if tip.fits() || reached || !(raw.more || bytes == 0) {
                return Ok(raw);
            }
            // Misfits are few: an entry and a halt or two of an era that is over.
            bytes = bytes.saturating_mul(2).max(self.entry_bytes_max());
        }
    }

    /// The hash of what stands in the place of the tip; checksums are verified.
    async fn found(&self, tip: &Tip) -> Result<Option<Hash>, LedgerError> {
        found_in(tip, &self.read_own(tip, 0).await?)
    }

    /// Looks for an entry that should be there: at it, and then at the base, so that a deletion is never taken for a
    /// loss.
    async fn find(&self, expected: &Tip, evidence: Evidence) -> Result<Found, LedgerError> {
        let hash = self.found(expected).await;
        let base = self.base().await?;
        if base.position > expected.anchor().position {
            return Ok(Found::Trimmed(base));
        }
        Ok(missing(expected, hash?, evidence).map_or(Found::There, Found::Lost))
    }
}

/// Whether an entry that should be there is.
enum Found {
    There,
    /// The base is beyond it, so nothing can be said.
    Trimmed(Base),
    Lost(Loss),
}

fn missing(expected: &Tip, found: Option<Hash>, evidence: Evidence) -> Option<Loss> {
    (found != Some(expected.hash)).then_some(Loss {
        expected: *expected,
        found,
        evidence,
    })
}

/// The hash of what stands in the place of the tip, in entries that were read from its anchor on: that of the anchor, if
/// another entry stands there. An entry whose bytes are damaged is no sign of a loss: it is an error.
fn found_in(tip: &Tip, raw: &RawRead) -> Result<Option<Hash>, LedgerError> {
    let mut chain = tip.anchor();
    let Some((first, rest)) = raw.entries.split_first() else {
        return Ok(None);
    };
    Envelope::open(chain.position, &first.bytes)?;
    let hash = Hash::of(&first.bytes);
    if tip.fits() || hash != chain.hash {
        return Ok(Some(hash));
    }
    for next in rest.iter().take_while(|next| next.position <= tip.position) {
        let envelope = Envelope::open(next.position, &next.bytes)?;
        chain = chain::judge(&chain, &envelope, next.bytes.clone()).tip();
    }
    Ok((chain.position == tip.position).then_some(chain.hash))
}

/// Whether the entry read below the base is a true one, on a backend where a sleeper may put a false one into a deleted
/// position. Deletion goes lowest first, so a true entry is followed by the true next one, which carries its hash. A
/// false entry is not: whoever wrote the next one knew the true one, or has not folded the false one.
fn is_followed(raw: &RawRead) -> bool {
    let [first, next, ..] = raw.entries.as_slice() else {
        return false;
    };
    Envelope::open(next.position, &next.bytes).is_ok_and(|next| next.previous == Hash::of(&first.bytes))
}

/// Judges the entries that follow the tip's own.
fn judge_all(tip: &Tip, raw: &RawRead) -> Result<ReadOutcome, LedgerError> {
    let mut entries: Vec<Entry> = Vec::with_capacity(raw.entries.len().saturating_sub(1));
    let (own, mut tip) = (tip.position, *tip);
    for next in raw.entries.iter().skip_while(|entry| entry.position <= own) {
        match Envelope::open(next.position, &next.bytes) {
            Ok(envelope) => entries.push(chain::judge(&tip, &envelope, next.bytes.clone())),
            Err(error) if entries.is_empty() => return Err(error),
            Err(_) => return Ok(ReadOutcome::Entries { entries, at_end: false }),
        }
        tip = entries.last().map_or(tip, Entry::tip);
    }
    let at_end = !raw.more;
    Ok(ReadOutcome::Entries { entries, at_end })
}

#[cfg(test)]
mod tests;
