//! How a ledger begins: genesis, then the base from what position 0 holds.

use bytes::Bytes;
use world::Chance;

use crate::backend::{Backend, Base};
use crate::envelope::{Envelope, Kind};
use crate::error::{LedgerError, OpenError};
use crate::ids::{ClusterId, Hash};

/// The era in which every ledger begins.
const FIRST_ERA: u64 = 1;

/// The cluster whose ledger this is; begins it when it has not begun.
///
/// Several processes may begin it at once: one genesis wins position 0, and every one of them derives the same base from
/// it. One that dies in between leaves a genesis without a base, from which the next one goes on. One that sleeps in
/// between until the base has moved and position 0 was deleted may put a second genesis there on a backend that
/// cannot check; it then finds that there is a base, and believes that.
pub(super) async fn begin(backend: &dyn Backend, chance: &Chance) -> Result<ClusterId, OpenError> {
    if let Some(base) = backend.base().await? {
        return Ok(base.cluster);
    }
    let genesis = Envelope {
        kind: Kind::Genesis,
        era: FIRST_ERA,
        position: 0,
        previous: Hash::ZERO,
        body: Bytes::copy_from_slice(&chance.bytes::<16>()),
    };
    // Whatever became of it, position 0 tells.
    backend.append(0, Hash::ZERO, genesis.seal().0).await?;
    let read = backend.read(0, 0).await?;
    if let Some(first) = read.entries.first() {
        backend.create_base(&first_base(&first.bytes)?).await?;
    }
    let base = backend.base().await?.ok_or(LedgerError::NoBase)?;
    Ok(base.cluster)
}

/// The base that follows from the entry at position 0.
fn first_base(stored: &Bytes) -> Result<Base, OpenError> {
    let envelope = Envelope::open(0, stored)?;
    let cluster = <[u8; 16]>::try_from(&*envelope.body);
    let (Kind::Genesis, Ok(cluster)) = (envelope.kind, cluster) else {
        let what = "position 0 holds no genesis entry, and there is no base".to_owned();
        return Err(OpenError::Unusable { what });
    };
    Ok(Base {
        cluster: ClusterId(cluster),
        era: envelope.era,
        position: 0,
        hash: Hash::of(stored),
        snapshot: String::new(),
    })
}
