//! Topics as tables: that what is published can be read, and tells of the lake files that the ledger names.

use std::collections::BTreeMap;

use anyhow::Result;
use lake::LakeFile;
use lake::iceberg::Table;
use metadata::{LakeEnd, ObjectName, Place, Published, State, Topic};
use store::{Key, StoreError};

use super::Log;
use super::finding::{Finding, Kind, Report};

/// Checks them all.
pub(super) async fn check(log: &Log, state: &State, report: &mut Report) -> Result<()> {
    for topic in state.topics() {
        if let Some(published) = state.published(topic.number()) {
            check_table(log, state, topic, &published, report).await?;
        }
    }
    Ok(())
}

async fn check_table(
    log: &Log,
    state: &State,
    topic: &Topic,
    published: &Published,
    report: &mut Report,
) -> Result<()> {
    let mut objects = Vec::with_capacity(published.objects.len());
    for (key, checksum) in Key::describing(topic.id(), published) {
        let path = key.path(&log.base.cluster);
        match log.store.read_fresh(&key, None).await {
            Ok(bytes) => {
                report.checked.objects += 1;
                report.checked.bytes += bytes.len() as u64;
                if crc32c::crc32c(&bytes) != checksum {
                    report.add(Finding::object(
                        Kind::DamagedObject,
                        &path,
                        "it is not what was published",
                    ));
                    return Ok(());
                }
                objects.push(bytes);
            }
            Err(StoreError::NotFound { .. }) => {
                let what = format!("the table of {} is told of by it", topic.name());
                report.add(Finding::object(Kind::MissingObject, &path, what));
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        }
    }
    let metadata = Key::describing(topic.id(), published).next();
    let path = metadata.map_or(String::new(), |(key, _)| key.path(&log.base.cluster));
    match Table::open(&topic.id().0, &objects) {
        Err(error) => report.add(Finding::object(Kind::DamagedObject, path, error.to_string())),
        // What is behind is published anew by the next compactor that lives.
        Ok(_) if topic.lake_changed() > published.seen => {}
        Ok(table) => {
            let named = files(log, state, topic)?;
            let what = match difference(&table, &named) {
                Some(what) => Some(what),
                None => told_twice(log, topic, &named).await?,
            };
            if let Some(what) = what {
                report.add(Finding::object(Kind::WrongTable, path, what));
            }
        }
    }
    Ok(())
}

/// Lake files by where they lie.
type Files = BTreeMap<String, (ObjectName, LakeEnd)>;

/// Where the lake files of a topic lie.
fn files(log: &Log, state: &State, topic: &Topic) -> Result<Files> {
    let mut files = BTreeMap::new();
    for (_, partition) in state.partitions(topic.number()) {
        for extent in partition.extents() {
            if let Place::Lake { name, end } = extent.place {
                files.insert(log.store.location(&Key::LakeData(topic.id(), name))?, (name, end));
            }
        }
    }
    Ok(files)
}

/// What a table tells that is not so. Where its objects were copied to another place, or are reached by another way now, it
/// tells of the place where they were.
fn difference(table: &Table, files: &Files) -> Option<String> {
    let told: BTreeMap<&str, u64> = table.files();
    if table.entries() != told.len() {
        return Some("it tells of a file twice".to_owned());
    }
    let too_many = told.keys().find(|file| !files.contains_key(**file));
    let missing = files.keys().find(|file| !told.contains_key(file.as_str()));
    match (too_many, missing) {
        (Some(file), _) => Some(format!("it tells of {file}, which the ledger does not name")),
        (None, Some(file)) => Some(format!("it does not tell of {file}")),
        (None, None) => None,
    }
}

/// An offset that two of the files have rows of. One that cannot be opened is somebody else's finding.
async fn told_twice(log: &Log, topic: &Topic, files: &Files) -> Result<Option<String>> {
    let mut parts = Vec::new();
    for (at, (name, end)) in files {
        let Ok(tail) = log.store.read(&Key::LakeData(topic.id(), *name), end.range()).await else {
            continue;
        };
        let Ok(file) = LakeFile::open(&tail, end.object_bytes, end.tail_checksum) else {
            continue;
        };
        let rows = file.footer().parts.iter().filter(|part| part.rows > 0);
        parts.extend(rows.map(|part| (part.partition, part.base, part.last, at)));
    }
    parts.sort_unstable();
    let twice = parts
        .windows(2)
        .find(|pair| pair[0].0 == pair[1].0 && pair[1].1 <= pair[0].2);
    Ok(twice.map(|pair| {
        let ((partition, _, _, one), (_, offset, _, other)) = (pair[0], pair[1]);
        format!("it tells of offset {offset} of partition {partition} twice: {one} and {other} have it")
    }))
}
