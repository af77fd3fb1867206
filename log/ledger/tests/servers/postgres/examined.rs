//! What an examination finds: on a server as the tests have it, and where something is set so that entries are lost.

use ledger::{ConnectOptions, Finding, Verdict};
use world::World;

use super::server::Server;
use super::{Other, database, open};

async fn examine(url: &str) -> Vec<Finding> {
    let examined = ledger::examine(url, &ConnectOptions::default(), &World::real()).await;
    examined.expect(url)
}

fn verdict(found: &[Finding], name: &str) -> Verdict {
    let of = found.iter().find(|found| found.name == name);
    of.unwrap_or_else(|| panic!("no {name} in {found:?}")).verdict
}

#[tokio::test(flavor = "multi_thread")]
async fn as_it_should_be() {
    let url = database().await;
    assert_eq!(verdict(&examine(&url).await, "postgres_tables"), Verdict::Warn);
    drop(open(&url).await);
    let found = examine(&url).await;
    for name in [
        "postgres_version",
        "postgres_primary",
        "postgres_tables",
        "postgres_synchronous_commit",
        "postgres_fsync",
        "postgres_full_page_writes",
        "postgres_autovacuum",
        "postgres_connections",
        "ledger_clock",
    ] {
        assert_eq!(verdict(&found, name), Verdict::Ok, "{found:?}");
    }
    assert_eq!(verdict(&found, "postgres_standbys"), Verdict::Warn, "there is none");
}

/// It is seen by a role that no ledger would be opened for, and by one that has it on.
#[tokio::test(flavor = "multi_thread")]
async fn commits_that_wait_for_no_disk() {
    let (url, name) = (database().await, "postgres_synchronous_commit");
    let database = url.rsplit_once('/').expect("a database").1;
    let other = Other::connect(&url).await;
    let off = format!("ALTER DATABASE {database} SET synchronous_commit = off");
    other.execute(&off).await;
    assert_eq!(verdict(&examine(&url).await, name), Verdict::Fail);
    let role = super::fresh_name("role");
    other.execute(&format!("CREATE ROLE {role} LOGIN")).await;
    let on = format!("ALTER ROLE {role} IN DATABASE {database} SET synchronous_commit = on");
    other.execute(&on).await;
    let theirs = url.replace("postgres@", &format!("{role}@"));
    let found = examine(&theirs).await;
    assert_eq!(verdict(&found, name), Verdict::Warn, "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_forgets() {
    let server = Server::start("fsync = off\nfull_page_writes = off\nautovacuum = off\nmax_connections = 6");
    let found = examine(&server.url()).await;
    assert_eq!(verdict(&found, "postgres_fsync"), Verdict::Fail);
    for name in [
        "postgres_full_page_writes",
        "postgres_autovacuum",
        "postgres_connections",
    ] {
        assert_eq!(verdict(&found, name), Verdict::Warn, "{found:?}");
    }
}
