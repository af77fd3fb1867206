//! What the server's codes become.

use ledger::{Append, Backend, Hash, LedgerError};

use super::{Other, before, database, entry, fill, open};

/// The kind of an error, in a word.
fn kind<T: std::fmt::Debug>(result: &Result<T, LedgerError>) -> &'static str {
    match result {
        Err(LedgerError::Refused { .. }) => "refused",
        Err(LedgerError::Unavailable { .. }) => "unavailable",
        Err(LedgerError::Unknown { .. }) => "unknown",
        Err(LedgerError::Full { .. }) => "full",
        _ => "other",
    }
}

/// A trigger gives the errors that a full disk, a shutdown and others would give. Whatever comes as an error has undone
/// the statement.
#[tokio::test(flavor = "multi_thread")]
async fn of_an_append() {
    let url = database().await;
    let (ledger, other) = (open(&url).await, Other::connect(&url).await);
    fill(&ledger, 0, 1).await;
    for (code, expect) in [
        ("53100", "full"),
        ("53200", "unavailable"),
        ("53300", "unavailable"),
        ("25006", "unavailable"),
        ("40001", "unavailable"),
        ("40P01", "unavailable"),
        ("40003", "unknown"),
        ("55P03", "unavailable"),
        ("57014", "unavailable"),
        ("57P01", "unavailable"),
        ("58030", "unavailable"),
        ("42501", "refused"),
        ("XX001", "refused"),
    ] {
        other
            .execute(&format!(
                "CREATE OR REPLACE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS
                     $$ BEGIN RAISE EXCEPTION 'as told' USING ERRCODE = '{code}'; END $$;
                 CREATE OR REPLACE TRIGGER fail BEFORE INSERT ON tidelog_entry FOR EACH ROW EXECUTE FUNCTION fail()"
            ))
            .await;
        let put = ledger.append(1, before(1), entry(1, 0)).await;
        assert_eq!(kind(&put), expect, "{code}: {put:?}");
        assert!(put.unwrap_err().to_string().contains("as told"));
        assert_eq!(ledger.read(1, 0).await.map(|read| read.entries.len()), Ok(0));
    }
    other.execute("DROP TRIGGER fail ON tidelog_entry").await;
    fill(&ledger, 1, 1).await;
}

/// Each connection is ended between two calls, and one in the midst of a call.
#[tokio::test(flavor = "multi_thread")]
async fn of_ended_connections() {
    let url = database().await;
    let (ledger, other) = (open(&format!("{url}?notify=off")).await, Other::connect(&url).await);
    fill(&ledger, 0, 1).await;
    let theirs = "FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()";
    for position in 1..4 {
        assert_eq!(ledger.read(position - 1, 0).await.map(|read| read.entries.len()), Ok(1));
        let ended = format!("SELECT count(pg_terminate_backend(pid)) {theirs}");
        assert!(other.number(&ended).await >= 2);
        other.until(&format!("SELECT count(*) {theirs}"), 0).await;
        // The end has been told to us; what was not sent has not happened.
        super::pause(100).await;
        fill(&ledger, position, 1).await;
    }
    other.execute("BEGIN").await;
    other
        .query("SELECT FROM tidelog_entry WHERE position = 3 FOR UPDATE", &[])
        .await;
    let waiting = format!("{theirs} AND wait_event_type = 'Lock'");
    let end = async {
        other.until(&format!("SELECT count(*) {waiting}"), 1).await;
        other
            .number(&format!("SELECT count(pg_terminate_backend(pid)) {waiting}"))
            .await
    };
    let (put, ended) = futures::join!(ledger.append(4, before(4), entry(4, 0)), end);
    assert_eq!((kind(&put), ended), ("unknown", 1), "{put:?}");
    other.execute("ROLLBACK").await;
    fill(&ledger, 4, 1).await;
}

/// A caller that gives up leaves nothing behind that the next one could take for its answer.
#[tokio::test(flavor = "multi_thread")]
async fn of_callers_that_give_up() {
    let url = database().await;
    let (ledger, clock) = (open(&url).await, world::World::real().clock);
    fill(&ledger, 0, 1).await;
    let mut next = 1;
    for round in 0..60 {
        let patience = std::time::Duration::from_micros(round * 100);
        let put = clock
            .timeout(patience, ledger.append(next, before(next), entry(next, 0)))
            .await;
        let read = clock.timeout(patience, ledger.read(0, 1 << 20)).await;
        if let Ok(read) = read {
            let entries = read.expect("reads").entries;
            assert!(
                entries.iter().zip(0..).all(|(entry, at)| entry.position == at),
                "{entries:?}"
            );
        }
        match put {
            Ok(put) => assert_eq!(put, Ok(Append::Appended)),
            // It happened or not, whole; another append tells.
            Err(_) => {
                let again = ledger.append(next, before(next), entry(next, 0)).await;
                assert!(matches!(again, Ok(Append::Appended | Append::Taken)), "{again:?}");
            }
        }
        next += 1;
    }
    let read = ledger.read(0, 1 << 20).await.expect("reads");
    assert!(read.entries.iter().map(|entry| entry.position).eq(0..next));
    assert_eq!(
        ledger.append(next, Hash::ZERO, entry(next, 0)).await,
        Ok(Append::PredecessorDiffers)
    );
}
