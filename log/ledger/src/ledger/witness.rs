//! Comparing the ledger with the witness, and keeping the witness fresh.

use seeded::Bug;

use super::{Found, Ledger, WitnessOutcome};
use crate::chain::{Evidence, Tip};
use crate::error::LedgerError;
use crate::witness;

impl Ledger {
    /// Compares the ledger with the witness: what the witness says must be in the ledger. Does not write.
    ///
    /// The witness is read first. It is only ever written after its entry, so an entry it names that the ledger does
    /// not have was there once. No sign of a loss are: an entry that was trimmed (the base moves only while the ledger
    /// contains what the witness says), and an era that is over (an operator accepted its loss).
    ///
    /// # Errors
    /// When the store or the backend fails, or the witness is damaged.
    pub async fn check_witness(&self) -> Result<WitnessOutcome, LedgerError> {
        let Some((bytes, _)) = self.witness.read(self.cluster).await? else {
            return Ok(WitnessOutcome::Contained);
        };
        let said = witness::decode(self.cluster, &bytes)?;
        match self.find(&said, Evidence::Witness).await? {
            Found::There | Found::Trimmed(_) => Ok(WitnessOutcome::Contained),
            Found::Lost(loss) => match self.survey(None).await?.tip.era > said.era {
                true => Ok(WitnessOutcome::Contained),
                false => Ok(WitnessOutcome::Lost(loss)),
            },
        }
    }

    /// Makes the witness say `tip`, by compare-and-set, if the caller's own chain contains what it says now: otherwise
    /// one behind a loss would destroy the evidence of it.
    ///
    /// The caller's chain is the ledger's up to its tip, which is looked for here. So it contains the witness's entry
    /// when the ledger does, at a position not beyond the tip. Where the tip's entry does not fit, the witness names the
    /// last one that does.
    ///
    /// # Errors
    /// When the store or the backend fails, or the witness is damaged (a damaged one is not replaced).
    pub async fn refresh_witness(&self, tip: &Tip) -> Result<WitnessOutcome, LedgerError> {
        let current = self.witness.read(self.cluster).await?;
        let said = current
            .as_ref()
            .map(|(bytes, _)| witness::decode(self.cluster, bytes))
            .transpose()?;
        match self.find(tip, Evidence::OwnEntry).await? {
            Found::There => {}
            Found::Trimmed(_) => return Ok(WitnessOutcome::Reload),
            Found::Lost(loss) => return Ok(WitnessOutcome::Lost(loss)),
        }
        let tip = &tip.anchor();
        if let Some(said) = said.filter(|_| !seeded::is(Bug::WitnessByOneBehind)) {
            if said == *tip {
                return Ok(WitnessOutcome::Contained);
            }
            if said.era > tip.era || (said.era == tip.era && said.position > tip.position) {
                return Ok(WitnessOutcome::Behind);
            }
            if said.era == tip.era
                && let Found::Lost(loss) = self.find(&said, Evidence::Witness).await?
            {
                return Ok(WitnessOutcome::Lost(loss));
            }
        }
        let bytes = witness::encode(self.cluster, tip);
        let expected = current.map(|(_, version)| version);
        match self.witness.replace(self.cluster, expected, bytes).await? {
            true => Ok(WitnessOutcome::Refreshed),
            false => Ok(WitnessOutcome::Raced),
        }
    }
}
