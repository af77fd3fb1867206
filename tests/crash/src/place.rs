//! Where a log of a test lies: a folder that goes when the test is over, unless it failed.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context as _, Result};
use tempfile::TempDir;

use crate::stand::Stand;

/// A folder with the processes' logs and, unless they are on servers, a ledger and objects.
#[derive(Debug)]
pub struct Place {
    root: PathBuf,
    stand: Stand,
    kept: Option<TempDir>,
    passed: AtomicBool,
}

impl Place {
    /// An empty folder of its own.
    ///
    /// # Errors
    /// What the file system says.
    pub fn new() -> Result<Place> {
        let mut place = Place::on(Stand::local(Path::new("")))?;
        place.stand = Stand::local(&place.dir());
        Ok(place)
    }

    /// A folder for what stands on something else.
    ///
    /// # Errors
    /// What the file system says.
    pub fn on(stand: Stand) -> Result<Place> {
        let made = TempDir::with_prefix("tidelog-crash-").context("cannot make a folder")?;
        Ok(Place {
            root: made.path().to_owned(),
            stand,
            kept: Some(made),
            passed: AtomicBool::new(false),
        })
    }

    /// What the log stands on.
    pub fn stand(&self) -> &Stand {
        &self.stand
    }

    /// The test has passed: nobody wants to look at the folder.
    pub fn passed(&self) {
        self.passed.store(true, Ordering::SeqCst);
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What `--dir` takes.
    pub fn dir(&self) -> PathBuf {
        self.root.join("log")
    }

    /// The ledger's file.
    pub fn ledger_file(&self) -> PathBuf {
        self.dir().join("ledger.db")
    }

    /// Where clients write down what they do.
    pub fn history(&self) -> PathBuf {
        self.root.join("history.jsonl")
    }

    /// Every file below the objects' folder whose path has `part` in it, sorted. None when there is no such folder.
    ///
    /// # Errors
    /// What the file system says.
    pub fn objects(&self, part: &str) -> Result<Vec<PathBuf>> {
        let mut found = Vec::new();
        let objects = self.dir().join("objects");
        if objects.is_dir() {
            walk(&objects, &mut found)?;
        }
        found.retain(|file| file.to_string_lossy().contains(part));
        found.sort();
        Ok(found)
    }
}

/// A folder of a failed test stays, for someone to look at.
impl Drop for Place {
    fn drop(&mut self) {
        if let Some(made) = self.kept.take()
            && !self.passed.load(Ordering::SeqCst)
        {
            // Told by the harness' own output: the test's name stands above it.
            let _ = std::io::Write::write_all(
                &mut std::io::stderr(),
                format!("kept for inspection: {}\n", made.keep().display()).as_bytes(),
            );
        }
    }
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            walk(&path, found)?;
        } else {
            found.push(path);
        }
    }
    Ok(())
}
