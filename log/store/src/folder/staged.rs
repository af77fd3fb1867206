//! What killed puts leave behind: files named like the object with `#` and a number behind it, which `object_store`
//! neither lists nor deletes.
//!
//! One is garbage when nobody has written to it for longer than any put may take. Its age is all there is to go by: a
//! staged file does not say whose it is, and another machine may share the folder. It need not be exact: a put so slow
//! that its file is removed fails in its rename, before anything is visible, and says so.

use std::fs::{DirEntry, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use crate::objects::Staged;

/// Staged files directly in the root and anywhere below a folder of it, by path.
pub(super) fn find(root: &Path, below: &str) -> io::Result<Vec<Staged>> {
    let mut found = Vec::new();
    let mut visit = |entry: &DirEntry, metadata: &Metadata| {
        if is_staged(&entry.path()) {
            found.push(describe(root, &entry.path(), metadata));
        }
    };
    walk(root, below, &mut visit)?;
    found.sort_unstable();
    Ok(found)
}

/// Removes those last written to before then, and folders that are empty since before then: a put that is about to
/// write into a folder has just made it. How many files went.
pub(super) fn sweep(root: &Path, below: &str, before_ms: i64) -> io::Result<u64> {
    let mut swept = 0;
    for staged in find(root, below)? {
        if staged.modified_ms < before_ms && gone(std::fs::remove_file(root.join(&staged.path)))? {
            swept += 1;
        }
    }
    for folder in folders(root, below)? {
        let modified_ms = match std::fs::metadata(&folder) {
            Ok(metadata) => modified_ms(&metadata),
            Err(_) => continue,
        };
        if modified_ms < before_ms {
            // Refused where it is not empty, which is most often.
            let _ = std::fs::remove_dir(&folder);
        }
    }
    Ok(swept)
}

/// The folders below one, the inner before the outer.
fn folders(root: &Path, below: &str) -> io::Result<Vec<PathBuf>> {
    let mut folders = Vec::new();
    let mut visit = |entry: &DirEntry, metadata: &Metadata| {
        if metadata.is_dir() && entry.path().parent() != Some(root) {
            folders.push(entry.path());
        }
    };
    walk(root, below, &mut visit)?;
    folders.reverse();
    Ok(folders)
}

/// Visits what lies directly in the root, then all below the folder, outer before inner. What vanishes meanwhile is
/// passed over.
fn walk(root: &Path, below: &str, visit: &mut impl FnMut(&DirEntry, &Metadata)) -> io::Result<()> {
    let start = root.join(below.trim_matches('/'));
    if start != root {
        visit_folder(root, &mut |entry, metadata| {
            if !metadata.is_dir() {
                visit(entry, metadata);
            }
        })?;
    }
    let mut waiting = vec![start];
    while let Some(folder) = waiting.pop() {
        visit_folder(&folder, &mut |entry, metadata| {
            visit(entry, metadata);
            if metadata.is_dir() {
                waiting.push(entry.path());
            }
        })?;
    }
    Ok(())
}

fn visit_folder(folder: &Path, visit: &mut impl FnMut(&DirEntry, &Metadata)) -> io::Result<()> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        match entry.metadata() {
            Ok(metadata) => visit(&entry, &metadata),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn is_staged(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.split_once('#')
        .is_some_and(|(_, number)| !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit()))
}

fn describe(root: &Path, path: &Path, metadata: &Metadata) -> Staged {
    let below = path.strip_prefix(root).unwrap_or(path);
    Staged {
        path: below.to_string_lossy().into_owned(),
        bytes: metadata.len(),
        modified_ms: modified_ms(metadata),
    }
}

/// The far future where the file system does not say: then it is left alone.
fn modified_ms(metadata: &Metadata) -> i64 {
    let since = metadata
        .modified()
        .ok()
        .and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    since
        .and_then(|since| i64::try_from(since.as_millis()).ok())
        .unwrap_or(i64::MAX)
}

fn gone(removed: io::Result<()>) -> io::Result<bool> {
    match removed {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}
