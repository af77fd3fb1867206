//! A table over its versions: files that come, go and become others, read back each time as Iceberg's own library reads it.

mod counts;
mod evolution;

use std::collections::BTreeMap;

use ::iceberg::spec::{ManifestStatus, Operation, TableMetadata};
use bytes::Bytes;
use metadata::LakeColumns;
use records::{BatchBuilder, Codec};

use super::*;
use crate::columns::Column;
use crate::{LakeFile, LakeWriter, WriteSettings};

fn identity(columns: &Arc<LakeColumns>) -> Identity {
    Identity {
        uuid: [7; 16],
        location: "s3://bucket/lake/topic".to_owned(),
        columns: Arc::clone(columns),
        properties: vec![("tidelog.topic".to_owned(), "orders".to_owned())],
    }
}

fn location(at: u64) -> String {
    format!("s3://bucket/lake/topic/data/{at}.parquet")
}

/// A file of so many rows of partition 3, from an offset on; in each value `n` is the row.
fn file(at: u64, rows: i64, columns: &Arc<LakeColumns>) -> TableFile {
    let mut writer = LakeWriter::new("topic", columns, WriteSettings::default()).unwrap();
    let base = i64::try_from(at).unwrap() * 100;
    writer.begin(3, base).unwrap();
    let mut batch = BatchBuilder::new(Codec::None, None);
    for row in 0..rows {
        let value = format!("{{\"n\": {row}}}");
        batch.push(1_000 + row, None, Some(value.as_bytes()), &[]).unwrap();
    }
    writer.push(&batch.build().unwrap(), base).unwrap();
    writer.end(base + rows - 1).unwrap();
    let written = writer.finish().unwrap();
    let opened = written.open(&written.bytes).unwrap();
    TableFile::new(&opened, &identity(columns), location(at)).unwrap()
}

/// What is published: by where it lies.
#[derive(Default)]
struct Bucket {
    objects: BTreeMap<String, Bytes>,
    list: Option<String>,
    manifests: Vec<String>,
    sequence: u64,
    oldest: Option<u64>,
    columns: Arc<LakeColumns>,
}

/// How many manifests are kept, and new.
type Manifests = (usize, usize);

impl Bucket {
    fn table(&self) -> Option<Table> {
        let metadata = self.objects.get("metadata")?.clone();
        let others = self.list.iter().chain(&self.manifests);
        let objects: Vec<Bytes> = std::iter::once(metadata)
            .chain(others.map(|at| self.objects[at].clone()))
            .collect();
        Some(Table::open(&[7; 16], &objects).unwrap())
    }

    fn put(&mut self, what: &str, bytes: &Bytes) -> String {
        let location = format!("s3://bucket/lake/topic/metadata/{what}");
        self.objects.insert(location.clone(), bytes.clone());
        location
    }

    /// Publishes that these are the files, of so many rows each.
    fn publish(&mut self, files: &[(u64, i64)], since_ms: i64, snapshots_max: usize) -> Manifests {
        let table = self.table();
        let known: Vec<String> = table
            .iter()
            .flat_map(|table| table.files().into_keys().map(str::to_owned))
            .collect();
        let new = files.iter().filter(|(at, _)| !known.contains(&location(*at)));
        let new = new.map(|&(at, rows)| file(at, rows, &self.columns)).collect();
        self.sequence += 1;
        let sequence = self.sequence;
        let next = Next {
            identity: &identity(&self.columns),
            files: files.iter().map(|&(at, _)| location(at)).collect(),
            new,
            position: 10 * sequence,
            era: 2,
            sequence,
            at_ms: 1_000 * i64::try_from(sequence).unwrap(),
            since_ms,
            snapshots_max,
        };
        let draft = Draft::new(table, next).unwrap();
        let before = std::mem::take(&mut self.manifests);
        self.manifests = draft.kept().iter().map(|&at| before[at].clone()).collect();
        let mut made = Vec::new();
        for (at, bytes) in draft.manifests().enumerate() {
            made.push(self.put(&format!("{sequence}-{at}.avro"), bytes));
        }
        let list = draft.list(&made).unwrap();
        let list = list.map(|bytes| self.put(&format!("{sequence}-list.avro"), &bytes));
        let counts = (draft.kept().len(), made.len());
        self.manifests.extend(made);
        self.list = list.clone().or(self.list.take());
        let (metadata, oldest) = draft.metadata(list).unwrap();
        self.oldest = oldest;
        self.objects.insert("metadata".to_owned(), metadata);
        let table = self.table().unwrap();
        let told: BTreeMap<String, u64> = table
            .files()
            .into_iter()
            .map(|(at, rows)| (at.to_owned(), rows))
            .collect();
        let expect = files
            .iter()
            .map(|&(at, rows)| (location(at), u64::try_from(rows).unwrap()));
        assert_eq!((told, table.entries()), (expect.collect(), files.len()));
        counts
    }

    fn metadata(&self) -> TableMetadata {
        serde_json::from_slice(&self.objects["metadata"]).unwrap()
    }

    fn operation(&self) -> (Operation, String) {
        let metadata = self.metadata();
        let summary = metadata.current_snapshot().unwrap().summary().clone();
        (
            summary.operation,
            summary.additional_properties["total-records"].clone(),
        )
    }
}

#[test]
fn versions_follow_the_files() {
    let mut bucket = Bucket::default();
    assert_eq!(bucket.publish(&[(1, 10), (2, 5)], 0, 9), (0, 1));
    assert_eq!(bucket.operation(), (Operation::Append, "15".to_owned()));
    assert_eq!(bucket.publish(&[(1, 10), (2, 5), (3, 1)], 0, 9), (1, 1));
    assert_eq!(bucket.operation(), (Operation::Append, "16".to_owned()));
    // Two become one: the manifest that told of them is written anew.
    assert_eq!(bucket.publish(&[(4, 15), (3, 1)], 0, 9), (1, 1));
    assert_eq!(bucket.operation(), (Operation::Replace, "16".to_owned()));
    assert_eq!(bucket.publish(&[(5, 8), (3, 1)], 0, 9), (1, 1));
    assert_eq!(bucket.operation(), (Operation::Overwrite, "9".to_owned()));
    assert_eq!(bucket.publish(&[(3, 1)], 0, 9), (1, 1), "the new one tells what went");
    assert_eq!(bucket.operation(), (Operation::Delete, "1".to_owned()));
    assert_eq!(bucket.publish(&[(3, 1)], 0, 9), (2, 0), "nothing changed");
    assert_eq!(bucket.metadata().snapshots().count(), 5);
    assert_eq!(bucket.publish(&[], 0, 9), (0, 1));
    assert_eq!(bucket.publish(&[(6, 2)], 0, 9), (0, 1));
    let metadata = bucket.metadata();
    let current = metadata.current_snapshot().unwrap();
    assert_eq!((current.snapshot_id(), current.sequence_number()), ((2 << 32) | 8, 8));
    assert_eq!(metadata.uuid().to_string(), "07070707-0707-0707-0707-070707070707");
    assert_eq!(bucket.oldest, Some(10));
}

#[test]
fn old_snapshots_are_left_out() {
    let mut bucket = Bucket::default();
    for files in 1..=6 {
        let files: Vec<_> = (1..=files).map(|at| (at, 1)).collect();
        bucket.publish(&files, 0, 4);
    }
    let snapshots = |bucket: &Bucket| {
        let mut all: Vec<i64> = bucket.metadata().snapshots().map(|one| one.sequence_number()).collect();
        all.sort_unstable();
        all
    };
    assert_eq!((snapshots(&bucket), bucket.oldest), (vec![3, 4, 5, 6], Some(30)));
    let same: Vec<_> = (1..=6).map(|at| (at, 1)).collect();
    bucket.publish(&same, 5_000, 4);
    assert_eq!((snapshots(&bucket), bucket.oldest), (vec![5, 6], Some(50)));
    bucket.publish(&same, i64::MAX, 4);
    assert_eq!((snapshots(&bucket), bucket.oldest), (vec![6], None), "the newest stays");
}

#[test]
fn small_manifests_become_one() {
    let mut bucket = Bucket::default();
    let mut most = 0;
    for files in 1..=20 {
        let files: Vec<_> = (1..=files).map(|at| (at, 1)).collect();
        bucket.publish(&files, 0, 4);
        most = most.max(bucket.manifests.len());
    }
    assert_eq!(most, 8);
    // What came long ago is still told as of then.
    let table = bucket.table().unwrap();
    let mut sequences: Vec<i64> = table
        .manifests
        .iter()
        .flat_map(|known| &known.entries)
        .map(|entry| entry.sequence_number.unwrap())
        .collect();
    sequences.sort_unstable();
    assert_eq!(sequences, (1..=20).collect::<Vec<_>>());
    let existing = table
        .manifests
        .iter()
        .flat_map(|known| &known.entries)
        .filter(|entry| entry.status == ManifestStatus::Existing);
    assert!(existing.count() >= 9);
}

#[test]
fn the_same_is_told_in_the_same_bytes() {
    let told = || {
        let mut bucket = Bucket::default();
        bucket.publish(&[(1, 10), (2, 5)], 0, 9);
        bucket.publish(&[(1, 10), (3, 1)], 0, 9);
        bucket.objects
    };
    let objects = told();
    assert!(objects.len() > 4);
    assert!((0..4).all(|_| told() == objects));
}

#[test]
fn a_file_is_told_with_its_bounds() {
    let TableFile(told, _) = file(4, 25, &Arc::default());
    let lower = |id: i32| told.lower_bounds()[&id].to_string();
    let upper = |id: i32| told.upper_bounds()[&id].to_string();
    assert_eq!(
        (lower(1), lower(2), upper(2)),
        ("3".to_owned(), "400".to_owned(), "424".to_owned())
    );
    assert_eq!(told.record_count(), 25);
    assert_eq!(told.null_value_counts()[&14], 25, "a column without statistics");
    assert!(told.upper_bounds().contains_key(&3));
    assert_eq!(told.value_counts()[&2], 25);
}

#[test]
fn what_a_table_asks_of_its_readers() {
    let mut bucket = Bucket::default();
    bucket.publish(&[(1, 1)], 0, 4);
    let metadata = bucket.metadata();
    let is_off = |name: &str| metadata.properties()[name] == "false";
    assert!(is_off("gc.enabled") && is_off("read.parquet.vectorization.enabled"));
}

#[test]
fn what_is_not_the_tables_is_not_opened() {
    let mut bucket = Bucket::default();
    bucket.publish(&[(1, 1)], 0, 4);
    let metadata = &bucket.objects["metadata"];
    let list = bucket.objects[bucket.list.as_ref().unwrap()].clone();
    let manifest = bucket.objects[&bucket.manifests[0]].clone();
    let (own, other) = ([7; 16], [8; 16]);
    let open = |uuid: &[u8; 16], objects: &[&Bytes]| {
        let objects: Vec<Bytes> = objects.iter().map(|&object| object.clone()).collect();
        Table::open(uuid, &objects).map_err(|error| error.to_string())
    };
    let cut = |object: &Bytes| object.slice(1..);
    assert!(open(&own, &[metadata, &list, &manifest]).is_ok());
    let of_another = open(&other, &[metadata, &list, &manifest]);
    assert!(of_another.unwrap_err().contains("another topic's"));
    assert!(open(&own, &[]).is_err());
    assert!(open(&own, &[metadata]).is_err());
    assert!(open(&own, &[metadata, &list]).is_err());
    assert!(open(&own, &[&cut(metadata), &list, &manifest]).is_err());
    assert!(open(&own, &[metadata, &manifest, &manifest]).is_err());
    assert!(open(&own, &[metadata, &list, &cut(&manifest)]).is_err());
}

#[test]
fn a_table_of_nothing_has_its_columns() {
    let metadata: TableMetadata = serde_json::from_slice(&empty(&identity(&Arc::default())).unwrap()).unwrap();
    assert!(metadata.current_snapshot().is_none());
    let schema = metadata.current_schema();
    let names: Vec<&str> = schema
        .as_struct()
        .fields()
        .iter()
        .map(|field| field.name.as_str())
        .collect();
    assert_eq!((names.len(), names[1]), (15, "kafka_offset"));
    assert_eq!(schema.highest_field_id(), 18);
    assert_eq!(
        schema
            .field_by_name("kafka_headers.element.value")
            .map(|field| field.id),
        Some(18)
    );
}
