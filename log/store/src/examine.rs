//! Whether the store does what the log needs of it, seen by doing it: with an object that nothing will ever name.
//!
//! The probe has the key of a segment, of a life at position 0. There stands the genesis, so no such life was ever
//! registered, nor will be: a probe that a killed examination left behind is garbage to every sweep, which takes it after the
//! grace as it does what any dead life left.

use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use ledger::finding::{clock, latency};
use ledger::s3::rules::{self, RuleNames};
use ledger::{ClusterId, Finding};
use metadata::{Incarnation, ObjectName};
use world::World;

use crate::objects::{Backing, Tag};
use crate::{Key, Kind, Store, StoreError, StoreOptions};

/// How often a small put and a small read are measured.
const MEASURED: u64 = 5;
/// The bytes of a probe.
const PROBE_BYTES: usize = 1024;
/// A put, and a read, that takes longer is told: S3 takes some 30 ms and 15 ms inside its region.
const PUT_WARN: Duration = Duration::from_millis(250);
const GET_WARN: Duration = Duration::from_millis(150);
/// A `Date` says no more than the second.
const DATE_GRAIN: Duration = Duration::from_secs(1);
/// A tag that no object has, in the form of S3 and of a folder.
const NO_TAG: &str = "\"00000000000000000000000000000000\"";

/// The names where the bucket holds a store.
const STORE_RULES: RuleNames = RuleNames {
    lifecycle: "store_lifecycle",
    versioning: "store_versioning",
    object_lock: "store_object_lock",
};

/// Looks at the rules of the bucket that the URL of a store names; there are none elsewhere.
///
/// # Errors
/// [`StoreError::Setting`].
pub async fn examine_rules(url: &str, options: &StoreOptions) -> Result<Vec<Finding>, StoreError> {
    if !url.starts_with("s3:") {
        return Ok(Vec::new());
    }
    let rules = rules::examine(url, &options.aws, &STORE_RULES).await;
    rules.map_err(|reason| StoreError::Setting { reason })
}

impl Store {
    /// Whether the store belongs to the cluster, lists, writes, reads and deletes, and heeds conditions; how long small
    /// calls take; whether its clock agrees with the one here. Writes and deletes some objects of a KiB under keys of their
    /// own, and changes nothing else.
    ///
    /// A call that fails is a finding, unless nobody answered at all.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn examine(&self, cluster: ClusterId, world: &World) -> Result<Vec<Finding>, StoreError> {
        let store = self.with_cluster(cluster);
        let mut findings = vec![store.examine_cluster(cluster).await?, store.examine_list().await];
        store.probe(world, &mut findings).await;
        findings.extend(store.examine_clock(world).await);
        Ok(findings)
    }

    /// `cluster.json` is there and names the ledger's cluster.
    async fn examine_cluster(&self, cluster: ClusterId) -> Result<Finding, StoreError> {
        let (name, other) = (
            "store_cluster",
            "name the store and the ledger that belong together, or restore cluster.json",
        );
        Ok(match self.cluster().await {
            Ok(Some(file)) if file.cluster == cluster => Finding::ok(name, format!("cluster {cluster}")),
            Ok(Some(file)) => {
                let what = format!("the store belongs to cluster {}, the ledger to {cluster}", file.cluster);
                Finding::fail(name, what, other)
            }
            Ok(None) => Finding::fail(name, "there is no cluster.json", other),
            Err(error) if error.is_transient() => return Err(error),
            Err(error) => Finding::fail(name, error.to_string(), other),
        })
    }

    async fn examine_list(&self) -> Finding {
        let name = "store_list";
        let listed = match self.list_stream(Some(Kind::Segment)) {
            Ok(mut listed) => listed.next().await.transpose().map(drop),
            Err(error) => Err(error),
        };
        match listed {
            Ok(()) => Finding::ok(name, "allowed"),
            Err(error) => Finding::warn(
                name,
                error.to_string(),
                "allow s3:ListBucket on the bucket to agents and compactors: without it S3 answers 403 for what is not \
                 there, and neither garbage nor snapshots can be listed",
            ),
        }
    }

    /// Puts some probes, asks for what must be refused, reads and deletes them.
    async fn probe(&self, world: &World, findings: &mut Vec<Finding>) {
        let life = Incarnation {
            position: 0,
            index: 0,
            nonce: world.chance.u64(),
        };
        let key = |flush| {
            Key::Segment(ObjectName {
                incarnation: life,
                flush,
                attempt: 0,
            })
        };
        let keys: Vec<Key> = (0..MEASURED).map(key).collect();
        let bytes = Bytes::from(world.chance.bytes::<PROBE_BYTES>().to_vec());
        findings.extend(self.probe_put(&keys, &bytes, world).await);
        if findings.last().is_some_and(|last| last.name == "store_put") {
            return;
        }
        findings.extend(self.probe_get(&keys, &bytes, world).await);
        findings.extend(self.probe_conditions(&keys, &bytes).await);
        let name = "store_delete";
        findings.push(match self.delete(&keys).await {
            Ok(_) => Finding::ok(name, "allowed"),
            Err(error) => Finding::warn(
                name,
                error.to_string(),
                "allow s3:DeleteObject under the prefix to whoever sweeps (compactors); agents need it not. The probes that \
                 were left are swept after the grace",
            ),
        });
    }

    async fn probe_put(&self, keys: &[Key], bytes: &Bytes, world: &World) -> Vec<Finding> {
        let name = "store_put";
        let mut took = Vec::new();
        for key in keys {
            let began = world.clock.now();
            if let Err(error) = self.put(key, vec![bytes.clone()]).await {
                let advice = "allow s3:PutObject under the prefix, or free space on the disk";
                return vec![Finding::fail(name, error.to_string(), advice)];
            }
            took.push(world.clock.now().saturating_duration_since(began));
        }
        let advice = "run agents in the bucket's region, or on a faster disk; each write of a segment takes as long";
        vec![
            Finding::ok(name, "allowed"),
            latency("store_put_latency", took, PUT_WARN, advice),
        ]
    }

    async fn probe_get(&self, keys: &[Key], bytes: &Bytes, world: &World) -> Vec<Finding> {
        let name = "store_get";
        let mut took = Vec::new();
        for key in keys {
            let began = world.clock.now();
            // The second half, so that the server must heed a range.
            let half = PROBE_BYTES as u64 / 2;
            let read = self.read_fresh(key, Some(half..PROBE_BYTES as u64)).await;
            let advice = "allow s3:GetObject under the prefix; a read must return what was written, and a range of it";
            match read {
                Ok(read) if read == bytes.slice(PROBE_BYTES / 2..) => {}
                Ok(read) => {
                    let what = format!("{} bytes came back that are not those that were written", read.len());
                    return vec![Finding::fail(name, what, advice)];
                }
                Err(error) => return vec![Finding::fail(name, error.to_string(), advice)],
            }
            took.push(world.clock.now().saturating_duration_since(began));
        }
        let advice = "run agents in the bucket's region, or on a faster disk";
        vec![
            Finding::ok(name, "allowed, ranges too"),
            latency("store_get_latency", took, GET_WARN, advice),
        ]
    }

    /// What must be refused: to make what is there, and to replace another version than the one that is there.
    async fn probe_conditions(&self, keys: &[Key], bytes: &Bytes) -> Vec<Finding> {
        let Some(path) = keys.first().and_then(|key| self.path(crate::Op::Create, key).ok()) else {
            return Vec::new();
        };
        let created = self.objects().create(&path, bytes.clone()).await;
        let tag = Tag(NO_TAG.to_owned());
        let replaced = self.objects().replace(&path, Some(&tag), bytes.clone()).await;
        vec![
            condition("store_if_none_match", "If-None-Match", created),
            condition("store_if_match", "If-Match", replaced),
        ]
    }

    async fn examine_clock(&self, world: &World) -> Option<Finding> {
        if matches!(self.backing(), Backing::Memory | Backing::Folder) {
            // It has no other clock than its machine's.
            return None;
        }
        let name = "store_clock";
        let before_ms = world.clock.wall_ms();
        let date = self.date_ms().await;
        let own_ms = (before_ms, world.clock.wall_ms());
        Some(match date {
            Ok(date_ms) => clock(name, own_ms, date_ms, DATE_GRAIN),
            // What was wrong with cluster.json is told by its own name.
            Err(error) => Finding::warn(name, format!("cannot be seen: {error}"), "see store_cluster"),
        })
    }
}

/// Judges a put whose condition did not hold.
fn condition(name: &'static str, header: &str, answer: Result<bool, StoreError>) -> Finding {
    match answer {
        Ok(false) => Finding::ok(name, "heeded"),
        Ok(true) => Finding::fail(
            name,
            format!("the server takes {header} and does not heed it: two processes can both believe that they wrote"),
            "use a server, or a version of it, that has conditional puts",
        ),
        Err(error) => Finding::fail(
            name,
            error.to_string(),
            format!(
                "use a server that answers {header} with 412, and allow s3:GetObject and s3:PutObject under the prefix"
            ),
        ),
    }
}

#[cfg(test)]
mod tests;
