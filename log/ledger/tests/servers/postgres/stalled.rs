//! An append that stalls while the base moves beyond it and what lay below is deleted.

use bytes::Bytes;
use ledger::{Append, Backend, Base, ClusterId, Hash, LedgerError, PostgresLedger};

use super::{Other, before, database, entry, fill, open};

const APPEND: &str = include_str!("../../../src/postgres/append.sql");
const LOG: &str = "tidelog";
/// The position that the stalled append wants, and that others take meanwhile.
const WANTED: u64 = 5;

/// A ledger that ends just before the position, in a database whose inserts there wait for an advisory lock that the test
/// holds: the statement has seen and locked what it wants to by then, and written nothing.
async fn before_the_stall() -> (String, PostgresLedger, Other) {
    let url = database().await;
    let ledger = open(&url).await;
    fill(&ledger, 0, WANTED).await;
    let genesis = base(0);
    assert_eq!(ledger.create_base(&genesis).await, Ok(true));
    let other = Other::connect(&url).await;
    other
        .execute(&format!(
            "CREATE FUNCTION stall() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                 IF get_byte(NEW.bytes, 99) = 77 THEN PERFORM pg_advisory_xact_lock_shared(77); END IF;
                 RETURN NEW;
             END $$;
             CREATE TRIGGER stall BEFORE INSERT ON tidelog_entry FOR EACH ROW WHEN (NEW.position = {WANTED})
                 EXECUTE FUNCTION stall();
             SELECT pg_advisory_lock(77);"
        ))
        .await;
    (url, ledger, other)
}

fn base(position: u64) -> Base {
    Base {
        cluster: ClusterId([1; 16]),
        era: 1,
        position,
        hash: Hash::of(&entry(position, 0)),
        snapshot: String::new(),
    }
}

fn late() -> Bytes {
    entry(WANTED, 77)
}

const WAITING: &str = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = \
    (SELECT oid FROM pg_database WHERE datname = current_database())";

/// Others go on beyond the position and move the base there.
async fn others_go_on(ledger: &PostgresLedger) {
    fill(ledger, WANTED, 3).await;
    let moved = ledger.advance_base(&base(0), &base(WANTED + 2)).await;
    assert_eq!(moved, Ok(true));
}

async fn positions(other: &Other) -> Vec<i64> {
    let rows = other
        .query("SELECT position FROM tidelog_entry ORDER BY position", &[])
        .await;
    rows.iter().map(|row| row.get(0)).collect()
}

/// As it is: the entry before is held, so deletion waits, and the position is found taken.
#[tokio::test(flavor = "multi_thread")]
async fn holds_the_entry_before() {
    let (url, stalled, other) = before_the_stall().await;
    let upkeep = open(&url).await;
    let append = stalled.append(WANTED, before(WANTED), late());
    let meanwhile = async {
        other.until(WAITING, 1).await;
        others_go_on(&upkeep).await;
        let delete = upkeep.delete_below(WANTED + 2, 100);
        let release = async {
            other
                .until(
                    "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'",
                    1,
                )
                .await;
            assert_eq!(
                positions(&other).await.len(),
                8,
                "nothing is deleted while the entry before is held"
            );
            other.execute("SELECT pg_advisory_unlock(77)").await;
        };
        futures::join!(delete, release).0
    };
    let (put, deleted) = futures::join!(append, meanwhile);
    assert_eq!(put, Ok(Append::Taken));
    assert_eq!(deleted, Ok(7));
    assert_eq!(positions(&other).await, [7]);
}

/// Without the lock, and all else equal, the stalled statement writes where another entry had been, and says it did:
/// the stall is the one that the lock is for.
#[tokio::test(flavor = "multi_thread")]
async fn would_write_a_false_entry_without_the_lock() {
    let (url, _, other) = before_the_stall().await;
    let (upkeep, stalled) = (open(&url).await, Other::connect(&url).await);
    let unlocked = APPEND.replace("\n    FOR KEY SHARE", "");
    assert_ne!(unlocked, APPEND);
    let (late, previous) = (late(), before(WANTED));
    let (at, hash) = (i64::try_from(WANTED).unwrap(), Hash::of(&late));
    let (hash, bytes, previous) = (&hash.0[..], &late[..], &previous.0[..]);
    let append = async { stalled.query(&unlocked, &[&LOG, &at, &hash, &bytes, &previous]).await };
    let meanwhile = async {
        other.until(WAITING, 1).await;
        others_go_on(&upkeep).await;
        assert_eq!(upkeep.delete_below(WANTED + 2, 100).await, Ok(7), "nothing is held");
        other.execute("SELECT pg_advisory_unlock(77)").await;
    };
    let (put, ()) = futures::join!(append, meanwhile);
    assert_eq!(put[0].get::<_, &str>(0), "appended");
    assert_eq!(positions(&other).await, [5, 7], "a false entry below the base");
}

/// Who stalls earlier, at the lock itself, finds the entry before gone when it gets it.
#[tokio::test(flavor = "multi_thread")]
async fn finds_the_entry_before_gone() {
    let (_, stalled, other) = before_the_stall().await;
    let rows = "INSERT INTO tidelog_entry (log, position, hash, bytes) VALUES ('tidelog', $1, $2, $3)";
    other.execute("BEGIN").await;
    other
        .query("SELECT FROM tidelog_entry WHERE position = 4 FOR UPDATE", &[])
        .await;
    let append = stalled.append(WANTED, before(WANTED), late());
    let meanwhile = async {
        other
            .until(
                "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'",
                1,
            )
            .await;
        for position in WANTED..WANTED + 3 {
            let (at, bytes) = (i64::try_from(position).unwrap(), entry(position, 0));
            let (hash, bytes) = (&Hash::of(&bytes).0[..], &bytes[..]);
            other.query(rows, &[&at, &hash, &bytes]).await;
        }
        let hash = &base(7).hash.0[..];
        other
            .query("UPDATE tidelog_base SET position = 7, hash = $1", &[&hash])
            .await;
        other
            .execute("DELETE FROM tidelog_entry WHERE position < 7; COMMIT")
            .await;
    };
    let (put, ()) = futures::join!(append, meanwhile);
    assert_eq!(put, Ok(Append::PredecessorDiffers));
    assert_eq!(positions(&other).await, [7]);
    assert_eq!(
        stalled.append(WANTED, before(WANTED), late()).await,
        Ok(Append::Trimmed)
    );
}

/// Position 0 has no entry before it that could be held: those who begin the ledger come one after another.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_genesis_waits_for_the_first() {
    let url = database().await;
    let (first, second) = (open(&url).await, open(&url).await);
    let other = Other::connect(&url).await;
    other
        .execute("BEGIN; SELECT pg_advisory_xact_lock(hashtextextended('tidelog', 0))")
        .await;
    let begin = first.append(0, Hash::ZERO, entry(0, 9));
    let meanwhile = async {
        other.until(WAITING, 1).await;
        // Another begins, goes on, and deletes it all, while the first has not looked yet.
        let sql = "INSERT INTO tidelog_base VALUES ('tidelog', '\\x00', 1, 1, '\\x00', '')";
        other.execute(sql).await;
        other.execute("COMMIT").await;
    };
    let (begun, ()) = futures::join!(begin, meanwhile);
    assert_eq!(begun, Ok(Append::Trimmed));
    assert_eq!(second.append(0, Hash::ZERO, entry(0, 8)).await, Ok(Append::Trimmed));
    assert_eq!(second.read(0, 0).await.map(|read| read.entries.len()), Ok(0));
}

/// A lock that is held for too long: the append is undone by the server, and says so.
#[tokio::test(flavor = "multi_thread")]
async fn gives_up_for_certain() {
    let (_, stalled, other) = before_the_stall().await;
    let put = stalled.append(WANTED, before(WANTED), late()).await;
    assert!(matches!(put, Err(LedgerError::Unavailable { .. })), "{put:?}");
    other.execute("SELECT pg_advisory_unlock(77)").await;
    assert_eq!(positions(&other).await.len(), 5);
    fill(&stalled, WANTED, 1).await;
}
