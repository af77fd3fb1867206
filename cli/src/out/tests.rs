use super::*;

fn check(headers: &[&str], rows: &[&[&str]], expect: &str) {
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.iter().map(|text| (*text).to_owned()).collect())
        .collect();
    assert_eq!(render(headers, &rows), expect);
}

#[test]
fn tables_align_their_columns() {
    check(&["name", "n"], &[], "NAME  N");
    check(
        &["name", "n"],
        &[&["orders", "7"], &["x", "12345"]],
        "NAME    N\norders      7\nx       12345",
    );
}

#[test]
fn bytes_for_people() {
    assert_eq!(human_bytes(0), "0 B");
    assert_eq!(human_bytes(1536), "1.50 KiB");
}
