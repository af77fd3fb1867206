//! An entry is made, and then it is put.

use bytes::Bytes;

use super::{Appended, Ledger};
use crate::backend::{Append, Looks};
use crate::chain::{Entry, EntryKind, Tip};
use crate::envelope::{Envelope, HEADER_BYTES, Kind};
use crate::error::LedgerError;

/// An entry that is made and not yet put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    stored: Bytes,
    tip: Tip,
}

impl Sealed {
    /// The entry with proposals, for one who knows that it was put and counts.
    pub fn entry(&self) -> Entry {
        let kind = EntryKind::Proposals(self.stored.slice(HEADER_BYTES..));
        Entry::fitting(self.tip, kind, self.stored.clone())
    }
}

impl Ledger {
    /// Makes the entry with proposals that is to be put after `tip`.
    ///
    /// # Errors
    /// [`LedgerError::TooLarge`], or that the tip is at the last position there is.
    pub fn seal(&self, tip: &Tip, body: Bytes) -> Result<Sealed, LedgerError> {
        self.seal_as(tip, Kind::Proposals, tip.era, body)
    }

    /// Puts an entry that was sealed after `tip`, as [`Ledger::append`] does.
    ///
    /// # Errors
    /// As there.
    pub async fn append_sealed(&self, tip: &Tip, sealed: &Sealed) -> Result<Appended, LedgerError> {
        let put = sealed.tip;
        match (
            self.backend
                .append(put.position, tip.stored_hash(), sealed.stored.clone())
                .await?,
            self.backend.looks(),
        ) {
            // A statement that looks at a misfit before sees nothing of what stands before that.
            (Append::Appended, Looks::InStatement) if tip.fits() => Ok(Appended::At(put)),
            (Append::Appended, _) => self.look_after(tip, put).await.map_err(LedgerError::after_put),
            (Append::Taken, _) => Ok(Appended::Taken),
            (Append::Trimmed, _) => Ok(Appended::Reload),
            (Append::PredecessorDiffers, _) => self.doubt_refusal(tip).await,
        }
    }

    pub(super) async fn put(&self, tip: &Tip, kind: Kind, era: u64, body: Bytes) -> Result<Appended, LedgerError> {
        self.append_sealed(tip, &self.seal_as(tip, kind, era, body)?).await
    }

    fn seal_as(&self, tip: &Tip, kind: Kind, era: u64, body: Bytes) -> Result<Sealed, LedgerError> {
        let bytes_max = self.entry_bytes_max();
        if body.len() > bytes_max {
            let bytes = body.len();
            return Err(LedgerError::TooLarge { bytes, bytes_max });
        }
        let position = tip.position.checked_add(1);
        let envelope = Envelope {
            kind,
            era,
            position: position.ok_or_else(|| LedgerError::refused("the tip is at the last position there is"))?,
            previous: tip.hash,
            body,
        };
        let (stored, hash) = envelope.seal();
        let position = envelope.position;
        Ok(Sealed {
            stored,
            tip: Tip::new(era, position, hash),
        })
    }
}
