use serde_json::Value;
use world::Chance;

use super::answer;
use crate::http::Request;
use crate::script::{DynamoDbCode, Fault, S3Code};

fn bytes(fault: &Fault, head: &str, body: &str, closes: bool) -> String {
    let request = Request::parse(format!("{head}\r\n\r\n").into()).expect("a request");
    let canned = answer(fault, &request, body.as_bytes(), &Chance::from_seed(1)).expect("an answer");
    String::from_utf8(canned.bytes(&request.method, closes)).expect("a text")
}

fn dynamodb(code: DynamoDbCode, operation: &str, body: &str) -> (String, Value) {
    let head = format!("POST / HTTP/1.1\r\nX-Amz-Target: DynamoDB_20120810.{operation}");
    let text = bytes(&Fault::AnswerDynamodb { code }, &head, body, false);
    let (head, body) = text.split_once("\r\n\r\n").expect("a head");
    let checksum = format!("x-amz-crc32: {}\r\n", crc32fast::hash(body.as_bytes()));
    assert!(head.contains(&checksum), "{head}");
    assert!(head.contains(&format!("Content-Length: {}", body.len())), "{head}");
    (head.to_owned(), serde_json::from_str(body).expect("JSON"))
}

#[test]
fn s3_says_no_in_xml() {
    let slow = Fault::AnswerS3 { code: S3Code::SlowDown };
    let text = bytes(&slow, "PUT /a HTTP/1.1", "", false);
    assert!(text.starts_with("HTTP/1.1 503 Service Unavailable\r\n"), "{text}");
    assert!(text.contains("Content-Type: application/xml\r\n"), "{text}");
    assert!(text.contains("<Error><Code>SlowDown</Code><Message>"), "{text}");
    assert!(text.ends_with("</Error>") && !text.contains("Connection"), "{text}");
    let head = bytes(&slow, "HEAD /a HTTP/1.1", "", true);
    assert!(
        head.ends_with("\r\n\r\n") && head.contains("Connection: close\r\n"),
        "{head}"
    );
}

#[test]
fn dynamodb_says_no_in_json_with_a_checksum() {
    for (code, status, kind) in [
        (
            DynamoDbCode::ThrottlingException,
            "400 Bad Request",
            "com.amazon.coral.availability#ThrottlingException",
        ),
        (
            DynamoDbCode::ProvisionedThroughputExceededException,
            "400 Bad Request",
            "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
        ),
        (
            DynamoDbCode::InternalServerError,
            "500 Internal Server Error",
            "com.amazonaws.dynamodb.v20120810#InternalServerError",
        ),
        (
            DynamoDbCode::TransactionConflict,
            "400 Bad Request",
            "com.amazonaws.dynamodb.v20120810#TransactionConflictException",
        ),
    ] {
        let (head, body) = dynamodb(code, "PutItem", "{}");
        assert!(head.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{head}");
        assert_eq!(body["__type"], kind);
    }
}

#[test]
fn a_cancelled_transaction_has_a_reason_for_each_item() {
    let items = r#"{"TransactItems":[{"Put":{}},{"Delete":{}},{"ConditionCheck":{}}]}"#;
    let (_, body) = dynamodb(DynamoDbCode::TransactionConflict, "TransactWriteItems", items);
    let kind = body["__type"].as_str().expect("a type");
    assert!(kind.ends_with("#TransactionCanceledException"), "{kind}");
    let reasons = body["CancellationReasons"].as_array().expect("reasons");
    let codes: Vec<&str> = reasons.iter().filter_map(|reason| reason["Code"].as_str()).collect();
    assert_eq!(codes.len(), 3);
    assert_eq!(codes.iter().filter(|code| **code == "TransactionConflict").count(), 1);
    let message = body["Message"].as_str().expect("a message");
    assert!(message.ends_with(&format!("[{}]", codes.join(", "))), "{message}");
}

#[test]
fn any_answer_can_be_given() {
    let headers = [("Retry-After".to_owned(), "1".to_owned())].into();
    let body = "later".to_owned();
    let text = bytes(
        &Fault::Answer {
            status: 429,
            headers,
            body,
        },
        "GET / HTTP/1.1",
        "",
        false,
    );
    let expect = "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: 5\r\n\r\nlater";
    assert_eq!(text, expect);
}
