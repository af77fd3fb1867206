//! Against a server that answers from a script: what the backend makes of each answer, and how often it asks. No
//! emulator is ever busy, or dies between doing and telling.

mod base;
mod server;

use std::time::Duration;

use world::Backoff;

use super::*;
use crate::options::Secret;
use server::{Server, Step, answer, cut, entry, error, fine, refused, serve, silent};

const BUSY: [&str; 4] = [
    "ProvisionedThroughputExceededException",
    "ThrottlingException",
    "RequestLimitExceeded",
    "TransactionConflictException",
];

/// A backend before such a server, with little patience.
async fn ledger(script: &[Step]) -> (DynamoLedger, Server) {
    let world = World::real();
    let server = serve(&world, script).await;
    (before(&server.endpoint, &world).await, server)
}

async fn before(endpoint: &str, world: &World) -> DynamoLedger {
    let options = options(endpoint);
    let address = Address::parse("//table?log=orders").unwrap();
    let client = Client::new(&address.table, &options, &world.clock).await.unwrap();
    let mut ledger = DynamoLedger::new(client, &address, world);
    ledger.insist.backoff = Backoff {
        first: Duration::from_millis(1),
        max: Duration::from_millis(20),
        deadline: Duration::from_millis(300),
    };
    ledger
}

fn options(endpoint: &str) -> AwsOptions {
    AwsOptions {
        endpoint: Some(endpoint.to_owned()),
        access_key_id: Some("key".to_owned()),
        secret_access_key: Some(Secret::new("secret")),
        ..AwsOptions::default()
    }
}

/// What becomes of an append of `ours` at 7.
async fn append(script: &[Step]) -> (Result<Append, LedgerError>, Vec<String>) {
    let (ledger, server) = ledger(script).await;
    let put = ledger.append(7, Hash::ZERO, Bytes::from("ours")).await;
    (put, server.targets())
}

/// Checks an append and how many requests it took; none for "until the deadline".
async fn check(script: &[Step], expect: Result<Append, &str>, requests: Option<usize>) {
    let (put, targets) = append(script).await;
    match (&put, expect) {
        (Ok(put), Ok(expect)) => assert_eq!(*put, expect, "{script:?}"),
        (Err(error), Err(expect)) => {
            let name = format!("{error:?}");
            assert!(name.starts_with(expect), "{script:?}: {name} instead of {expect}");
        }
        _ => panic!("{script:?}: {put:?} instead of {expect:?}"),
    }
    match requests {
        Some(requests) => assert_eq!(targets.len(), requests, "{script:?}: {targets:?}"),
        None => assert!(targets.len() > script.len(), "{script:?}: {targets:?}"),
    }
}

#[tokio::test]
async fn a_put_is_one_conditional_request() {
    let (ledger, server) = ledger(&[fine("{}"), cut(), fine("{}")]).await;
    let put = ledger.append(65_543, Hash::ZERO, Bytes::from("ours")).await;
    assert_eq!(put, Ok(Append::Appended));
    let request = server.requests.lock()[0].clone();
    for part in [
        r#""TableName":"table""#,
        r#""log_segment":{"S":"orders/1"}"#,
        r#""position":{"N":"65543"}"#,
        r#""bytes":{"B":"b3Vycw=="}"#,
        r#""ConditionExpression":"attribute_not_exists(#log_segment)""#,
        r#""ReturnValuesOnConditionCheckFailure":"NONE""#,
    ] {
        assert!(request.contains(part), "{request} lacks {part}");
    }
    // What is there is asked for where it matters.
    let put = ledger.append(8, Hash::ZERO, Bytes::from("ours")).await;
    assert_eq!(put, Ok(Append::Appended));
    let told = |at: usize| server.requests.lock()[at].contains(r#""ReturnValuesOnConditionCheckFailure":"ALL_OLD""#);
    assert!(!told(1) && told(2));
}

#[tokio::test]
async fn throttling_is_waited_out() {
    for code in BUSY {
        check(&[error(400, code), fine("{}")], Ok(Append::Appended), Some(2)).await;
        check(&[error(400, code)], Err("Unavailable"), None).await;
    }
    // What others put meanwhile is theirs.
    let busy = || error(400, "ThrottlingException");
    check(&[busy(), refused(Some(&entry(7, b"ours")))], Ok(Append::Taken), Some(2)).await;
}

/// The first attempt is judged by the server alone: the same bytes delivered twice are taken the second time.
#[tokio::test]
async fn who_finds_something_at_first_has_lost() {
    check(&[refused(Some(&entry(7, b"ours")))], Ok(Append::Taken), Some(1)).await;
    check(&[refused(Some(&entry(7, b"theirs")))], Ok(Append::Taken), Some(1)).await;
    check(&[refused(None)], Ok(Append::Taken), Some(1)).await;
}

#[tokio::test]
async fn an_own_put_whose_answer_was_lost_is_known_again() {
    let lost: [fn() -> Step; 3] = [
        cut,
        || error(500, "InternalServerError"),
        || error(503, "ServiceUnavailable"),
    ];
    for lost in lost {
        check(
            &[lost(), refused(Some(&entry(7, b"ours")))],
            Ok(Append::Appended),
            Some(2),
        )
        .await;
        check(
            &[lost(), refused(Some(&entry(7, b"theirs")))],
            Ok(Append::Taken),
            Some(2),
        )
        .await;
        check(&[lost(), fine("{}")], Ok(Append::Appended), Some(2)).await;
        // A server that does not say what is there is asked.
        let there = fine(&format!(r#"{{"Item":{}}}"#, entry(7, b"ours")));
        check(&[lost(), refused(None), there], Ok(Append::Appended), Some(3)).await;
        // Throttled between the two, it is still not known what became of the first.
        let busy = error(400, "ThrottlingException");
        check(
            &[lost(), busy, refused(Some(&entry(7, b"ours")))],
            Ok(Append::Appended),
            Some(3),
        )
        .await;
    }
}

#[tokio::test]
async fn without_an_answer_it_may_have_happened() {
    check(&[cut()], Err("Unknown"), None).await;
    check(&[error(500, "InternalServerError")], Err("Unknown"), None).await;
    check(&[cut(), error(400, "ThrottlingException")], Err("Unknown"), None).await;
    check(&[cut(), error(400, "AccessDeniedException")], Err("Unknown"), Some(2)).await;
    // Not the service's words, whatever their status.
    check(&[fine("no json")], Err("Unknown"), None).await;
    check(&[answer("403 Forbidden", "<html>")], Err("Unknown"), None).await;
}

#[tokio::test]
async fn what_will_not_do_is_not_tried_again() {
    for code in [
        "AccessDeniedException",
        "ResourceNotFoundException",
        "ValidationException",
        "UnrecognizedClientException",
    ] {
        check(&[error(400, code)], Err("Refused"), Some(1)).await;
    }
}

#[tokio::test]
async fn a_silent_server_is_given_up() {
    let (put, targets) = append(&[silent()]).await;
    assert!(matches!(put, Err(LedgerError::Unknown { .. })), "{put:?}");
    assert_eq!(targets.len(), 1);
}

#[tokio::test]
async fn a_connection_that_never_came_about_carried_nothing() {
    // A port that was just free: nobody listens there.
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let ledger = before(&format!("http://{address}"), &World::real()).await;
    let put = ledger.append(7, Hash::ZERO, Bytes::from("ours")).await;
    assert!(matches!(put, Err(LedgerError::Unavailable { .. })), "{put:?}");
}

#[tokio::test]
async fn reads_are_definite() {
    let (busy, lost) = (error(400, "ThrottlingException"), error(500, "InternalServerError"));
    let there = fine(&format!(r#"{{"Item":{}}}"#, entry(7, b"ours")));
    let (ledger, server) = ledger(&[busy.clone(), lost.clone(), cut(), there]).await;
    let read = ledger.read(7, 0).await.unwrap();
    assert_eq!((read.entries.len(), &*read.entries[0].bytes), (1, &b"ours"[..]));
    assert!(server.requests.lock()[0].contains(r#""ConsistentRead":true"#));
    for step in [busy, lost, cut()] {
        let (ledger, _server) = self::ledger(&[step]).await;
        let failed = ledger.read(7, 100).await;
        assert!(matches!(failed, Err(LedgerError::Unavailable { .. })), "{failed:?}");
    }
    let (ledger, _server) = self::ledger(&[error(400, "AccessDeniedException")]).await;
    assert!(matches!(ledger.base().await, Err(LedgerError::Refused { .. })));
}

/// Pages that end early go on where they ended, and so does a read at the end of a segment.
#[tokio::test]
async fn a_read_goes_on_across_pages_and_segments() {
    let page = |positions: &[u64], cut: bool| {
        let items: Vec<_> = positions.iter().map(|at| entry(*at, b"x")).collect();
        let last = if cut {
            r#","LastEvaluatedKey":{"log_segment":{"S":"a"},"position":{"N":"1"}}"#
        } else {
            ""
        };
        fine(&format!(r#"{{"Items":[{}]{last}}}"#, items.join(",")))
    };
    let script = [
        page(&[65_533], true),
        page(&[65_534, 65_535], false),
        page(&[65_536, 65_538], false),
    ];
    let (ledger, server) = ledger(&script).await;
    let read = ledger.read(65_533, 1 << 20).await.unwrap();
    let positions: Vec<_> = read.entries.iter().map(|entry| entry.position).collect();
    assert_eq!((positions, read.more), (vec![65_533, 65_534, 65_535, 65_536], false));
    let asked: Vec<_> = server.requests.lock().clone();
    for (request, (segment, first)) in asked.iter().zip([("0", "65533"), ("0", "65534"), ("1", "65536")]) {
        assert!(request.contains(&format!(r#"{{"S":"orders/{segment}"}}"#)), "{request}");
        assert!(request.contains(&format!(r#"":first":{{"N":"{first}"}}"#)), "{request}");
    }
    assert_eq!(asked.len(), 3);
}

/// What a busy server leaves of a batch is deleted before the next one; when that fails, it is said that some may be gone.
#[tokio::test]
async fn deletion_goes_on_with_what_is_left() {
    let items: Vec<_> = (0..30).map(|at| entry(at, b"x")).collect();
    let page = |items: &[String]| fine(&format!(r#"{{"Items":[{}]}}"#, items.join(",")));
    let nothing = || page(&[]);
    let left = fine(
        r#"{"UnprocessedItems":{"table":[{"DeleteRequest":{"Key":{"log_segment":{"S":"orders/0"},"position":{"N":"3"}}}}]}}"#,
    );
    let script = [
        page(&items[..1]),
        page(&items),
        left.clone(),
        fine("{}"),
        fine("{}"),
        nothing(),
        nothing(),
    ];
    let (ledger, server) = ledger(&script).await;
    assert_eq!(ledger.delete_below(40, 100).await, Ok(30));
    let requests = server.requests.lock().clone();
    let deletes = |request: &String| request.matches("DeleteRequest").count();
    let counts: Vec<_> = requests.iter().map(deletes).collect();
    assert_eq!(counts, [0, 0, 25, 1, 5, 0]);
    assert!(requests[3].contains(r#""position":{"N":"3"}"#), "{}", requests[3]);

    let script = [page(&items[..1]), page(&items), left];
    let (ledger, _server) = self::ledger(&script).await;
    let failed = ledger.delete_below(40, 100).await;
    assert!(matches!(failed, Err(LedgerError::Unknown { .. })), "{failed:?}");
    let busy = error(400, "ThrottlingException");
    let (ledger, _server) = self::ledger(&[page(&items[..1]), page(&items), busy]).await;
    let failed = ledger.delete_below(40, 100).await;
    assert!(matches!(failed, Err(LedgerError::Unavailable { .. })), "{failed:?}");
}

#[tokio::test]
async fn options_are_checked() {
    let address = Address::parse("//table").unwrap();
    let check = async |change: fn(&mut AwsOptions), expect: &str| {
        let mut options = options("http://127.0.0.1:1");
        change(&mut options);
        let failed = DynamoLedger::open(&address, &options, &World::real())
            .await
            .unwrap_err();
        assert!(failed.to_string().contains(expect), "{failed}");
    };
    check(|options| options.secret_access_key = None, "without its secret").await;
    check(|options| options.access_key_id = None, "without its id").await;
    check(
        |options| options.endpoint_dynamodb = Some("http://dynamodb.example".to_owned()),
        "in the clear",
    )
    .await;
}
