use super::*;

fn client(base: &str) -> Client {
    Client::new(base.parse().expect("a url")).expect("a client")
}

fn check_path(base: &str, segments: &[&str], expect: &str) {
    let ask = client(base).get(segments);
    assert_eq!(ask.url.as_str(), expect);
}

#[test]
fn paths_are_escaped_and_kept_below_the_base() {
    check_path("http://h:1", &["v1", "topics"], "http://h:1/v1/topics");
    check_path("http://h:1/", &["v1", "topics", "a/b"], "http://h:1/v1/topics/a%2Fb");
    check_path("http://h:1/under/", &["v1"], "http://h:1/under/v1");
    check_path("http://h:1/under", &["v1", "ü?#"], "http://h:1/under/v1/%C3%BC%3F%23");
}

#[test]
fn queries_are_escaped() {
    let ask = client("http://h:1")
        .get(&["x"])
        .query("at", "@-1h")
        .query_opt("key", Some("a&b"))
        .query_opt("no", None::<&str>);
    assert_eq!(ask.url.query(), Some("at=%40-1h&key=a%26b"));
}

fn check_problem(status: u16, body: &str, expect: &str) {
    let status = StatusCode::from_u16(status).expect("a status");
    assert_eq!(
        Problem::from_answer(status, &HeaderMap::new(), body.as_bytes()).to_string(),
        expect
    );
}

#[test]
fn problems_are_told_in_one_line() {
    check_problem(
        404,
        r#"{"title":"No topic x","code":"topic_not_found","status":404}"#,
        "No topic x (404 topic_not_found)",
    );
    check_problem(
        400,
        r#"{"title":"Bad","detail":"line 3","code":"bad_request"}"#,
        "Bad: line 3 (400 bad_request)",
    );
    check_problem(502, "<html>", "Bad Gateway (502)");
    check_problem(500, "", "Internal Server Error (500)");
}

#[test]
fn problems_keep_their_facts() {
    let mut headers = HeaderMap::new();
    headers.insert("retry-after", "3".parse().expect("a header"));
    let body = br#"{"title":"Next offset is 57","code":"offset_mismatch","actual_offset":57}"#;
    let problem = Problem::from_answer(StatusCode::PRECONDITION_FAILED, &headers, body);
    assert_eq!(problem.number("actual_offset"), Some(57));
    assert_eq!(problem.retry_after, Some(Duration::from_secs(3)));
}

#[tokio::test]
async fn nobody_there_is_unreachable() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its address");
    drop(listener);
    let error = client(&format!("http://{address}"))
        .get(&["healthz"])
        .send()
        .await
        .expect_err("nobody there");
    assert!(matches!(error, ClientError::Unreachable { .. }), "{error:?}");
}
