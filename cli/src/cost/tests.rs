use super::{count, hours, page, rate};

#[test]
fn the_page_holds_the_tables() {
    let held = include_str!("../../../docs/cost.md");
    for table in page().unwrap().split("\n\n") {
        assert!(
            held.contains(table.trim_end()),
            "docs/cost.md lacks a table of `tidelog cost --page`, which is\n{table}"
        );
    }
}

#[test]
fn times_and_rates_are_read() {
    let check = |text: &str, expected: Option<f64>| assert_eq!(hours(text).ok(), expected, "{text}");
    check("36h", Some(36.0));
    check("7d", Some(168.0));
    check("7", None);
    check("-1d", None);
    check("xd", None);
    assert!(rate("nan").is_err() && rate("inf").is_err());
}

#[test]
fn counts_are_short() {
    let check = |number: f64, expected: &str| assert_eq!(count(number), expected);
    check(0.0, "0");
    check(0.5, "0.50");
    check(128.4, "128");
    check(43_800.0, "44 k");
    check(31_536_000.0, "32 M");
}
