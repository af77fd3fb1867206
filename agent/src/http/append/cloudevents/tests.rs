use http::{HeaderName, HeaderValue};

use super::*;

type Headers = Vec<(String, String)>;

fn read(pairs: &[(&'static str, &'static str)]) -> Result<(Option<Form>, Headers), &'static str> {
    let headers: HeaderMap = pairs
        .iter()
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
        .collect();
    let mut into = Vec::new();
    let media_type = crate::http::extract::media_type(&headers);
    let form = form(media_type.as_deref(), &headers, &mut into).map_err(|problem| problem.code().name())?;
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ok((
        form,
        into.into_iter()
            .map(|(name, value)| (text(name), text(value)))
            .collect(),
    ))
}

#[test]
fn structured_events_keep_their_json() {
    let (form, headers) = read(&[("content-type", ONE)]).unwrap();
    assert_eq!(form, Some(Form::Events { many: false }));
    assert_eq!(headers, [("content-type".to_owned(), format!("{ONE}; charset=UTF-8"))]);
    assert_eq!(
        read(&[("content-type", MANY)]).unwrap().0,
        Some(Form::Events { many: true })
    );
    assert_eq!(
        read(&[("content-type", "application/cloudevents+avro")]),
        Err("unsupported_media_type")
    );
}

#[test]
fn binary_events_become_headers() {
    let event = [
        ("content-type", "text/plain"),
        ("ce-id", "1"),
        ("ce-source", "/a%20b"),
        ("ce-specversion", "1.0"),
        ("ce-type", "t"),
    ];
    let (form, mut headers) = read(&event).unwrap();
    headers.sort();
    assert_eq!(form, Some(Form::Raw));
    let expected = [
        ("ce_id", "1"),
        ("ce_source", "/a b"),
        ("ce_specversion", "1.0"),
        ("ce_type", "t"),
        ("content-type", "text/plain"),
    ];
    assert_eq!(
        headers,
        expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
    );
    assert_eq!(read(&event[..4]), Err("bad_request"));
    assert_eq!(read(&[("content-type", "text/plain")]).unwrap().0, None);
}

#[test]
fn an_event_has_four_members() {
    check(r#"{"id":"1","source":"/","specversion":"1.0","type":"t","data":{}}"#).unwrap();
    for json in [
        "1",
        "[]",
        r#"{"id":"1"}"#,
        r#"{"id":"","source":"/","specversion":"1.0","type":"t"}"#,
    ] {
        assert!(check(json).is_err(), "{json}");
    }
}
