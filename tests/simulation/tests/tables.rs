//! The page about the proof says what the code demands.

#[test]
fn the_page_has_the_tables() {
    let page = include_str!("../../../docs/proof.md");
    for table in simulation::tables().split("\n\n") {
        assert!(
            page.contains(table.trim_end()),
            "docs/proof.md lacks a table of `simulation --tables`, which begins\n{}",
            table.lines().take(3).collect::<Vec<_>>().join("\n")
        );
    }
}
