use super::*;

fn record(text: &str) -> Record {
    let raw = RawValue::from_string(text.to_owned()).expect("json");
    Envelope::parse(raw).expect("an envelope").record().expect("a record")
}

fn check(fields: &str, key: Option<&[u8]>, value: Option<&[u8]>) {
    let record = record(&format!(r#"{{"partition":1,"offset":2{fields}}}"#));
    assert_eq!(
        (record.key.as_deref(), record.value.as_deref()),
        (key, value),
        "{fields}"
    );
}

#[test]
fn bytes_in_every_form() {
    check("", None, None);
    check(r#","key":null,"value":null"#, None, None);
    check(
        r#","key":"k\n","value":{ "a": 1 }"#,
        Some(b"k\n"),
        Some(b"{ \"a\": 1 }"),
    );
    check(
        r#","key_b64":"AAE=","value_b64":"/9j/""#,
        Some(b"\0\x01"),
        Some(b"\xff\xd8\xff"),
    );
    check(r#","value_b64":"""#, None, Some(b""));
    check(r#","value":"""#, None, Some(b""));
}

#[test]
fn times_and_headers() {
    let record = record(
        r#"{"partition":1,"offset":2,"timestamp":"2026-11-22T13:31:00.5Z","headers":[["a","1"],["b",null],{"name":"c","value_b64":"/w=="}]}"#,
    );
    assert_eq!(record.timestamp_ms, 1_795_354_260_500);
    let headers = [("a", Some(&b"1"[..])), ("b", None), ("c", Some(&b"\xff"[..]))];
    let expect: Vec<_> = headers
        .map(|(name, value)| (name.to_owned(), value.map(<[u8]>::to_vec)))
        .to_vec();
    assert_eq!(record.headers, expect);
}

#[test]
fn envelopes_without_a_place_are_refused() {
    let raw = RawValue::from_string("{}".to_owned()).expect("json");
    assert!(Envelope::parse(raw).is_err());
}
