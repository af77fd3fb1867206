//! A small file system in memory, that can be filled.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};

/// A tmpfs over a folder, gone with its value.
#[derive(Debug)]
pub struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Mounts it over a folder, which is made if it is not there.
    ///
    /// # Errors
    /// When the system refuses: only root may mount.
    pub fn mount(folder: &Path, mib: u64) -> Result<SmallDisk> {
        std::fs::create_dir_all(folder)?;
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={mib}m"), "tidelog-test"])
            .arg(folder)
            .output()?;
        let said = String::from_utf8_lossy(&mounted.stderr);
        ensure!(
            mounted.status.success(),
            "this test mounts a tmpfs, so it has to be root: {said}"
        );
        Ok(SmallDisk(folder.to_owned()))
    }

    /// Writes until there is no room left. The file to remove when there shall be some again.
    ///
    /// # Errors
    /// When nothing can be written at all.
    pub fn fill(&self) -> Result<PathBuf> {
        let ballast = self.0.join("ballast");
        let mut file = File::create(&ballast)?;
        for bytes in [1 << 20, 4096, 1] {
            let block = vec![0_u8; bytes];
            while file.write_all(&block).is_ok() {}
        }
        Ok(ballast)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}
