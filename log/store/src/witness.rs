//! Where the ledger's witness lies: an object that is replaced by version. Its bytes are the ledger's.

use async_trait::async_trait;
use bytes::Bytes;
use ledger::{ClusterId, Happened as LedgerHappened, Version, WitnessError, WitnessStore};

use crate::objects::Tag;
use crate::{Happened, Key, Op, Store, StoreError};

#[async_trait]
impl WitnessStore for Store {
    async fn read(&self, cluster: ClusterId) -> Result<Option<(Bytes, Version)>, WitnessError> {
        let path = Key::Witness.path(&cluster);
        let found = self.objects().get_tagged(&path).await?;
        Ok(found.map(|(bytes, Tag(tag))| (bytes, Version(tag))))
    }

    /// No answer of a conditional put is believed but success: a refusal may be about our own bytes, or about a
    /// request still under way. What is there afterwards decides.
    async fn replace(&self, cluster: ClusterId, expected: Option<Version>, bytes: Bytes) -> Result<bool, WitnessError> {
        let path = Key::Witness.path(&cluster);
        let expected = expected.map(|Version(tag)| Tag(tag));
        let answer = self.objects().replace(&path, expected.as_ref(), bytes.clone()).await;
        if answer == Ok(true) {
            return Ok(true);
        }
        let found = self.objects().get_tagged(&path).await;
        Ok(judge(&path, answer, found, expected.as_ref(), &bytes)?)
    }
}

/// What became of a replacement that was not answered with success.
fn judge(
    path: &str,
    answer: Result<bool, StoreError>,
    found: Result<Option<(Bytes, Tag)>, StoreError>,
    expected: Option<&Tag>,
    wanted: &Bytes,
) -> Result<bool, StoreError> {
    let refused = answer.is_ok();
    let failed = answer.err().unwrap_or_else(|| StoreError::Unknown {
        op: Op::Replace,
        path: path.to_owned(),
        reason: "refused, and what is there could not be read".to_owned(),
    });
    match found {
        Ok(Some((bytes, _))) if bytes == *wanted => Ok(true),
        // Still the version we wanted to replace: the answer stands, and a refusal was about a request under way,
        // whose end the next look will see.
        Ok(found) if found.as_ref().map(|(_, tag)| tag) == expected => {
            if refused {
                Ok(false)
            } else {
                Err(failed)
            }
        }
        // Another version. If the request was refused it was not ours; else ours may have come and gone.
        Ok(_) if refused || failed.happened() == Happened::No => Ok(false),
        Ok(_) | Err(_) => Err(failed),
    }
}

impl From<StoreError> for WitnessError {
    fn from(error: StoreError) -> WitnessError {
        WitnessError {
            happened: match error.happened() {
                Happened::No => LedgerHappened::No,
                Happened::Maybe => LedgerHappened::Maybe,
            },
            reason: error.to_string(),
        }
    }
}

#[cfg(test)]
mod tests;
