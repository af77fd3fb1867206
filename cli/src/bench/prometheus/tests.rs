use super::*;

const TEXT: &str = "\
# HELP puts_total what
# TYPE puts_total counter
puts_total{op=\"put\",code=\"ok\"} 5
puts_total{op=\"put\",code=\"unknown\"} 2 1700000000
puts_total{op=\"get\",code=\"ok\"} 100
puts_total_other 9
entries_total 7.5
";

fn check(name: &str, label: Option<&str>, expect: f64) {
    assert_eq!(
        sum(TEXT, name, label).to_string(),
        expect.to_string(),
        "{name} {label:?}"
    );
}

#[test]
fn sums() {
    check("puts_total", Some("op=\"put\""), 7.0);
    check("puts_total", None, 107.0);
    check("entries_total", None, 7.5);
    check("entries", None, 0.0);
}
