use super::*;
use crate::finding::Verdict;

#[test]
fn judged() {
    let check = |journal: &str, synchronous: i64, verdict: Verdict| {
        assert_eq!(durability(journal, synchronous).verdict, verdict);
    };
    check("wal", 2, Verdict::Ok);
    check("wal", 3, Verdict::Ok);
    check("wal", 1, Verdict::Fail);
    check("delete", 2, Verdict::Fail);
}

#[tokio::test]
async fn a_file_is_not_made() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("ledger.db");
    assert!(examine(&path).await.is_err());
    assert!(!path.exists());
}
