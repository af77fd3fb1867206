use http::HeaderValue;

use super::*;

#[test]
fn the_form_that_is_accepted_most_gladly() {
    let check = |accept: Option<&'static str>, expected: Result<Form, u16>| {
        let headers: HeaderMap = accept
            .map(|text| (ACCEPT, HeaderValue::from_static(text)))
            .into_iter()
            .collect();
        let form = Form::of(&headers).map_err(|problem| problem.to_response("").status().as_u16());
        assert_eq!(form, expected, "{accept:?}");
    };
    check(None, Ok(Form::Json));
    check(Some("*/*"), Ok(Form::Json));
    check(Some("text/html, */*;q=0.1"), Ok(Form::Json));
    check(Some("application/x-ndjson"), Ok(Form::Lines));
    check(Some("application/json;q=0.5, text/event-stream"), Ok(Form::Events));
    check(Some("Application/Vnd.Tidelog.Batch"), Ok(Form::Batches));
    check(Some(""), Ok(Form::Json));
    check(Some("text/html"), Err(406));
    check(Some("application/json;q=0"), Err(406));
    check(Some("application/json;q=x"), Err(406));
}

#[test]
fn bounds() {
    let settings = HttpSettings::default();
    let check = |limit, max_bytes, wait, good: bool| {
        assert_eq!(
            Bounds::of(limit, max_bytes, wait, &settings).is_ok(),
            good,
            "{limit:?} {max_bytes:?} {wait:?}"
        );
    };
    check(None, None, None, true);
    check(Some(1), Some(1), Some(0.0), true);
    check(Some(10_000), Some(8 << 20), Some(60.0), true);
    check(Some(0), None, None, false);
    check(Some(10_001), None, None, false);
    check(None, Some(0), None, false);
    check(None, Some((8 << 20) + 1), None, false);
    for wait in [60.1, -1.0, f64::NAN, f64::INFINITY] {
        check(None, None, Some(wait), false);
    }
}

#[test]
fn ranges_of_partitions() {
    let check = |text: &str, expected| assert_eq!(partitions(text).ok(), expected, "{text}");
    check("3", Some((3, 3)));
    check("0-255", Some((0, 255)));
    for text in ["", "-", "1-", "-1", "2-1", "a", "0-4294967296", "1-2-3"] {
        check(text, None);
    }
}
