use super::{address, fresh_url};

#[test]
fn every_run_has_a_log_of_its_own() {
    let check = |url: &str, expected: Option<&str>| assert_eq!(fresh_url(url, "r").ok().as_deref(), expected, "{url}");
    check("sqlite:/tmp/l.db", Some("sqlite:/tmp/l.db-r"));
    check("file:/tmp/o", Some("file:/tmp/o/r"));
    check("s3://bucket/prefix/", Some("s3://bucket/prefix/r"));
    check("dynamodb://table", Some("dynamodb://table?log=r"));
    check(
        "postgres://me@host/db?notify=off",
        Some("postgres://me@host/db?notify=off&log=r"),
    );
    check("memory:", None);
}

#[test]
fn endpoints_have_addresses() {
    assert_eq!(address("http://127.0.0.1:9000/").unwrap().port(), 9000);
    assert!(address("nowhere").is_err());
}
