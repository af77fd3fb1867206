use records::{BatchBuilder, Codec, Limits, walk};

use super::*;

const PLAIN: Style = Style {
    decode: None,
    one_line: false,
};

fn render(key: Option<&[u8]>, value: Option<&[u8]>, headers: &[(&[u8], Option<&[u8]>)], style: Style) -> String {
    let mut builder = BatchBuilder::new(Codec::None, None);
    builder.push(0, key, value, headers).unwrap();
    let record = walk(&builder.build().unwrap(), &Limits::default())
        .unwrap()
        .next()
        .unwrap()
        .unwrap();
    let mut out = Vec::new();
    envelope(
        &mut out,
        Spot {
            partition: 3,
            offset: 42,
            timestamp: 1_795_354_260_123,
        },
        &record,
        style,
    );
    let text = String::from_utf8(out).unwrap();
    serde_json::from_str::<serde_json::Value>(&text).unwrap();
    text
}

fn check(value: Option<&[u8]>, style: Style, expected: &str) {
    let text = render(None, value, &[], style);
    assert!(
        text.contains(&format!("\"key\":null,{expected},\"headers\":[]")),
        "{text} has no {expected}"
    );
}

#[test]
fn a_whole_envelope() {
    let headers: [(&[u8], Option<&[u8]>); 3] = [(b"trace", Some(b"a\"b")), (b"n", None), (b"b", Some(&[0xff, 0]))];
    assert_eq!(
        render(Some(b"u1"), Some(b"{\"a\" : 1.0}"), &headers, PLAIN),
        "{\"partition\":3,\"offset\":42,\"timestamp\":\"2026-11-22T13:31:00.123Z\",\"key\":\"u1\",\"value\":{\"a\" : 1.0},\
         \"headers\":[[\"trace\",\"a\\\"b\"],[\"n\",null],[\"b\",{\"b64\":\"/wA=\"}]]}"
    );
}

#[test]
fn values_are_shown_as_what_they_are() {
    check(Some(b"{\"a\":\n 1}"), PLAIN, "\"value\":{\"a\":\n 1}");
    check(Some(b"12"), PLAIN, "\"value\":12");
    check(Some(b"hello"), PLAIN, "\"value\":\"hello\"");
    check(Some(b""), PLAIN, "\"value\":\"\"");
    check(Some(&[0xff, 0xd8, 0xff]), PLAIN, "\"value_b64\":\"/9j/\"");
    check(None, PLAIN, "\"value\":null");
    check(Some(b"null"), PLAIN, "\"value\":\"null\"");
}

#[test]
fn values_are_shown_as_asked() {
    let as_ = |decode| Style {
        decode: Some(decode),
        one_line: false,
    };
    check(Some(b"12"), as_(Decode::String), "\"value\":\"12\"");
    check(Some(b"12"), as_(Decode::Base64), "\"value_b64\":\"MTI=\"");
    check(Some(b"hello"), as_(Decode::Json), "\"value_b64\":\"aGVsbG8=\"");
    check(Some(b"{}"), as_(Decode::Json), "\"value\":{}");
    check(Some(&[0xff]), as_(Decode::String), "\"value_b64\":\"/w==\"");
}

#[test]
fn a_line_stays_a_line() {
    let style = Style {
        decode: None,
        one_line: true,
    };
    check(Some(b"{\r\n\"a\":\"x\\ny\"}"), style, "\"value\":{  \"a\":\"x\\ny\"}");
    check(Some(b"not\njson"), style, "\"value\":\"not\\njson\"");
}

#[test]
fn keys_and_times_that_are_no_text() {
    assert!(render(Some(&[0xff]), None, &[], PLAIN).contains("\"key_b64\":\"/w==\""));
    let time = |ms| {
        let mut out = Vec::new();
        timestamp(&mut out, ms);
        String::from_utf8(out).unwrap()
    };
    assert_eq!(time(-1), "null");
    assert_eq!(time(0), "\"1970-01-01T00:00:00Z\"");
    assert_eq!(time(i64::MAX), i64::MAX.to_string());
}
