//! Answers of the proxy's own.

use crate::support::{Client, Origin, ask, pattern};

const SLOW: &str = "[[rule]]\nname = \"slow\"\nmatch = { method = \"PUT\" }\n\
    fault = { kind = \"answer_s3\", code = \"SlowDown\" }\n";

#[tokio::test]
async fn a_refused_request_is_not_passed_on_and_the_connection_lives() {
    let origin = Origin::start().await;
    let proxy = origin.proxy(SLOW).await;
    let mut client = Client::connect(proxy.address()).await;
    for _ in 0..3 {
        let put = client.ask("PUT", "/a", &pattern(100_000)).await.expect("an answer");
        assert_eq!(put.status, 503);
        let body = String::from_utf8(put.body).expect("a text");
        assert!(body.contains("<Code>SlowDown</Code>"), "{body}");
        assert_eq!(client.ask("GET", "/b", b"").await.expect("an answer").status, 200);
    }
    assert_eq!(origin.paths(), ["/b", "/b", "/b"]);
    assert_eq!(
        proxy.counts().rule("slow").map(|rule| rule.at.clone()),
        Some(vec![1, 3, 5])
    );
}

#[tokio::test]
async fn who_waits_to_be_asked_is_answered_and_closed() {
    let origin = Origin::start().await;
    let proxy = origin.proxy(SLOW).await;
    let mut client = Client::connect(proxy.address()).await;
    client
        .send("PUT /a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
        .await;
    let answer = client.answer("PUT").await.expect("an answer");
    assert!(
        answer.status == 503 && answer.head.contains("Connection: close"),
        "{}",
        answer.head
    );
    let (rest, ended) = client.rest().await;
    assert!(rest.is_empty() && ended.is_ok(), "{ended:?}");
}

#[tokio::test]
async fn dynamodb_is_refused_by_operation() {
    let origin = Origin::start().await;
    let script = "[[rule]]\nmatch = { operation = \"Transact*\" }\n\
        fault = { kind = \"answer_dynamodb\", code = \"TransactionConflict\" }\n\
        [[rule]]\nmatch = { operation = \"Put*\" }\n\
        fault = { kind = \"answer_dynamodb\", code = \"ProvisionedThroughputExceededException\" }\n";
    let proxy = origin.proxy(script).await;
    let mut client = Client::connect(proxy.address()).await;
    let items = r#"{"TransactItems":[{"Put":{}},{"Put":{}}]}"#;
    for (operation, status, kind) in [
        ("TransactWriteItems", 400, "#TransactionCanceledException"),
        ("PutItem", 400, "#ProvisionedThroughputExceededException"),
        ("GetItem", 200, ""),
    ] {
        let head = format!(
            "POST / HTTP/1.1\r\nHost: a\r\nX-Amz-Target: DynamoDB_20120810.{operation}\r\nContent-Length: {}\r\n\r\n",
            items.len()
        );
        client.send(format!("{head}{items}")).await;
        let answer = client.answer("POST").await.expect("an answer");
        let body = String::from_utf8(answer.body).expect("a text");
        assert_eq!(answer.status, status, "{operation}");
        assert!(body.contains(kind), "{operation}: {body}");
        let reasons = body.matches("\"Code\"").count();
        assert_eq!(reasons, if operation == "TransactWriteItems" { 2 } else { 0 }, "{body}");
    }
    assert_eq!(origin.seen().len(), 1);
}

#[tokio::test]
async fn any_answer_is_given() {
    let origin = Origin::start().await;
    let script =
        "[[rule]]\nfault = { kind = \"answer\", status = 429, headers = { Retry-After = \"3\" }, body = \"no\" }\n";
    let proxy = origin.proxy(script).await;
    let answer = ask(&proxy, "POST", "/", b"x").await.expect("an answer");
    assert_eq!((answer.status, answer.body.as_slice()), (429, &b"no"[..]));
    assert!(answer.head.contains("Retry-After: 3\r\n"), "{}", answer.head);
}
