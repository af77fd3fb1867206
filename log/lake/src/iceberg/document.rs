//! The metadata of a table: a JSON document. It knows no files.

use std::collections::BTreeMap;

use bytes::Bytes;
use iceberg::spec::{Schema, TableMetadata};
use serde::{Deserialize, Serialize};

use super::Identity;
use super::readings::{self, Readings};
use super::schema;
use crate::LakeError;

/// Partition fields count from 1000, and there are none.
const LAST_PARTITION_ID: i32 = 999;
/// The one branch.
const MAIN: &str = "main";
/// In a snapshot's summary: the position of the ledger of which it tells.
pub(super) const POSITION: &str = "tidelog.position";

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Document {
    format_version: u8,
    table_uuid: String,
    location: String,
    pub(super) last_sequence_number: i64,
    pub(super) last_updated_ms: i64,
    last_column_id: i32,
    schemas: Vec<Schema>,
    pub(super) current_schema_id: i32,
    partition_specs: Vec<Spec>,
    default_spec_id: i32,
    last_partition_id: i32,
    properties: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) current_snapshot_id: Option<i64>,
    pub(super) snapshots: Vec<Snapshot>,
    snapshot_log: Vec<Logged>,
    metadata_log: Vec<serde_json::Value>,
    sort_orders: Vec<Order>,
    default_sort_order_id: i64,
    refs: BTreeMap<String, Branch>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Spec {
    spec_id: i32,
    fields: [(); 0],
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Order {
    order_id: i64,
    fields: [(); 0],
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Logged {
    timestamp_ms: i64,
    snapshot_id: i64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Branch {
    snapshot_id: i64,
    r#type: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Snapshot {
    pub(super) snapshot_id: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) parent_snapshot_id: Option<i64>,
    pub(super) sequence_number: i64,
    pub(super) timestamp_ms: i64,
    pub(super) manifest_list: String,
    pub(super) summary: BTreeMap<String, String>,
    pub(super) schema_id: i32,
}

impl Snapshot {
    /// The position of the ledger of which it tells.
    pub(super) fn position(&self) -> Option<u64> {
        self.summary.get(POSITION)?.parse().ok()
    }
}

impl Document {
    /// A table without a snapshot.
    pub(super) fn new(identity: &Identity) -> Result<Self, LakeError> {
        Self {
            format_version: 2,
            table_uuid: uuid(&identity.uuid),
            location: identity.location.clone(),
            last_sequence_number: 0,
            last_updated_ms: 0,
            last_column_id: 0,
            schemas: Vec::new(),
            current_schema_id: 0,
            partition_specs: vec![Spec { spec_id: 0, fields: [] }],
            default_spec_id: 0,
            last_partition_id: LAST_PARTITION_ID,
            properties: BTreeMap::new(),
            current_snapshot_id: None,
            snapshots: Vec::new(),
            snapshot_log: Vec::new(),
            metadata_log: Vec::new(),
            sort_orders: vec![Order {
                order_id: 0,
                fields: [],
            }],
            default_sort_order_id: 0,
            refs: BTreeMap::new(),
        }
        .of(identity)
    }

    /// The same of a table that is known by this identity now.
    pub(super) fn of(mut self, identity: &Identity) -> Result<Self, LakeError> {
        self.location.clone_from(&identity.location);
        // Nobody but us deletes, and a reader that would collect what it calls garbage must not.
        let fixed = [
            ("gc.enabled", "false"),
            ("write.format.default", "parquet"),
            // Iceberg before 1.10 cannot read offsets and timestamps by vectors, as they are encoded, and Spark would fail.
            ("read.parquet.vectorization.enabled", "false"),
        ];
        let readings = self.properties.remove_entry(readings::PROPERTY);
        self.properties = fixed
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .chain(identity.properties.iter().cloned())
            .chain(readings)
            .collect();
        let schema = schema::schema(&identity.columns)?;
        self.current_schema_id = schema.schema_id();
        let ever = identity.columns.last_id().unwrap_or_default();
        self.last_column_id = schema.highest_field_id().max(ever);
        self.schemas.retain(|known| known.schema_id() != schema.schema_id());
        self.schemas.push(schema.as_ref().clone());
        Ok(self)
    }

    /// By which declarations files were read.
    pub(super) fn readings(&self) -> Readings {
        let told = self.properties.get(readings::PROPERTY);
        told.map(|told| Readings::read(told)).unwrap_or_default()
    }

    /// Tells by which declarations files were read.
    pub(super) fn tell_readings(&mut self, readings: &Readings) {
        if let Some(told) = readings.write() {
            self.properties.insert(readings::PROPERTY.to_owned(), told);
        }
    }

    pub(super) fn is_of(&self, id: &[u8; 16]) -> bool {
        self.table_uuid == uuid(id)
    }

    pub(super) fn read(json: &[u8]) -> Result<Self, LakeError> {
        let read = serde_json::from_slice(json);
        read.map_err(|error| LakeError::Table(format!("its metadata: {error}")))
    }

    /// The newest snapshot.
    pub(super) fn current(&self) -> Option<&Snapshot> {
        let id = self.current_snapshot_id?;
        self.snapshots.iter().find(|snapshot| snapshot.snapshot_id == id)
    }

    /// Puts a snapshot before all others.
    pub(super) fn push(&mut self, snapshot: Snapshot) {
        self.current_snapshot_id = Some(snapshot.snapshot_id);
        let branch = Branch {
            snapshot_id: snapshot.snapshot_id,
            r#type: "branch".to_owned(),
        };
        self.refs = BTreeMap::from([(MAIN.to_owned(), branch)]);
        self.snapshot_log.push(Logged {
            timestamp_ms: snapshot.timestamp_ms,
            snapshot_id: snapshot.snapshot_id,
        });
        self.snapshots.push(snapshot);
    }

    /// Leaves out snapshots from before `since_ms`, and the oldest of more than `most`; the newest stays.
    pub(super) fn expire(&mut self, since_ms: i64, most: usize) {
        let excess = self.snapshots.len().saturating_sub(most.max(1));
        let current = self.current_snapshot_id;
        let mut at = 0..;
        self.snapshots.retain(|snapshot| {
            let is_old = at.next() < Some(excess) || snapshot.timestamp_ms < since_ms;
            Some(snapshot.snapshot_id) == current || !is_old
        });
        let snapshots = &self.snapshots;
        let stays = |id: i64| snapshots.iter().any(|snapshot| snapshot.snapshot_id == id);
        self.snapshot_log.retain(|logged| stays(logged.snapshot_id));
    }

    /// The document, which the Iceberg library takes. It has the schemas of the snapshots that are left.
    pub(super) fn write(mut self) -> Result<Bytes, LakeError> {
        let (current, snapshots) = (self.current_schema_id, &self.snapshots);
        self.schemas.retain(|schema| {
            let id = schema.schema_id();
            id == current || snapshots.iter().any(|snapshot| snapshot.schema_id == id)
        });
        let wrong = |error: serde_json::Error| LakeError::Table(format!("metadata: {error}"));
        let json = serde_json::to_vec(&self).map_err(wrong)?;
        serde_json::from_slice::<TableMetadata>(&json).map_err(wrong)?;
        Ok(json.into())
    }
}

/// Sixteen bytes as they are written in Iceberg.
fn uuid(bytes: &[u8; 16]) -> String {
    let mut text = String::with_capacity(36);
    for (at, byte) in bytes.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    text
}
