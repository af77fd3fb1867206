use super::*;

fn check(text: &str, expected: Option<Position>) {
    assert_eq!(text.parse::<Position>().ok(), expected, "{text:?}");
}

#[test]
fn the_grammar() {
    check("earliest", Some(Position::Earliest));
    check("latest", Some(Position::Latest));
    check("0", Some(Position::Offset(0)));
    check("42", Some(Position::Offset(42)));
    check("18446744073709551615", Some(Position::Offset(u64::MAX)));
    check("-10", Some(Position::FromEnd(10)));
    check("@1763800000000", Some(Position::At(1_763_800_000_000)));
    check("@2026-11-22T10:00:00Z", Some(Position::At(1_795_341_600_000)));
    check("@2026-11-22T10:00Z", Some(Position::At(1_795_341_600_000)));
    check("@2026-11-22T11:00+01:00", Some(Position::At(1_795_341_600_000)));
    check("@-1h", Some(Position::Ago(3_600_000)));
    check("@-1h30m", Some(Position::Ago(5_400_000)));
    check("@-250ms", Some(Position::Ago(250)));
    check("@-2w", Some(Position::Ago(1_209_600_000)));
}

#[test]
fn what_is_none() {
    for text in [
        "",
        " ",
        "Earliest",
        "18446744073709551616",
        "+1",
        "1 ",
        "-",
        "--1",
        "-1h",
        "@",
        "@-",
        "@-1",
        "@-h",
        "@-1y",
        "@x",
        "@9223372036854775808",
        "@-18446744073709551615w",
        "1.5",
        "0x1",
        "@2026-13-01T00:00Z",
        "٣",
    ] {
        check(text, None);
    }
    check(&format!("@{}", "0".repeat(1000) + "x"), None);
    check(&"0".repeat(21), None);
    check(&format!("@-{}", "1s".repeat(32)), None);
}
