//! Every file that a table's snapshots tell of, found as a reader finds it: from object to object, by where they lie.

use std::collections::BTreeSet;

use bytes::Bytes;

use super::avro;
use super::document::Document;
use crate::LakeError;

/// Where all files lie that a table's snapshots tell of. `read` is given where an object lies, and gives its bytes.
///
/// # Errors
/// `Table` for the first object that is not there, or cannot be read.
pub fn told(metadata: &[u8], mut read: impl FnMut(&str) -> Option<Bytes>) -> Result<BTreeSet<String>, LakeError> {
    let mut read = |location: &str| {
        let bytes = read(location);
        bytes.ok_or_else(|| LakeError::Table(format!("{location} is not there")))
    };
    let (mut files, mut seen) = (BTreeSet::new(), BTreeSet::new());
    for snapshot in Document::read(metadata)?.snapshots {
        for manifest in avro::listed(&read(&snapshot.manifest_list)?)? {
            if !seen.insert(manifest.manifest_path.clone()) {
                continue;
            }
            let entries = avro::entries(&read(&manifest.manifest_path)?, &manifest)?;
            let live = entries.iter().filter(|entry| entry.is_alive());
            files.extend(live.map(|entry| entry.file_path().to_owned()));
        }
    }
    Ok(files)
}
