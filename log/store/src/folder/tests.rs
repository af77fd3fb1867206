use futures::TryStreamExt as _;
use tempfile::TempDir;

use super::*;

async fn open() -> (TempDir, FolderObjects) {
    let dir = tempfile::tempdir().unwrap();
    let objects = FolderObjects::open(dir.path().to_str().unwrap(), World::real())
        .await
        .unwrap();
    (dir, objects)
}

#[tokio::test]
async fn a_url_names_a_folder() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().to_str().unwrap();
    for url in [format!("{path}/a/b"), format!("//{path}/a/b")] {
        let objects = FolderObjects::open(&url, World::real()).await.unwrap();
        assert_eq!(objects.root, dir.path().canonicalize().unwrap().join("a/b"), "{url}");
    }
    let failed = FolderObjects::open("", World::real()).await.unwrap_err();
    assert!(matches!(failed, StoreError::Setting { .. }));
    std::fs::write(dir.path().join("file"), "").unwrap();
    assert!(
        FolderObjects::open(&format!("{path}/file"), World::real())
            .await
            .is_err()
    );
}

#[tokio::test]
async fn staged_files_are_seen_and_swept_by_age() {
    let (dir, objects) = open().await;
    objects
        .put("mine/segment/aa/life/0-0", &[Bytes::from("x")])
        .await
        .unwrap();
    for staged in ["cluster.json#1", "mine/segment/aa/life/1-0#1", "mine/x#12", "other/x#1"] {
        std::fs::create_dir_all(dir.path().join(staged).parent().unwrap()).unwrap();
        std::fs::write(dir.path().join(staged), "half").unwrap();
    }
    for not_staged in ["mine/x#", "mine/x#1a"] {
        std::fs::write(dir.path().join(not_staged), "").unwrap();
    }
    let paths = async || -> Vec<String> {
        let staged = objects.staged("mine/").await.unwrap();
        staged.into_iter().map(|staged| staged.path).collect()
    };
    let all = ["cluster.json#1", "mine/segment/aa/life/1-0#1", "mine/x#12"];
    assert_eq!(paths().await, all);

    assert_eq!(objects.delete_staged("mine/", Duration::from_secs(3600)).await, Ok(0));
    assert_eq!(paths().await, all);
    age(dir.path(), "mine/x#12");
    assert_eq!(objects.delete_staged("mine/", Duration::from_secs(3600)).await, Ok(1));
    assert_eq!(paths().await, all[..2]);
    let found: Vec<Found> = objects.list("mine/segment/").try_collect().await.unwrap();
    assert_eq!(found.len(), 1, "what was put is still there");
}

/// Sets the time of last change two hours back.
fn age(root: &Path, path: &str) {
    let file = File::open(root.join(path)).unwrap();
    let modified = file.metadata().unwrap().modified().unwrap();
    file.set_modified(modified - Duration::from_secs(7200)).unwrap();
}

#[tokio::test]
async fn empty_folders_go_when_they_are_old() {
    let (dir, objects) = open().await;
    let path = "mine/segment/aa/life/0-0".to_owned();
    objects.put(&path, &[Bytes::from("x")]).await.unwrap();
    objects
        .put("mine/segment/bb/life/0-0", &[Bytes::from("x")])
        .await
        .unwrap();
    assert_eq!(objects.delete(&[path]).await, Ok(1));
    let sweep = async || objects.delete_staged("mine/", Duration::from_secs(3600)).await.unwrap();
    sweep().await;
    assert!(dir.path().join("mine/segment/aa/life").exists(), "just emptied");
    for folder in ["mine/segment/aa/life", "mine/segment/aa", "mine/segment/bb/life"] {
        age(dir.path(), folder);
    }
    sweep().await;
    assert!(!dir.path().join("mine/segment/aa/life").exists());
    assert!(dir.path().join("mine/segment/bb/life/0-0").exists());
    // The outer folder changed just now, when the inner one went.
    age(dir.path(), "mine/segment/aa");
    sweep().await;
    assert!(!dir.path().join("mine/segment/aa").exists());
    objects
        .put("mine/segment/aa/life/1-0", &[Bytes::from("x")])
        .await
        .unwrap();
}

#[tokio::test]
async fn a_replacement_waits_for_the_lock_and_gives_up() {
    let (dir, objects) = open().await;
    let lock = File::create(dir.path().join(LOCK_FILE)).unwrap();
    lock.lock().unwrap();
    let failed = objects
        .replace("mine/witness", None, Bytes::from("x"))
        .await
        .unwrap_err();
    assert!(
        failed.is_transient() && failed.to_string().contains(LOCK_FILE),
        "{failed}"
    );
    drop(lock);
    assert_eq!(objects.replace("mine/witness", None, Bytes::from("x")).await, Ok(true));
    assert!(objects.staged("mine/").await.unwrap().is_empty());
}

#[tokio::test]
async fn a_folder_is_settled_once_until_it_is_another() {
    let (dir, objects) = open().await;
    let folder = dir.path().join("mine/a");
    objects.put("mine/a/0", &[]).await.unwrap();
    let known = || objects.durable.known();
    assert_eq!(known(), 1);
    objects.put("mine/a/1", &[]).await.unwrap();
    assert_eq!(known(), 1);
    std::fs::remove_dir_all(&folder).unwrap();
    objects.put("mine/a/2", &[]).await.unwrap();
    assert_eq!(known(), 2, "the same path, another folder");
}

#[tokio::test]
async fn what_cannot_be_written_fails_definitely_and_leaves_nothing() {
    let (dir, objects) = open().await;
    std::fs::write(dir.path().join("mine"), "a file where a folder must be").unwrap();
    let failed = objects.put("mine/a", &[Bytes::from("x")]).await.unwrap_err();
    assert!(
        matches!(failed, StoreError::Definite { transient: false, .. }),
        "{failed:?}"
    );
    assert!(objects.staged("").await.unwrap().is_empty());
}
