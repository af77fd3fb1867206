use std::io::ErrorKind;

use super::*;

fn io_error(op: Op, kind: ErrorKind) -> StoreError {
    let error = Error::Generic {
        store: "test",
        source: Box::new(io::Error::new(kind, "as the system says")),
    };
    explain(op, "a", &error)
}

#[test]
fn faults_of_a_disk_say_whether_it_happened() {
    let check = |kind, expect: &str| assert_eq!(io_error(Op::Put, kind).code(), expect, "{kind}");
    check(ErrorKind::StorageFull, "full");
    check(ErrorKind::QuotaExceeded, "full");
    check(ErrorKind::PermissionDenied, "definite");
    check(ErrorKind::ReadOnlyFilesystem, "definite");
    check(ErrorKind::Other, "unknown");
    check(ErrorKind::Interrupted, "unknown");
}

#[test]
fn what_changes_nothing_certainly_did_not_happen() {
    let failed = io_error(Op::Get, ErrorKind::Other);
    assert_eq!((failed.happened(), failed.is_transient()), (crate::Happened::No, true));
}

#[test]
fn a_real_full_disk_is_recognized() {
    // ENOSPC as the system gives it.
    let error = io::Error::from_raw_os_error(28);
    assert_eq!(explain_io(Op::Put, "a", error.to_string(), &error).code(), "full");
}

#[tokio::test]
async fn a_prefix_is_put_before_and_taken_off() {
    let memory = Arc::new(object_store::memory::InMemory::new());
    let inner = Bucket::new(memory.clone(), memory.clone(), "/some/prefix/");
    let outer = Bucket::new(memory.clone(), memory, "");
    inner.put("a/b", &[Bytes::from("x")]).await.unwrap();
    outer.put("some/other", &[Bytes::from("y")]).await.unwrap();
    let paths = async |bucket: &Bucket, folder: &str| -> Vec<String> {
        let found: Vec<Found> = bucket.list(folder).try_collect().await.unwrap();
        found.into_iter().map(|found| found.path).collect()
    };
    assert_eq!(paths(&inner, "").await, ["a/b"]);
    assert_eq!(paths(&inner, "a/").await, ["a/b"]);
    assert_eq!(paths(&inner, "b/").await, Vec::<String>::new());
    assert_eq!(paths(&outer, "").await, ["some/other", "some/prefix/a/b"]);
}

#[tokio::test]
async fn a_path_that_is_none_is_refused() {
    let memory = Arc::new(object_store::memory::InMemory::new());
    let bucket = Bucket::new(memory.clone(), memory, "");
    for path in ["a//b", "../a", "a/./b"] {
        let failed = bucket.put(path, &[]).await.unwrap_err();
        assert_eq!(failed.code(), "definite", "{path}");
    }
}
