use super::*;

fn check(text: &str, expect: impl Into<Option<Position>>) {
    assert_eq!(text.parse().ok(), expect.into(), "{text}");
}

#[test]
fn positions() {
    check("0", Some(Position::Offset(0)));
    check("42", Some(Position::Offset(42)));
    check("18446744073709551615", Some(Position::Offset(u64::MAX)));
    check("earliest", Some(Position::Earliest));
    check("beginning", Some(Position::Earliest));
    check("start", Some(Position::Earliest));
    check("latest", Some(Position::Latest));
    check("end", Some(Position::Latest));
    check("-10", Some(Position::FromEnd(10)));
    check("@1763800000000", Some(Position::At(1_763_800_000_000)));
    check("@2026-11-22T10:00Z", Some(Position::At(1_795_341_600_000)));
    check("@2026-11-22T10:00:00Z", Some(Position::At(1_795_341_600_000)));
    check("@2026-11-22T11:00:00+01:00", Some(Position::At(1_795_341_600_000)));
    check("@-1h", Some(Position::Ago(3_600_000)));
    check("@-1h30m", Some(Position::Ago(5_400_000)));
}

#[test]
fn no_positions() {
    for text in [
        "",
        "x",
        "+1",
        "--1",
        "1.5",
        "@",
        "@-",
        "@-1",
        "@-h",
        "@-1y",
        "@yesterday",
        " 1",
        "18446744073709551616",
    ] {
        check(text, None);
    }
}

#[test]
fn positions_are_shown_as_the_agent_reads_them() {
    for text in ["earliest", "latest", "42", "-10", "@1763800000000", "@-60000ms"] {
        assert_eq!(text.parse::<Position>().expect("a position").to_string(), text);
    }
}

fn check_range(text: &str, expect: Option<(Position, Option<Position>)>) {
    let expect = expect.map(|(from, to)| Range { from, to });
    assert_eq!(text.parse().ok(), expect, "{text}");
}

#[test]
fn ranges() {
    let noon = Position::At(1_795_341_600_000);
    check_range("5", Some((Position::Offset(5), None)));
    check_range("5:", Some((Position::Offset(5), None)));
    check_range("5:9", Some((Position::Offset(5), Some(Position::Offset(9)))));
    check_range(":9", Some((Position::Earliest, Some(Position::Offset(9)))));
    check_range("-5:end", Some((Position::FromEnd(5), Some(Position::Latest))));
    check_range(
        "@-1h:@-30m",
        Some((Position::Ago(3_600_000), Some(Position::Ago(1_800_000)))),
    );
    check_range("@2026-11-22T10:00Z", Some((noon.clone(), None)));
    check_range("@2026-11-22T10:00Z:end", Some((noon.clone(), Some(Position::Latest))));
    check_range(
        "@2026-11-22T10:00Z:@2026-11-22T10:00:00Z",
        Some((noon.clone(), Some(noon))),
    );
    check_range(":", None);
    check_range("5:9:11", None);
    check_range("x:9", None);
    check_range("", None);
}
