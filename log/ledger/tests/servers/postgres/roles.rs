//! As whom the ledger comes: what a role needs, and what it must not be set to.

use ledger::{LedgerError, OpenError, PostgresLedger};
use world::World;

use super::{Other, database, fill, fresh_name, open, refused};

/// A role that may do nothing yet, and the URL by which it comes.
async fn role(url: &str, other: &Other) -> (String, String) {
    let role = fresh_name("role");
    other.execute(&format!("CREATE ROLE {role} LOGIN")).await;
    (url.replace("postgres@", &format!("{role}@")), role)
}

fn unusable(error: &OpenError, expect: &str) {
    let text = error.to_string();
    assert!(matches!(error, OpenError::Unusable { .. }), "{error:?}");
    assert!(text.contains(expect), "{text} does not say {expect}");
}

/// Making the tables takes a right; using them takes four, and no more.
#[tokio::test(flavor = "multi_thread")]
async fn rights() {
    let url = database().await;
    let other = Other::connect(&url).await;
    let (theirs, role) = role(&url, &other).await;
    unusable(&refused(&theirs).await, "permission denied for schema public");
    drop(open(&url).await);
    unusable(&refused(&theirs).await, "permission denied for table tidelog_schema");
    let grant = format!(
        "GRANT SELECT ON tidelog_schema TO {role};
         GRANT SELECT, INSERT, UPDATE, DELETE ON tidelog_entry, tidelog_base TO {role}"
    );
    other.execute(&grant).await;
    fill(&open(&theirs).await, 0, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn commits_that_wait_for_no_disk_are_refused() {
    let url = database().await;
    let other = Other::connect(&url).await;
    let (theirs, role) = role(&url, &other).await;
    other
        .execute(&format!("ALTER ROLE {role} SET synchronous_commit = off"))
        .await;
    unusable(&refused(&theirs).await, "synchronous_commit is off");
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_of_another_version_are_refused() {
    let url = database().await;
    drop(open(&url).await);
    let other = Other::connect(&url).await;
    other.execute("UPDATE tidelog_schema SET version = 2").await;
    unusable(&refused(&url).await, "of version [2], this software knows 1");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there() {
    let url = database().await;
    unusable(&refused(&format!("{url}_too")).await, "does not exist");
    unusable(&refused(&url.replace("postgres@", "nobody@")).await, "nobody");
    let error = refused("postgres://me:hunter2@127.0.0.1:1/db").await;
    assert!(
        matches!(error, OpenError::Ledger(LedgerError::Unavailable { .. })),
        "{error:?}"
    );
    assert!(!format!("{error} {error:?}").contains("hunter2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_connections_pass() {
    let url = database().await;
    let other = Other::connect(&url).await;
    let (theirs, role) = role(&url, &other).await;
    other.execute(&format!("ALTER ROLE {role} CONNECTION LIMIT 0")).await;
    let error = refused(&theirs).await;
    assert!(
        matches!(error, OpenError::Ledger(LedgerError::Unavailable { .. })),
        "{error:?}"
    );
}

/// Several that find an empty database make the tables once.
#[tokio::test(flavor = "multi_thread")]
async fn eight_may_begin_one_database() {
    let (url, world) = (database().await, World::real());
    let opened = futures::future::join_all((0..8).map(|_| PostgresLedger::open(&url, &world))).await;
    assert!(opened.iter().all(Result::is_ok), "{opened:?}");
}
