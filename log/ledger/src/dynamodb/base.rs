//! The base record as an item. It knows no request.

use super::address::Key;
use super::client::{BASE, CLUSTER, ERA, HASH, Item, SNAPSHOT};
use crate::backend::Base;
use crate::error::LedgerError;
use crate::ids::{ClusterId, Hash};

pub(super) fn item_of(base: &Base, key: &Key) -> Item {
    Item::at(key)
        .with_bytes(CLUSTER, &base.cluster.0)
        .with_number(ERA, base.era)
        .with_number(BASE, base.position)
        .with_bytes(HASH, &base.hash.0)
        .with_text(SNAPSHOT, &base.snapshot)
}

pub(super) fn of_item(item: &Item) -> Result<Base, LedgerError> {
    let damaged = |name: &str| LedgerError::CorruptBase {
        what: format!("its attribute {name} is missing, or not what it should be"),
    };
    let number = |name: &str| item.number(name).ok_or_else(|| damaged(name));
    let bytes = |name: &str| item.bytes(name).ok_or_else(|| damaged(name));
    let cluster = bytes(CLUSTER)?.try_into().map_err(|_| damaged(CLUSTER))?;
    let hash = bytes(HASH)?.try_into().map_err(|_| damaged(HASH))?;
    Ok(Base {
        cluster: ClusterId(cluster),
        era: number(ERA)?,
        position: number(BASE)?,
        hash: Hash(hash),
        snapshot: item.text(SNAPSHOT).ok_or_else(|| damaged(SNAPSHOT))?.to_owned(),
    })
}
