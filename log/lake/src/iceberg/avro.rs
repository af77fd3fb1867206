//! Manifests and their lists, to bytes and from them. The Iceberg library writes into a storage of its own kind: here it is
//! memory, which is read at once.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use iceberg::io::{InputFile, MemoryStorage, OutputFile};
use iceberg::spec::{
    FormatVersion, Manifest, ManifestEntry, ManifestFile, ManifestList, ManifestListWriter, ManifestStatus,
    ManifestWriterBuilder, PartitionSpec, SchemaRef,
};

use super::container;
use crate::LakeError;

/// The name in memory; it does not come into the bytes.
const NAME: &str = "memory:/object";

/// A manifest of these entries, which a snapshot names first. What its list tells of it has no path yet.
pub(super) fn manifest(
    entries: &[ManifestEntry],
    snapshot_id: i64,
    schema: SchemaRef,
) -> Result<(Bytes, ManifestFile), LakeError> {
    let (output, input) = in_memory();
    let builder = ManifestWriterBuilder::new(output, Some(snapshot_id), schema, PartitionSpec::unpartition_spec());
    let mut writer = builder.build_v2_data();
    for entry in entries {
        let (file, sequence) = (entry.data_file.clone(), entry.sequence_number.unwrap_or_default());
        match entry.status {
            ManifestStatus::Added => writer.add_file(file, sequence)?,
            ManifestStatus::Existing => {
                let since = entry.snapshot_id.unwrap_or_default();
                writer.add_existing_file(file, since, sequence, entry.file_sequence_number)?;
            }
            ManifestStatus::Deleted => writer.add_delete_file(file, sequence, entry.file_sequence_number)?,
        }
    }
    let told = at_once(writer.write_manifest_file())?;
    let bytes = container::canonical(&at_once(input.read())?)?;
    let manifest_length = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
    let told = ManifestFile {
        manifest_length,
        ..told
    };
    Ok((bytes, told))
}

/// The entries of a manifest, each with the numbers that it may leave to its list.
pub(super) fn entries(bytes: &[u8], told: &ManifestFile) -> Result<Vec<ManifestEntry>, LakeError> {
    if told.manifest_length != i64::try_from(bytes.len()).unwrap_or(i64::MAX) {
        return Err(LakeError::Table(
            "a manifest has another length than its list says".to_owned(),
        ));
    }
    let (entries, _) = Manifest::parse_avro(bytes)?.into_parts();
    let inherit = |entry: Arc<ManifestEntry>| {
        let mut entry = ManifestEntry::clone(&entry);
        entry.snapshot_id = entry.snapshot_id.or(Some(told.added_snapshot_id));
        if entry.status == ManifestStatus::Added {
            entry.sequence_number = entry.sequence_number.or(Some(told.sequence_number));
            entry.file_sequence_number = entry.file_sequence_number.or(Some(told.sequence_number));
        }
        entry
    };
    Ok(entries.into_iter().map(inherit).collect())
}

/// A list of manifests, which is a snapshot.
pub(super) fn list(
    manifests: Vec<ManifestFile>,
    snapshot_id: i64,
    parent: Option<i64>,
    sequence: i64,
) -> Result<Bytes, LakeError> {
    let (output, input) = in_memory();
    let mut writer = ManifestListWriter::v2(at_once(output.writer())?, snapshot_id, parent, sequence);
    writer.add_manifests(manifests.into_iter())?;
    at_once(writer.close())?;
    container::canonical(&at_once(input.read())?)
}

/// The manifests of a list, in its order.
pub(super) fn listed(bytes: &[u8]) -> Result<Vec<ManifestFile>, LakeError> {
    let list = ManifestList::parse_with_version(bytes, FormatVersion::V2)?;
    Ok(list.consume_entries().into_iter().collect())
}

/// One object, to be written and to be read.
fn in_memory() -> (OutputFile, InputFile) {
    let storage = Arc::new(MemoryStorage::new());
    (
        OutputFile::new(storage.clone(), NAME.to_owned()),
        InputFile::new(storage, NAME.to_owned()),
    )
}

/// What memory does is done at once.
fn at_once<T>(work: impl Future<Output = iceberg::Result<T>>) -> Result<T, LakeError> {
    match pin!(work).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => Ok(done?),
        Poll::Pending => Err(LakeError::Table("writing into memory waits".to_owned())),
    }
}
