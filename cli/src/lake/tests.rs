use super::*;

fn file(path: &str) -> File {
    File {
        path: path.to_owned(),
        end: LakeEnd {
            object_bytes: 10,
            tail_bytes: 2,
            tail_checksum: 0,
        },
        partitions: 1,
        records: 3,
        log_bytes: 20,
        max_timestamp: 5,
        behind: 0,
    }
}

#[test]
fn a_query_names_the_files_where_they_lie() {
    let place = |store: &str| Place {
        store: store.to_owned(),
        ledger: "sqlite:x".to_owned(),
    };
    let files = [file("c/lake/a.parquet"), file("c/lake/it's.parquet")];
    let query = duckdb(&place("file:/data/objects"), &files).unwrap();
    assert!(
        query.contains("read_parquet(['/data/objects/c/lake/a.parquet', '/data/objects/c/lake/it''s.parquet'], union_by_name = true)"),
        "{query}"
    );
    let query = duckdb(&place("s3://bucket/prefix/"), &files[..1]).unwrap();
    assert!(query.contains("['s3://bucket/prefix/c/lake/a.parquet'], "), "{query}");
    assert_eq!(duckdb(&place("file:x"), &[]), None);
}
