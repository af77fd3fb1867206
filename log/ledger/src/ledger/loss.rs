//! What follows when a ledger lost its end: the halt, and the operator's new era.

use bytes::Bytes;

use super::{Accepted, Appended, Description, Found, Halted, Ledger, ReadOutcome, WitnessOutcome};
use crate::backend::Base;
use crate::chain::{EntryKind, Loss, Tip};
use crate::envelope::Kind;
use crate::error::LedgerError;
use crate::ids::Era;
use crate::witness;

/// How often a put that others outrun is tried.
const TRIES: u32 = 32;
/// Bytes read at a time on the way to the end.
const STEP_BYTES: usize = 4 << 20;

/// The ledger from the base to its end.
pub(super) struct Survey {
    base: Base,
    pub(super) tip: Tip,
    halted: bool,
    /// An entry that is looked for, and whether it is a part of the chain.
    wanted: Option<Tip>,
    holds_wanted: bool,
    /// The highest era that any entry speaks of.
    era_max: Era,
}

impl Ledger {
    /// Tells every process of a lost end: reads again, finds the ledger's end, and appends a halt there that names the
    /// era in which the lost entry was known. None when the ledger's era is newer (an operator has accepted this loss)
    /// or when it is halted already.
    ///
    /// That the entry is in its place after all tells nothing: on a backend that does not check the predecessor a copy of
    /// it that was still under way may have come back, over the hole that the loss left. It is not lost only if the
    /// chain leads to it.
    ///
    /// # Errors
    /// Those of the backend. Call it again until it answers.
    pub async fn halt(&self, loss: &Loss) -> Result<Halted, LedgerError> {
        for _ in 0..TRIES {
            if let Found::Trimmed(base) = self.find(&loss.expected, loss.evidence).await? {
                return Ok(Halted::Reload(base));
            }
            let survey = self.survey(Some(loss.expected)).await?;
            if survey.holds_wanted {
                return Ok(Halted::NotLost);
            }
            if survey.tip.era > loss.expected.era {
                return Ok(Halted::Reload(survey.base));
            }
            if survey.halted {
                return Ok(Halted::Already(survey.tip));
            }
            let kind = Kind::Halt { era: loss.expected.era };
            if let Appended::At(tip) = self
                .put(&survey.tip, kind, survey.tip.era, loss.to_string().into())
                .await?
            {
                return Ok(Halted::At(tip));
            }
        }
        Err(LedgerError::unavailable(
            "others append faster than this process can halt",
        ))
    }

    /// The operator's word that what was lost is lost: begins an era above every one that any entry or the witness
    /// speaks of, and makes the witness say so. `note` is kept in the entry for people to read (who, and why). A loss
    /// that only the witness shows is halted first.
    ///
    /// # Errors
    /// Those of the backend. Call it again until it answers; once the era has begun the answer is
    /// [`Accepted::NotHalted`].
    pub async fn accept_loss(&self, note: Bytes) -> Result<Accepted, LedgerError> {
        for _ in 0..TRIES {
            let witness = self.witness.read(self.cluster).await?;
            // A damaged witness says nothing; it is replaced below.
            let said = witness
                .as_ref()
                .and_then(|(bytes, _)| witness::decode(self.cluster, bytes).ok());
            let survey = self.survey(None).await?;
            if !survey.halted {
                // Perhaps nobody is alive who was ahead, and only the witness knows.
                let WitnessOutcome::Lost(loss) = self.check_witness().await? else {
                    return Ok(Accepted::NotHalted(survey.tip));
                };
                self.halt(&loss).await?;
                continue;
            }
            let era = said.map_or(0, |said| said.era).max(survey.era_max).saturating_add(1);
            if let Appended::At(tip) = self.put(&survey.tip, Kind::NewEra, era, note.clone()).await? {
                // Only a convenience: a witness of an older era is no sign of a loss, and the next refresh replaces it.
                let bytes = witness::encode(self.cluster, &tip);
                let replaced = self
                    .witness
                    .replace(self.cluster, witness.map(|(_, version)| version), bytes)
                    .await;
                if let Err(error) = replaced {
                    tracing::warn!(%error, "the witness still speaks of the era before");
                }
                return Ok(Accepted::At(tip));
            }
        }
        Err(LedgerError::unavailable(
            "others append faster than a new era can begin",
        ))
    }

    /// What there is, for people: reads every entry behind the base, and the witness. Does not write.
    ///
    /// # Errors
    /// When the store or the backend fails, or an entry or the witness is damaged.
    pub async fn describe(&self) -> Result<Description, LedgerError> {
        // The witness comes first: what it says was in the ledger before it was said.
        let loss = match self.check_witness().await? {
            WitnessOutcome::Lost(loss) => Some(loss),
            _ => None,
        };
        let Survey { base, tip, halted, .. } = self.survey(None).await?;
        Ok(Description {
            base,
            tip,
            halted,
            loss,
        })
    }

    /// Reads the ledger from the base to its end, looking for an entry.
    pub(super) async fn survey(&self, wanted: Option<Tip>) -> Result<Survey, LedgerError> {
        let mut survey = Survey::from(self.base().await?, wanted);
        loop {
            match self.read(&survey.tip, STEP_BYTES).await? {
                ReadOutcome::Reload(base) => survey = Survey::from(base, wanted),
                ReadOutcome::Lost(loss) => {
                    let position = loss.expected.position;
                    return Err(LedgerError::Missing { position });
                }
                ReadOutcome::Entries { entries, at_end } => {
                    for entry in entries {
                        survey.pass(entry.tip(), &entry.kind);
                    }
                    if at_end {
                        return Ok(survey);
                    }
                }
            }
        }
    }
}

impl Survey {
    fn from(base: Base, wanted: Option<Tip>) -> Survey {
        Survey {
            tip: base.tip(),
            halted: false,
            wanted,
            holds_wanted: wanted.is_some_and(|wanted| wanted.hash == base.hash),
            era_max: base.era,
            base,
        }
    }

    fn pass(&mut self, tip: Tip, kind: &EntryKind) {
        self.tip = tip;
        self.holds_wanted |= self.wanted.is_some_and(|wanted| wanted.hash == tip.hash);
        self.era_max = self.era_max.max(tip.era);
        match kind {
            EntryKind::Halt { era, .. } => {
                self.halted = true;
                self.era_max = self.era_max.max(*era);
            }
            EntryKind::NewEra => self.halted = false,
            EntryKind::Proposals(_) | EntryKind::Void => {}
        }
    }
}
