//! A folder on a disk that fills up: puts are refused definitely, nothing half is left, and reads go on.

use std::path::Path;
use std::process::Command;

use bytes::Bytes;
use ledger::ClusterId;
use metadata::{Incarnation, ObjectName};
use store::{Key, Store, StoreError, StoreOptions};
use world::World;

struct Mounted<'a>(&'a Path);

impl Mounted<'_> {
    fn mount(folder: &Path) -> Mounted<'_> {
        let mount = ["-t", "tmpfs", "-o", "size=2m", "tmpfs"];
        assert!(
            Command::new("mount")
                .args(mount)
                .arg(folder)
                .status()
                .unwrap()
                .success()
        );
        Mounted(folder)
    }
}

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0).status();
    }
}

fn segment(flush: u64) -> Key {
    let incarnation = Incarnation {
        position: 1,
        index: 0,
        nonce: 2,
    };
    Key::Segment(ObjectName {
        incarnation,
        flush,
        attempt: 0,
    })
}

#[tokio::test]
#[ignore = "mounts a small disk, as root"]
async fn a_full_disk() {
    let dir = tempfile::tempdir().unwrap();
    let _mounted = Mounted::mount(dir.path());
    let url = format!("file:{}/objects", dir.path().display());
    let store = Store::open(&url, StoreOptions::default(), World::real()).await.unwrap();
    let store = store.with_cluster(ClusterId([1; 16]));
    let part = Bytes::from(vec![7; 300_000]);
    let mut put = 0;
    let failed = loop {
        match store.put(&segment(put), vec![part.clone()]).await {
            Ok(()) => put += 1,
            Err(failed) => break failed,
        }
    };
    assert!(matches!(failed, StoreError::Full { .. }), "{failed:?}");
    assert_eq!(put, 6);
    assert!(store.staged().await.unwrap().is_empty());
    for flush in 0..put {
        assert_eq!(store.read(&segment(flush), 0..300_000).await, Ok(part.clone()));
    }
    store.delete(&[segment(0)]).await.unwrap();
    store.put(&segment(put), vec![part]).await.unwrap();
}
