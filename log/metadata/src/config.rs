//! Topic and cluster configs: the tables of names, their defaults, what values they take, and whether they do anything.
//! Knows nothing of who asks or of how an answer looks.
//!
//! A config whose meaning Tidelog does not honour is refused, so that nobody relies on it. Kafka's names that mean
//! nothing on object storage are kept, validated and shown, and marked [`Effect::WithoutEffect`].

mod cluster;
mod topic;
mod value;

pub use cluster::{CLUSTER_CONFIGS, ClusterConfig};
pub use topic::{KeyCompaction, LakeRetention, LanePolicy, TOPIC_CONFIGS, TimestampType, TopicConfig};
pub use value::{Effect, Kind, Spec};

use std::collections::{BTreeMap, BTreeSet};

use crate::entry;
use crate::outcome::Rejection;

/// The row of `name` in a table sorted by name.
pub(crate) fn find(table: &'static [Spec], name: &str) -> Option<&'static Spec> {
    table
        .binary_search_by(|spec| spec.name.cmp(name))
        .ok()
        .and_then(|at| table.get(at))
}

/// `overrides` after `set` and `unset`, each name at most once and every value valid.
pub(crate) fn changed(
    table: &'static [Spec],
    overrides: &BTreeMap<String, String>,
    set: &[entry::Config],
    unset: &[String],
) -> Result<BTreeMap<String, String>, Rejection> {
    let mut result = overrides.clone();
    let mut seen = BTreeSet::new();
    for name in unset {
        named(table, name, &mut seen)?;
        result.remove(name);
    }
    for config in set {
        let spec = named(table, &config.name, &mut seen)?;
        let value = config.value.trim();
        if value.len() > spec.kind.bytes_max() {
            return Err(invalid(&config.name, "the value is too long"));
        }
        spec.kind.check(value).map_err(|reason| invalid(&config.name, reason))?;
        result.insert(config.name.clone(), value.to_owned());
    }
    Ok(result)
}

fn named<'a>(table: &'static [Spec], name: &'a str, seen: &mut BTreeSet<&'a str>) -> Result<&'static Spec, Rejection> {
    let spec = find(table, name).ok_or_else(|| invalid(name, "there is no such config"))?;
    if !seen.insert(name) {
        return Err(invalid(name, "it is named twice"));
    }
    Ok(spec)
}

pub(crate) fn invalid(name: &str, reason: impl Into<String>) -> Rejection {
    // A name is repeated in outcomes and logs, so an endless one is cut.
    Rejection::InvalidConfig {
        name: name.chars().take(64).collect(),
        reason: reason.into(),
    }
}

#[cfg(test)]
mod tests;
