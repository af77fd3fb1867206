use super::*;

#[test]
fn duckdb_is_told_where_the_catalog_is() {
    let text = duckdb("SELECT 1", "http://127.0.0.1:8080/");
    assert!(text.contains("ENDPOINT 'http://127.0.0.1:8080/iceberg'"), "{text}");
    assert!(text.ends_with("\nSELECT 1;"), "{text}");
}

#[test]
fn a_question_ends_without_a_semicolon() {
    assert_eq!(question(" SELECT 1 ;\n").unwrap(), "SELECT 1");
}
