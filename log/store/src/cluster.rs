//! `cluster.json`: which cluster lives below a prefix. Created once; whether it is the right one is the caller's to
//! judge.
//!
//! ```text
//! {"format":1,"cluster":"<32 hex>"}
//! ```

use bytes::Bytes;
use ledger::ClusterId;
use serde::{Deserialize, Serialize};

use crate::{Op, Store, StoreError};

/// The format this version writes and reads.
pub const CLUSTER_FORMAT: u32 = 1;

/// What `cluster.json` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClusterFile {
    /// The version of its format.
    pub format: u32,
    /// The cluster below this prefix.
    pub cluster: ClusterId,
}

/// What came of creating `cluster.json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CreateCluster {
    /// It says what was asked for.
    Created,
    /// It was there, and this is what it says.
    Exists(ClusterFile),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Json {
    format: u32,
    cluster: String,
}

/// Only the version: a later format may have other fields.
#[derive(Deserialize)]
struct Version {
    format: u32,
}

impl ClusterFile {
    /// The file for this cluster.
    pub fn new(cluster: ClusterId) -> ClusterFile {
        ClusterFile {
            format: CLUSTER_FORMAT,
            cluster,
        }
    }

    /// The file's bytes.
    pub fn encode(&self) -> Bytes {
        let json = Json {
            format: self.format,
            cluster: self.cluster.to_string(),
        };
        serde_json::to_vec(&json)
            .expect("a number and a string have a JSON form")
            .into()
    }

    /// Reads the file's bytes.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when they are not of a format this version knows.
    pub fn decode(bytes: &[u8]) -> Result<ClusterFile, StoreError> {
        let corrupt = |reason: String| StoreError::Corrupt {
            path: "cluster.json".to_owned(),
            reason,
        };
        let Version { format } = serde_json::from_slice(bytes).map_err(|error| corrupt(error.to_string()))?;
        if format != CLUSTER_FORMAT {
            return Err(corrupt(format!(
                "format {format} needs another version, this one reads {CLUSTER_FORMAT}"
            )));
        }
        let json: Json = serde_json::from_slice(bytes).map_err(|error| corrupt(error.to_string()))?;
        let cluster = json
            .cluster
            .parse()
            .map_err(|_| corrupt(format!("{:?} is not a cluster id", json.cluster)))?;
        Ok(ClusterFile { format, cluster })
    }
}

impl Store {
    /// What `cluster.json` says, if it is there.
    ///
    /// # Errors
    /// Any of a read; [`StoreError::Corrupt`] when it says nothing that this version understands.
    pub async fn cluster(&self) -> Result<Option<ClusterFile>, StoreError> {
        match self.objects().get_tagged(CLUSTER_JSON).await? {
            None => Ok(None),
            Some((bytes, _)) => ClusterFile::decode(&bytes).map(Some),
        }
    }

    /// Writes `cluster.json` where none is. Whatever the answer was, what counts is what is there afterwards: the
    /// request may have been carried out without a good answer, and a refusal may have been about our own file.
    ///
    /// # Errors
    /// Any of a put or of the read after it.
    pub async fn create_cluster(&self, cluster: ClusterId) -> Result<CreateCluster, StoreError> {
        let file = ClusterFile::new(cluster);
        let answer = self.objects().create(CLUSTER_JSON, file.encode()).await;
        if answer == Ok(true) {
            return Ok(CreateCluster::Created);
        }
        match (self.cluster().await, answer) {
            (Ok(Some(found)), _) if found == file => Ok(CreateCluster::Created),
            (Ok(Some(found)), _) => Ok(CreateCluster::Exists(found)),
            (_, Err(failed)) => Err(failed),
            (Err(failed), _) => Err(failed),
            // Refused as if something were there, and nothing is: another writer's request was under way.
            (Ok(None), Ok(_)) => Err(StoreError::Definite {
                op: Op::Create,
                path: CLUSTER_JSON.to_owned(),
                reason: "another request for it is under way".to_owned(),
                transient: true,
            }),
        }
    }
}

/// The path of `Key::Cluster`, which has no cluster in it.
const CLUSTER_JSON: &str = "cluster.json";

#[cfg(test)]
mod tests;
