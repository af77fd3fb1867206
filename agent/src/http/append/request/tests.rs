use http::{HeaderName, HeaderValue};

use super::*;

fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
        .collect()
}

fn raw(partition: Option<u32>) -> Wish {
    AppendQuery {
        key: None,
        key_path: None,
        partition,
        ts: None,
        flatten: None,
        ack: None,
    }
    .wish()
    .unwrap()
}

fn structured() -> Wish {
    StructuredQuery {
        partition: None,
        ts: None,
        ack: None,
    }
    .wish()
    .unwrap()
}

#[test]
fn forms() {
    let check = |content_type: &'static str, wish: &Wish, expected: Result<Form, &str>| {
        let form = read(&headers(&[("content-type", content_type)]), wish).map(|(form, _)| form);
        assert_eq!(
            form.map_err(|problem| problem.code().name()),
            expected,
            "{content_type}"
        );
    };
    let (anywhere, somewhere, records) = (raw(None), raw(Some(0)), structured());
    check(
        "application/json; charset=utf-8",
        &anywhere,
        Ok(Form::Json { flatten: true }),
    );
    check("Application/X-NDJSON", &anywhere, Ok(Form::Lines));
    check("text/plain", &anywhere, Ok(Form::Raw));
    check("application/x-www-form-urlencoded", &anywhere, Ok(Form::Raw));
    check("application/vnd.tidelog.batch", &somewhere, Ok(Form::Batches));
    check("application/vnd.tidelog.batch", &anywhere, Err("bad_request"));
    check(
        "application/vnd.apache.parquet",
        &anywhere,
        Err("unsupported_media_type"),
    );
    check("application/json", &records, Ok(Form::Structured));
    check("application/x-ndjson", &records, Ok(Form::StructuredLines));
    check("text/plain", &records, Err("unsupported_media_type"));
    assert_eq!(read(&HeaderMap::new(), &anywhere).unwrap().0, Form::Raw);
    assert_eq!(read(&HeaderMap::new(), &records).unwrap().0, Form::Structured);
}

#[test]
fn sequences() {
    let check = |pairs: &[(&'static str, &'static str)], expected: Result<Option<(u64, u64)>, &str>| {
        let found = sequence(&headers(pairs)).map(|found| found.map(|found| (found.epoch, found.sequence)));
        assert_eq!(found.map_err(|problem| problem.code().name()), expected, "{pairs:?}");
    };
    check(&[], Ok(None));
    check(
        &[("producer-id", "p"), ("producer-epoch", "1"), ("producer-seq", "0")],
        Ok(Some((1, 0))),
    );
    check(&[("producer-id", "p"), ("producer-seq", "0")], Err("bad_request"));
    check(
        &[("producer-id", ""), ("producer-epoch", "1"), ("producer-seq", "0")],
        Err("bad_request"),
    );
    check(
        &[("producer-id", "p"), ("producer-epoch", "-1"), ("producer-seq", "0")],
        Err("bad_request"),
    );
    check(
        &[
            ("producer-id", "p"),
            ("producer-epoch", "1"),
            ("producer-seq", "18446744073709551616"),
        ],
        Err("bad_request"),
    );
}

#[test]
fn conditions() {
    let check = |tag: &'static str, wish: &Wish, expected: Result<Option<u64>, &str>| {
        let found = read(&headers(&[("if-match", tag)]), wish).map(|(_, common)| common.expected_offset);
        assert_eq!(found.map_err(|problem| problem.code().name()), expected, "{tag}");
    };
    check("\"42\"", &raw(Some(0)), Ok(Some(42)));
    check("42", &raw(Some(0)), Ok(Some(42)));
    for tag in ["*", "W/\"42\"", "\"42\", \"43\"", "\"x\"", "\"\"", "-1"] {
        check(tag, &raw(Some(0)), Err("bad_request"));
    }
    check("\"42\"", &raw(None), Err("bad_request"));
}

#[test]
fn record_headers_are_percent_encoded() {
    let (_, common) = read(&headers(&[("tidelog-header", "trace=a%20b%00=")]), &raw(None)).unwrap();
    assert_eq!(common.headers, [(b"trace".to_vec(), b"a b\0=".to_vec())]);
    assert!(read(&headers(&[("tidelog-header", "none")]), &raw(None)).is_err());
}

#[test]
fn parameters_that_contradict_each_other() {
    let query = |key: Option<&str>, key_path: Option<&str>, ts: Option<&str>| {
        let own = |text: Option<&str>| text.map(str::to_owned);
        let query = AppendQuery {
            key: own(key),
            key_path: own(key_path),
            partition: None,
            ts: own(ts),
            flatten: None,
            ack: None,
        };
        query
            .wish()
            .and_then(|wish| read(&headers(&[("content-type", "text/plain")]), &wish))
            .map(drop)
    };
    query(Some("k"), None, Some("2026-11-22T10:00Z")).unwrap();
    for (key, key_path, ts) in [
        (Some("k"), Some("$.a"), None),
        (None, Some("a"), None),
        (None, None, Some("soon")),
        (None, Some("$.a"), None),
    ] {
        assert!(query(key, key_path, ts).is_err(), "{key:?} {key_path:?} {ts:?}");
    }
}
