use super::*;

fn read(json: &str) -> Result<NewRecord<'_>, String> {
    record(json).map_err(|problem| problem.to_json("")["title"].as_str().unwrap().to_owned())
}

fn check(json: &str, key: Option<&[u8]>, value: Option<&[u8]>) {
    let record = read(json).unwrap();
    assert_eq!((record.key.as_deref(), record.value.as_deref()), (key, value), "{json}");
}

#[test]
fn keys_and_values() {
    check(r#"{"key":"u1","value":{"a": 1}}"#, Some(b"u1"), Some(br#"{"a": 1}"#));
    check(r#"{"key":12,"value":"text"}"#, Some(b"12"), Some(br#""text""#));
    check(
        r#"{"key_b64":"AAE=","value_b64":"/9j/"}"#,
        Some(&[0, 1]),
        Some(&[0xff, 0xd8, 0xff]),
    );
    check(r#"{"key":"gone","value":null}"#, Some(b"gone"), None);
    check(r#"{"key":null}"#, None, Some(b""));
    check(r#"{}"#, None, Some(b""));
    check(r#"{"offset":7,"value":1}"#, None, Some(b"1"));
}

#[test]
fn headers_partition_and_time() {
    let json = r#"{"headers":[["trace","abc"],["n",null],["b",{"b64":"AAE="}],["trace","\u00e4"]],
                   "partition":3,"timestamp":"2026-11-22T13:31:00Z"}"#;
    let record = read(json).unwrap();
    let headers: Vec<_> = record
        .headers
        .iter()
        .map(|(name, value)| (&**name, value.as_deref()))
        .collect();
    let expected: Vec<(&[u8], Option<&[u8]>)> = vec![
        (b"trace", Some(b"abc")),
        (b"n", None),
        (b"b", Some(&[0, 1])),
        (b"trace", Some("ä".as_bytes())),
    ];
    assert_eq!(headers, expected);
    assert_eq!((record.partition, record.timestamp), (Some(3), Some(1_795_354_260_000)));
    assert_eq!(read(r#"{"timestamp":-5}"#).unwrap().timestamp, Some(-5));
}

#[test]
fn what_is_no_record() {
    for json in [
        "1",
        "[]",
        "null",
        r#"{"valeu":1}"#,
        r#"{"key":"a","key":"b"}"#,
        r#"{"key":"a","key_b64":"AA=="}"#,
        r#"{"value":1,"value_b64":"AA=="}"#,
        r#"{"value_b64":"*"}"#,
        r#"{"value_b64":7}"#,
        r#"{"key":{}}"#,
        r#"{"partition":-1}"#,
        r#"{"partition":4294967296}"#,
        r#"{"timestamp":"soon"}"#,
        r#"{"timestamp":1.5}"#,
        r#"{"timestamp":{}}"#,
        r#"{"headers":[["a"]]}"#,
        r#"{"headers":[["a",1]]}"#,
        r#"{"headers":[[1,"a"]]}"#,
        r#"{"headers":{"a":"b"}}"#,
        r#"{"headers":[["a",{"b64":1}]]}"#,
        r#"{"headers":[["a","b","c"]]}"#,
    ] {
        assert_eq!(
            record(json).map(drop).map_err(|problem| problem.code().name()),
            Err("invalid_record"),
            "{json}"
        );
    }
}

fn records(body: &str) -> Result<usize, String> {
    let mut count = 0;
    let each = each_record(body, |json| {
        count += 1;
        record(json).map(drop)
    });
    each.map(|()| count)
        .map_err(|problem| problem.to_json("")["title"].as_str().unwrap().to_owned())
}

#[test]
fn the_envelope() {
    assert_eq!(records(r#"{"records":[{"value":1},{}]}"#), Ok(2));
    assert_eq!(records(r#" {"records" : [] } "#), Ok(0));
    for body in [
        "",
        "[]",
        "{}",
        r#"{"records":{}}"#,
        r#"{"record":[]}"#,
        r#"{"records":[],"x":1}"#,
        r#"{"records":[]}x"#,
        r#"{"records":[],"records":[]}"#,
        r#"{"records":[{}"#,
        r#"{"records":[1]}"#,
    ] {
        assert!(records(body).is_err(), "{body}");
    }
}
