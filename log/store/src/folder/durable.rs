//! That the way to an object survives a power cut: its entry in its folder, the folder's entry in the next, up to the
//! root.
//!
//! `object_store` fsyncs the folders that a put itself makes. That leaves a gap. Put A makes a folder; put B finds it
//! there, writes into it, fsyncs its file and the folder, and is acknowledged, all before A has come to fsync the entry
//! of the folder in its parent; the power fails, the folder is gone and B's object with it. The same when A is killed
//! between making the folder and the fsync, and B runs in the next process. So after each put the folders up to the
//! root are fsynced, unless this process has done so for this very folder before.
//!
//! "This very folder" is its device, inode and time of birth, not its path: another process may have removed an empty
//! folder and a third put may have made it anew.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use parking_lot::Mutex;

/// How many folders are remembered: 256 a life, so this is several hundred lives. Beyond it all are forgotten.
const KNOWN_MAX: usize = 1 << 17;

/// Device, inode, birth in nanoseconds since 1970.
type Identity = (u64, u64, u128);

#[derive(Debug)]
pub(super) struct Durable {
    root: PathBuf,
    known: Mutex<BTreeSet<Identity>>,
}

impl Durable {
    pub(super) fn new(root: PathBuf) -> Durable {
        Durable {
            root,
            known: Mutex::new(BTreeSet::new()),
        }
    }

    /// Makes the way to this file durable. The file keeps its folder from being removed meanwhile.
    pub(super) fn settle(&self, file: &Path) -> io::Result<()> {
        let Some(folder) = file.parent() else {
            return Ok(());
        };
        let identity = identity(folder)?;
        if identity.is_some_and(|identity| self.known.lock().contains(&identity)) {
            return Ok(());
        }
        for above in folder.ancestors().take_while(|above| above.starts_with(&self.root)) {
            sync(above)?;
        }
        if let Some(identity) = identity {
            let mut known = self.known.lock();
            if known.len() >= KNOWN_MAX {
                known.clear();
            }
            known.insert(identity);
        }
        Ok(())
    }

    /// How many folders are remembered.
    #[cfg(test)]
    pub(super) fn known(&self) -> usize {
        self.known.lock().len()
    }

    /// Makes the entry of this file in its folder durable.
    #[expect(clippy::unused_self, reason = "the calls of one job stand together")]
    pub(super) fn sync_entry(&self, file: &Path) -> io::Result<()> {
        file.parent().map_or(Ok(()), sync)
    }
}

/// `None` where the file system does not keep times of birth: then nothing is remembered.
fn identity(folder: &Path) -> io::Result<Option<Identity>> {
    let metadata = std::fs::metadata(folder)?;
    let born = metadata
        .created()
        .ok()
        .and_then(|born| born.duration_since(UNIX_EPOCH).ok());
    Ok(born.map(|born| (metadata.dev(), metadata.ino(), born.as_nanos())))
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Makes a folder and all above it that are not there, durably. Its canonical path.
pub(super) fn make(folder: &Path) -> io::Result<PathBuf> {
    let absolute = std::path::absolute(folder)?;
    let there = absolute.ancestors().find(|above| above.exists()).unwrap_or(&absolute);
    // One more than was made, and at least the parent: a process before this one may have been killed in between.
    let topmost = there.parent().unwrap_or(there).to_owned();
    std::fs::create_dir_all(&absolute)?;
    let made = absolute.canonicalize()?;
    for above in absolute.ancestors().take_while(|above| *above != topmost) {
        sync(above)?;
    }
    match sync(&topmost) {
        // Others' folders may be closed to us; ours are not in them.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(made),
        synced => synced.map(|()| made),
    }
}
