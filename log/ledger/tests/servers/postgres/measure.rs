//! How many appends a second several logs of one server take, and what announcing them costs. Run by name, with
//! `--ignored`; the numbers that it printed stand in docs/decisions/postgres-notify.md.

use std::time::Duration;

use ledger::{Backend, PostgresLedger};
use world::World;

use super::{Other, before, database, entry, open};

const APPEND: &str = include_str!("../../../src/postgres/append.sql");
const SPAN: Duration = Duration::from_secs(5);

/// How an append is told to others.
#[derive(Debug, Clone, Copy, PartialEq)]
enum How {
    Not,
    /// As this backend does it.
    Behind,
    /// In the append's own statement.
    Inside,
}

async fn by_ledger(ledger: PostgresLedger) -> u64 {
    let (clock, mut next) = (World::real().clock, 0);
    let end = clock.now() + SPAN;
    while clock.now() < end {
        let put = ledger.append(next, before(next), entry(next, 0)).await;
        assert_eq!(put, Ok(ledger::Append::Appended));
        next += 1;
    }
    next
}

async fn by_statement(other: Other, log: String) -> u64 {
    let announcing = APPEND.replace(
        "END AS judged",
        "END AS judged, CASE WHEN EXISTS (SELECT FROM put) THEN pg_notify('tidelog', $1) END",
    );
    other
        .execute("SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan")
        .await;
    let statement = other.0.prepare(&announcing).await.expect("prepared");
    let (clock, mut next) = (World::real().clock, 0);
    let end = clock.now() + SPAN;
    while clock.now() < end {
        let (bytes, previous, at) = (
            entry(next, 0),
            before(next),
            i64::try_from(next).expect("a column holds it"),
        );
        let hash = &ledger::Hash::of(&bytes).0[..];
        let (bytes, previous) = (&bytes[..], &previous.0[..]);
        let rows = other.0.query(&statement, &[&log, &at, &hash, &bytes, &previous]).await;
        assert_eq!(rows.expect("an answer")[0].get::<_, &str>(0), "appended");
        next += 1;
    }
    next
}

async fn appends_per_second(how: How, logs: usize) -> u64 {
    let url = database().await;
    drop(open(&url).await);
    let notify = if how == How::Behind { "on" } else { "off" };
    let mut writers = tokio::task::JoinSet::new();
    for log in 0..logs {
        let log = format!("log{log}");
        match how {
            How::Inside => drop(writers.spawn(by_statement(Other::connect(&url).await, log))),
            _ => drop(writers.spawn(by_ledger(open(&format!("{url}?log={log}&notify={notify}")).await))),
        }
    }
    let all: u64 = writers.join_all().await.into_iter().sum();
    all / SPAN.as_secs()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures for a minute"]
async fn announcements() {
    for round in 0..3 {
        for logs in [1, 4, 16] {
            for how in [How::Not, How::Behind, How::Inside] {
                println!(
                    "{round}: {logs} logs, told {how:?}: {} appends/s",
                    appends_per_second(how, logs).await
                );
            }
        }
    }
}
