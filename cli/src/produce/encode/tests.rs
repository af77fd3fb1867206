use clap::Parser;

use super::*;

#[derive(Debug, Parser)]
struct Line {
    #[command(flatten)]
    args: ProduceArgs,
}

fn encoder(options: &[&str]) -> Result<Encoder, Ended> {
    let line = ["produce", "orders"].iter().chain(options);
    Encoder::new(&Line::try_parse_from(line).expect("a command line").args)
}

fn check(options: &[&str], lines: &[&[u8]], expect: (bool, &str)) {
    let lines: Vec<Vec<u8>> = lines.iter().map(|line| line.to_vec()).collect();
    let body = encoder(options).expect("options").lines(&lines, 1).expect("a body");
    let text = String::from_utf8(body.bytes.to_vec()).expect("text");
    assert_eq!((body.structured, text.as_str()), expect, "{options:?}");
    assert_eq!(body.content_type, "application/x-ndjson");
}

#[test]
fn json_lines_travel_as_they_stand() {
    check(
        &["-f", "ndjson"],
        &[b"{ \"a\": 1.0 }", b"", b"2"],
        (false, "{ \"a\": 1.0 }\n2\n"),
    );
}

#[test]
fn other_lines_travel_as_bytes() {
    check(
        &[],
        &[b"a", b"\xff"],
        (true, "{\"value_b64\":\"YQ==\"}\n{\"value_b64\":\"/w==\"}\n"),
    );
    check(
        &["-k", "k"],
        &[b"a"],
        (true, "{\"key_b64\":\"aw==\",\"value_b64\":\"YQ==\"}\n"),
    );
    check(
        &["-K", "::"],
        &[b"k::a::b", b"a"],
        (
            true,
            "{\"key_b64\":\"aw==\",\"value_b64\":\"YTo6Yg==\"}\n{\"value_b64\":\"YQ==\"}\n",
        ),
    );
    check(
        &["-f", "ndjson", "-H", "a=1"],
        &[b"{}"],
        (true, "{\"headers\":[[\"a\",\"1\"]],\"value_b64\":\"e30=\"}\n"),
    );
}

#[test]
fn records_lose_what_the_log_decides() {
    let record = br#"{"partition":1,"offset":7,"timestamp":"2026-11-22T13:31:00Z","key":"k","value":null}"#;
    check(
        &["-f", "records"],
        &[record],
        (
            true,
            "{\"key\":\"k\",\"timestamp\":\"2026-11-22T13:31:00Z\",\"value\":null}\n",
        ),
    );
    let error = encoder(&["-f", "records"])
        .expect("options")
        .lines(&[b"{}".to_vec(), b"7".to_vec()], 5)
        .expect_err("no object");
    assert!(error.to_string().starts_with("line 6: no JSON object"), "{error}");
}

#[test]
fn whole_inputs() {
    let body = |options: &[&str]| {
        encoder(options)
            .expect("options")
            .whole(Bytes::from_static(b"[1]"))
            .expect("a body")
    };
    assert_eq!(body(&["-f", "json"]).content_type, "application/json");
    assert_eq!(body(&["-f", "raw"]).content_type, "application/octet-stream");
    let with_headers = body(&["-f", "raw", "-H", "a=b"]);
    assert!(with_headers.structured);
    assert_eq!(with_headers.bytes, r#"{"headers":[["a","b"]],"value_b64":"WzFd"}"#);
}

#[test]
fn options_that_do_not_go_together() {
    for options in [
        &["-f", "raw", "-K", ":"][..],
        &["--key-path", "$.a"],
        &["-f", "json", "-H", "a=b"],
        &["-f", "records", "-k", "x"],
        &["-K", ""],
    ] {
        assert!(encoder(options).is_err(), "{options:?}");
    }
}
