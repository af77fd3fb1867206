//! The base before a server that answers from a script: exchanged together with a check of its entry, and never a false
//! "no" for what an attempt without an answer may have done.

use super::server::{base64, cancelled};
use super::*;
use crate::ids::ClusterId;

fn base(position: u64, snapshot: &str) -> Base {
    Base {
        cluster: ClusterId([1; 16]),
        era: 1,
        position,
        hash: Hash::of(b"seven"),
        snapshot: snapshot.to_owned(),
    }
}

/// A base as the service writes it.
fn item(base: &Base) -> String {
    format!(
        r#"{{"log_segment":{{"S":"orders/base"}},"position":{{"N":"0"}},"cluster":{{"B":"{}"}},"era":{{"N":"{}"}},
        "base":{{"N":"{}"}},"hash":{{"B":"{}"}},"snapshot":{{"S":"{}"}}}}"#,
        base64(&base.cluster.0),
        base.era,
        base.position,
        base64(&base.hash.0),
        base.snapshot
    )
}

fn there(item: &str) -> Step {
    fine(&format!(r#"{{"Item":{item}}}"#))
}

/// What becomes of moving the base from 3 to 7, whose entry holds `seven`.
async fn advance(script: &[Step]) -> (Result<bool, LedgerError>, Server) {
    let script: Vec<_> = [there(&entry(7, b"seven"))].iter().chain(script).cloned().collect();
    let (ledger, server) = ledger(&script).await;
    let moved = ledger.advance_base(&base(3, "old"), &base(7, "new")).await;
    (moved, server)
}

#[tokio::test]
async fn the_entry_is_checked_with_the_exchange() {
    let (moved, server) = advance(&[fine("{}")]).await;
    assert_eq!(moved, Ok(true));
    assert_eq!(server.targets(), ["GetItem", "TransactWriteItems"]);
    let request = server.requests.lock()[1].clone();
    for part in [
        r##""ConditionCheck":{"Key":"##,
        r##""ConditionExpression":"#bytes = :bytes""##,
        r##""#snapshot = :snapshot"##,
        r#"":snapshot":{"S":"old"}"#,
        r#""snapshot":{"S":"new"}"#,
    ] {
        let part = part.trim_start_matches("\"#").trim_start_matches('"');
        assert!(request.contains(part), "{request} lacks {part}");
    }
    for name in ["cluster", "era", "base", "hash", "snapshot"] {
        assert!(
            request.contains(&format!("#{name} = :{name}")),
            "{request} lacks {name}"
        );
    }
}

#[tokio::test]
async fn an_entry_that_is_not_there_moves_nothing() {
    for step in [fine("{}"), there(&entry(7, b"other"))] {
        let (ledger, server) = ledger(&[step]).await;
        let moved = ledger.advance_base(&base(3, "old"), &base(7, "new")).await;
        assert_eq!((moved, server.targets().len()), (Ok(false), 1));
    }
    let (ledger, _server) = ledger(&[there(&entry(7, b"seven"))]).await;
    let back = ledger.advance_base(&base(8, "old"), &base(7, "new")).await;
    assert_eq!(back, Ok(false), "it lies before the old one");
}

#[tokio::test]
async fn conflicts_and_throttling_are_waited_out() {
    for reasons in [
        ["None", "TransactionConflict"],
        ["ThrottlingError", "None"],
        ["ProvisionedThroughputExceeded", "None"],
    ] {
        let (moved, server) = advance(&[cancelled(&reasons), fine("{}")]).await;
        assert_eq!(moved, Ok(true), "{reasons:?}");
        let requests = server.requests.lock().clone();
        let token = |request: &String| {
            let (_, rest) = request.split_once(r#""ClientRequestToken":""#).unwrap();
            rest.split('"').next().unwrap().to_owned()
        };
        assert_eq!(token(&requests[1]), token(&requests[2]), "both attempts are one");
        let (moved, _server) = advance(&[cancelled(&reasons)]).await;
        assert!(matches!(moved, Err(LedgerError::Unavailable { .. })), "{moved:?}");
    }
    let (moved, _server) = advance(&[cancelled(&["ValidationError", "None"])]).await;
    assert!(matches!(moved, Err(LedgerError::Refused { .. })), "{moved:?}");
}

#[tokio::test]
async fn a_condition_that_does_not_hold_is_an_answer() {
    for reasons in [
        ["ConditionalCheckFailed", "None"],
        ["None", "ConditionalCheckFailed"],
        ["TransactionConflict", "ConditionalCheckFailed"],
    ] {
        let (moved, server) = advance(&[cancelled(&reasons)]).await;
        assert_eq!((moved, server.targets().len()), (Ok(false), 2), "{reasons:?}");
    }
}

/// The first attempt is not answered. When the next one finds another base than the old one, the first may be why.
#[tokio::test]
async fn an_exchange_whose_answer_was_lost() {
    let differs = || cancelled(&["None", "ConditionalCheckFailed"]);
    let (ours, theirs) = (item(&base(7, "new")), item(&base(9, "theirs")));
    let (moved, _server) = advance(&[cut(), differs(), there(&ours)]).await;
    assert_eq!(moved, Ok(true));
    let (moved, _server) = advance(&[cut(), differs(), there(&theirs)]).await;
    assert!(matches!(moved, Err(LedgerError::Unknown { .. })), "{moved:?}");
    // The service knows the second attempt for the first, and says so while that goes on.
    let (moved, _server) = advance(&[cut(), error(400, "TransactionInProgressException"), fine("{}")]).await;
    assert_eq!(moved, Ok(true));
    let (moved, _server) = advance(&[error(400, "TransactionInProgressException")]).await;
    assert!(matches!(moved, Err(LedgerError::Unknown { .. })), "{moved:?}");
}

#[tokio::test]
async fn the_first_base() {
    let (ours, theirs) = (base(0, ""), base(0, "theirs"));
    let create = async |script: &[Step]| {
        let (ledger, _server) = ledger(script).await;
        ledger.create_base(&ours).await
    };
    let found = |base: &Base| refused(Some(&item(base)));
    assert_eq!(create(&[fine("{}")]).await, Ok(true));
    assert_eq!(create(&[found(&ours)]).await, Ok(false));
    assert_eq!(create(&[cut(), found(&ours), there(&item(&ours))]).await, Ok(true));
    let other = create(&[cut(), found(&theirs), there(&item(&theirs))]).await;
    assert!(matches!(other, Err(LedgerError::Unknown { .. })), "{other:?}");
}

#[tokio::test]
async fn a_damaged_base_is_told() {
    let whole = item(&base(7, "new"));
    let read = async |item: &str| ledger(&[there(item)]).await.0.base().await;
    assert_eq!(read(&whole).await, Ok(Some(base(7, "new"))));
    for (part, damaged) in [
        (r#""cluster":{"B":"#, r#""cluster":{"S":"#),
        (r#""era":{"N":"1"}"#, r#""era":{"N":"-1"}"#),
        (r#""hash""#, r#""hsah""#),
        (r#""snapshot":{"S":"#, r#""snapshot":{"N":"#),
    ] {
        let damaged = whole.replace(part, damaged);
        assert_ne!(damaged, whole);
        let read = read(&damaged).await;
        assert!(
            matches!(read, Err(LedgerError::CorruptBase { .. })),
            "{read:?}: {damaged}"
        );
    }
}
