//! From a path to the only key that could have it. Loose: the caller compares the key's own path with what was read,
//! so nothing here has to be strict about case, widths or the hash.

use ledger::ClusterId;
use metadata::{Incarnation, ObjectName, TopicId};

use super::{Key, LakeFormat, SnapshotName};

pub(super) fn loosely(path: &str, cluster: &ClusterId) -> Option<Key> {
    if path == "cluster.json" {
        return Some(Key::Cluster);
    }
    let rest = path.strip_prefix(&cluster.to_string())?.strip_prefix('/')?;
    let parts: Vec<&str> = rest.splitn(7, '/').collect();
    match parts.as_slice() {
        ["witness"] => Some(Key::Witness),
        ["snapshot", _, name] => snapshot(name).map(Key::Snapshot),
        ["segment", _, life, name] => object(life, name).map(Key::Segment),
        ["state", _, life, name] => object(life, name).map(Key::State),
        ["lake", topic, "data", _, life, name] => {
            let name = object(life, name.strip_suffix(".parquet")?)?;
            Some(Key::LakeData(topic_id(topic)?, name))
        }
        ["lake", topic, "metadata", life, name] => lake_metadata(topic, life, name),
        _ => None,
    }
}

fn lake_metadata(topic: &str, life: &str, name: &str) -> Option<Key> {
    let format = [LakeFormat::Json, LakeFormat::Avro]
        .into_iter()
        .find(|format| name.ends_with(format.suffix()))?;
    let name = object(life, name.strip_suffix(format.suffix())?)?;
    Some(Key::LakeMetadata(topic_id(topic)?, name, format))
}

fn object(life: &str, name: &str) -> Option<ObjectName> {
    let (flush, attempt) = name.split_once('-')?;
    Some(ObjectName {
        incarnation: life.parse().ok()?,
        flush: flush.parse().ok()?,
        attempt: attempt.parse().ok()?,
    })
}

fn snapshot(name: &str) -> Option<SnapshotName> {
    let parts: Vec<&str> = name.splitn(7, '-').collect();
    let [era, position, hash, life, nonce, attempt] = parts.as_slice() else {
        return None;
    };
    let incarnation: Incarnation = format!("{life}-{nonce}").parse().ok()?;
    Some(SnapshotName {
        era: u64::from_str_radix(era, 16).ok()?,
        position: u64::from_str_radix(position, 16).ok()?,
        hash: bytes(hash)?,
        incarnation,
        attempt: attempt.parse().ok()?,
    })
}

fn topic_id(text: &str) -> Option<TopicId> {
    bytes(text).map(TopicId)
}

fn bytes(text: &str) -> Option<[u8; 16]> {
    (text.len() == 32)
        .then(|| u128::from_str_radix(text, 16).ok())
        .flatten()
        .map(u128::to_be_bytes)
}
