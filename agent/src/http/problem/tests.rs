use metadata::{Change, Rejection};

use super::*;

fn check(problem: impl Into<Problem>, expected: &Value) {
    let problem = problem.into();
    let body = problem.to_json("r1");
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&body[name], value, "{name} of {body}");
    }
    assert_eq!(body["request_id"], "r1");
    assert_eq!(
        body["type"],
        format!("urn:tidelog:error:{}", body["code"].as_str().unwrap())
    );
}

#[test]
fn a_problem_says_what_to_do() {
    check(
        Rejection::OffsetMismatch { actual: 57 },
        &json!({"status": 412, "code": "offset_mismatch", "title": "Next offset is 57", "actual_offset": 57,
               "retryable": false, "no_side_effects": true, "kafka": {"name": "OFFSET_OUT_OF_RANGE", "code": 1}}),
    );
    check(
        engine::AppendError::Unknown("x".to_owned()),
        &json!({"status": 504, "code": "timeout_unknown_outcome", "retryable": true, "no_side_effects": false}),
    );
    check(
        Rejection::GroupChanged {
            actual: Some(Change { position: 17, index: 2 }),
        },
        &json!({"status": 412, "code": "fenced", "change": "17.2"}),
    );
    check(
        Rejection::GroupChanged { actual: None },
        &json!({"status": 412, "change": null}),
    );
    check(
        engine::AppendError::Overloaded,
        &json!({"status": 503, "code": "overloaded", "retryable": true}),
    );
    check(
        engine::FetchError::Corrupt {
            what: "w".to_owned(),
            first: 3,
            last: 9,
        },
        &json!({"status": 500, "code": "data_corrupt", "first_offset": 3, "last_offset": 9}),
    );
}

#[test]
fn what_fails_after_something_was_done_says_so() {
    let of = |was_done| Problem::from(Rejection::UnknownPartition).after(was_done);
    check(of(true), &json!({"status": 404, "no_side_effects": false}));
    check(of(false), &json!({"status": 404, "no_side_effects": true}));
    let unknown = Problem::from(engine::ChangeError::Unknown("x".to_owned()));
    check(unknown.after(false), &json!({"status": 504, "no_side_effects": false}));
}

#[test]
fn what_may_be_tried_again_says_when() {
    let response = Problem::from(engine::AppendError::Overloaded).to_response("r");
    assert_eq!(response.headers()["retry-after"], "1");
    assert_eq!(response.headers()["content-type"], PROBLEM_JSON);
    let gap = Problem::from(Rejection::RequestGap { expected: 7 }).to_response("r");
    assert_eq!(gap.status(), 409);
    assert_eq!(gap.headers()["producer-expected-seq"], "7");
}

#[test]
fn codes_are_distinct() {
    let names: std::collections::BTreeSet<_> = Code::ALL.iter().map(|code| code.name()).collect();
    assert_eq!(names.len(), Code::ALL.len());
}
