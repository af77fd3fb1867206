use std::path::PathBuf;
use std::sync::Arc;

use proptest::prelude::*;
use sqlx::Connection as _;
use tempfile::TempDir;

use super::*;
use crate::backend::RawEntry;
use crate::memory::MemoryLedger;

fn place() -> (TempDir, PathBuf) {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("ledger.db");
    (dir, path)
}

async fn open(path: &Path) -> SqliteLedger {
    SqliteLedger::open(path, &World::real()).await.unwrap()
}

async fn raw(path: &Path) -> SqliteConnection {
    SqliteConnection::connect(&format!("sqlite:{}", path.display()))
        .await
        .unwrap()
}

fn entry(position: u64, bytes: usize) -> Bytes {
    let fill = u8::try_from(position % 251).unwrap();
    Bytes::from(vec![fill; bytes])
}

/// Appends a chain of entries of this size at the positions from `from` on.
async fn fill(ledger: &SqliteLedger, from: u64, count: u64, bytes: usize) {
    for position in from..from + count {
        let previous = position
            .checked_sub(1)
            .map_or(Hash::ZERO, |before| Hash::of(&entry(before, bytes)));
        let put = ledger.append(position, previous, entry(position, bytes)).await;
        assert_eq!(put, Ok(Append::Appended));
    }
}

/// A call, with small numbers so that the calls meet.
#[derive(Debug, Clone)]
enum Call {
    Append {
        position: u64,
        previous: u8,
        bytes: u8,
    },
    /// At the end, so that the table grows.
    Extend {
        bytes: u8,
    },
    Read {
        from: u64,
        max_bytes: usize,
    },
    CreateBase {
        position: u64,
    },
    AdvanceBase {
        from: u64,
        to: u64,
    },
    DeleteBelow {
        position: u64,
        limit: u32,
    },
}

fn call() -> impl Strategy<Value = Call> {
    prop_oneof![
        2 => (0..12_u64, 0..6_u8, 0..6_u8).prop_map(|(position, previous, bytes)| Call::Append { position, previous, bytes }),
        5 => (0..6_u8).prop_map(|bytes| Call::Extend { bytes }),
        3 => (prop_oneof![0..12_u64, Just(u64::MAX)], prop_oneof![Just(0), 1..40_usize])
            .prop_map(|(from, max_bytes)| Call::Read { from, max_bytes }),
        1 => (0..3_u64).prop_map(|position| Call::CreateBase { position }),
        2 => (0..12_u64, 0..12_u64).prop_map(|(from, to)| Call::AdvanceBase { from, to }),
        1 => (0..12_u64, 0..5_u32).prop_map(|(position, limit)| Call::DeleteBelow { position, limit }),
    ]
}

/// A base at a position, with the hash of the entry there, if there is one.
fn base(position: u64, entries: &[RawEntry]) -> Base {
    let there = entries.iter().find(|entry| entry.position == position);
    Base {
        cluster: ClusterId([1; 16]),
        era: 1,
        position,
        hash: there.map_or(Hash::ZERO, |entry| Hash::of(&entry.bytes)),
        snapshot: format!("snapshot {position}"),
    }
}

fn small(bytes: u8) -> Bytes {
    Bytes::from(vec![bytes; usize::from(bytes) * 3])
}

/// What a backend answers, as text.
async fn answer(backend: &dyn Backend, call: &Call, entries: &[RawEntry]) -> String {
    let (end, base) = (entries.last(), |position| base(position, entries));
    let put = async |position, previous, bytes| format!("{:?}", backend.append(position, previous, bytes).await);
    match *call {
        Call::Append {
            position,
            previous,
            bytes,
        } => put(position, Hash::of(&small(previous)), small(bytes)).await,
        Call::Extend { bytes } => {
            let at = end.map_or((0, Hash::ZERO), |end| (end.position + 1, Hash::of(&end.bytes)));
            put(at.0, at.1, small(bytes)).await
        }
        Call::Read { from, max_bytes } => format!("{:?}", backend.read(from, max_bytes).await),
        Call::CreateBase { position } => format!("{:?}", backend.create_base(&base(position)).await),
        Call::AdvanceBase { from, to } => format!("{:?}", backend.advance_base(&base(from), &base(to)).await),
        Call::DeleteBelow { position, limit } => format!("{:?}", backend.delete_below(position, limit).await),
    }
}

async fn differ(calls: Vec<Call>) {
    let (_dir, path) = place();
    let (memory, sqlite) = (MemoryLedger::sql_like(), open(&path).await);
    for call in &calls {
        let entries = memory.entries();
        let expect = answer(&memory, call, &entries).await;
        assert_eq!(answer(&sqlite, call, &entries).await, expect, "{call:?}");
        assert_eq!(sqlite.base().await, memory.base().await);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn answers_as_memory_does(calls in proptest::collection::vec(call(), 1..80)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(differ(calls));
    }
}

#[tokio::test]
async fn settings_that_durability_rests_on() {
    let (_dir, path) = place();
    let ledger = open(&path).await;
    let check = async |pragma: &'static str, expect: &str| {
        let row = query(pragma).fetch_one(&mut *ledger.writer.lock().await).await.unwrap();
        let value = row
            .try_get::<String, _>(0)
            .or_else(|_| row.try_get::<i64, _>(0).map(|n| n.to_string()));
        assert_eq!(value.unwrap(), expect, "{pragma}");
    };
    check("PRAGMA journal_mode", "wal").await;
    check("PRAGMA synchronous", "2").await;
    check("PRAGMA busy_timeout", "5000").await;
    check("PRAGMA auto_vacuum", "2").await;
    check("PRAGMA application_id", &0x544c_4c47.to_string()).await;
    check("PRAGMA user_version", "1").await;
}

#[tokio::test]
async fn what_is_no_ledger_is_refused_and_left_alone() {
    let check = async |sql: &'static str, expect: &str| {
        let (_dir, path) = place();
        let url = format!("sqlite:{}?mode=rwc", path.display());
        let mut connection = SqliteConnection::connect(&url).await.unwrap();
        sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        let error = SqliteLedger::open(&path, &World::real()).await.unwrap_err().to_string();
        assert!(error.contains(expect), "{error} does not say {expect}");
        let tables = query("SELECT count(*) FROM sqlite_schema WHERE name IN ('entry', 'base')");
        let count: i64 = tables.fetch_one(&mut raw(&path).await).await.unwrap().get(0);
        assert_eq!(count, 0);
    };
    check("CREATE TABLE mine (a)", "something else").await;
    check("PRAGMA application_id = 7", "something else").await;
    check(
        "PRAGMA application_id = 0x544c4c47; PRAGMA user_version = 2",
        "of version 2",
    )
    .await;

    let (_dir, path) = place();
    std::fs::write(&path, vec![b'x'; 8192]).unwrap();
    let error = SqliteLedger::open(&path, &World::real()).await.unwrap_err();
    assert!(error.to_string().contains("not a database"), "{error}");
}

#[tokio::test]
async fn eight_processes_may_begin_one_file() {
    let (_dir, path) = place();
    let world = World::real();
    let opened = futures::future::join_all((0..8).map(|_| SqliteLedger::open(&path, &world))).await;
    assert!(opened.iter().all(Result::is_ok), "{opened:?}");
}

/// Another process holds the write lock: an append waits, and gives up with a definite error.
#[tokio::test]
async fn a_held_lock_is_waited_for() {
    let (_dir, path) = place();
    let ledger = open(&path).await;
    fill(&ledger, 0, 1, 10).await;
    let previous = Hash::of(&entry(0, 10));
    let mut other = raw(&path).await;
    let lock = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
    sqlx::raw_sql("PRAGMA busy_timeout = 20")
        .execute(&mut *ledger.writer.lock().await)
        .await
        .unwrap();
    let refused = ledger.append(1, previous, entry(1, 10)).await;
    assert!(matches!(refused, Err(LedgerError::Unavailable { .. })), "{refused:?}");
    assert_eq!(
        ledger.read(0, 100).await.map(|read| read.entries.len()),
        Ok(1),
        "reads go on"
    );
    sqlx::raw_sql("PRAGMA busy_timeout = 5000")
        .execute(&mut *ledger.writer.lock().await)
        .await
        .unwrap();
    let release = async {
        World::real().clock.sleep(Duration::from_millis(50)).await;
        lock.rollback().await.unwrap();
    };
    let (put, ()) = futures::join!(ledger.append(1, previous, entry(1, 10)), release);
    assert_eq!(put, Ok(Append::Appended));
}

/// A full disk: writes are refused for certain, reads go on, and there is room again after a deletion.
#[tokio::test]
async fn full() {
    let (_dir, path) = place();
    let ledger = open(&path).await;
    fill(&ledger, 0, 4, 4000).await;
    let pages: i64 = query("PRAGMA page_count")
        .fetch_one(&mut *ledger.writer.lock().await)
        .await
        .unwrap()
        .get(0);
    let limit: &'static str = Box::leak(format!("PRAGMA max_page_count = {}", pages + 2).into_boxed_str());
    query(limit).fetch_one(&mut *ledger.writer.lock().await).await.unwrap();
    let previous = Hash::of(&entry(3, 4000));
    let refused = ledger.append(4, previous, entry(4, 40_000)).await;
    assert!(matches!(refused, Err(LedgerError::Full { .. })), "{refused:?}");
    assert_eq!(ledger.read(0, 1 << 20).await.map(|read| read.entries.len()), Ok(4));
    assert_eq!(ledger.delete_below(3, 10).await, Ok(3));
    assert_eq!(ledger.append(4, previous, entry(4, 4000)).await, Ok(Append::Appended));
}

/// Entries come and go; the file does not grow for ever, and gives back what a flood left.
#[tokio::test]
async fn the_file_stays_small() {
    let (_dir, path) = place();
    let ledger = open(&path).await;
    sqlx::raw_sql("PRAGMA synchronous = OFF")
        .execute(&mut *ledger.writer.lock().await)
        .await
        .unwrap();
    let bytes = 64 << 10;
    let pages = async || {
        let pages = query("PRAGMA page_count")
            .fetch_one(&mut *ledger.writer.lock().await)
            .await;
        pages.unwrap().get::<i64, _>(0)
    };
    fill(&ledger, 0, 500, bytes).await;
    let flood = pages().await;
    while ledger.delete_below(480, 64).await.unwrap() > 0 {}
    for round in 0..8 {
        fill(&ledger, 500 + round * 20, 20, bytes).await;
        assert_eq!(
            ledger.delete_below(500 + round * 20 - 1, 64).await,
            Ok(if round == 0 { 19 } else { 20 })
        );
    }
    let after = pages().await;
    assert!(after < flood * 3 / 4, "{flood} pages, then {after}");
    let wal = std::fs::metadata(path.with_extension("db-wal")).unwrap().len();
    assert!(wal < 80 << 20, "{wal} bytes of WAL");
}

/// Appends of another process are seen within a poll, and those of this one at once.
#[tokio::test]
async fn watching_from_another_process() {
    let (_dir, path) = place();
    let (here, there) = (open(&path).await, Arc::new(open(&path).await));
    fill(&there, 0, 1, 10).await;
    let world = World::real();
    for position in 1..10 {
        let append = async {
            world.clock.sleep(Duration::from_millis(20)).await;
            fill(&there, position, 1, 10).await;
            world.clock.now()
        };
        let watch = async {
            here.watch(position - 1).await.unwrap();
            world.clock.now()
        };
        let (appended, seen) = futures::join!(append, watch);
        let late = seen.saturating_duration_since(appended);
        assert!(late < Duration::from_secs(1), "{late:?}");
    }
}

#[tokio::test]
async fn after_a_failed_fsync_nothing_is_written() {
    let (_dir, path) = place();
    let ledger = open(&path).await;
    fill(&ledger, 0, 1, 10).await;
    ledger.broken.store(true, Ordering::Relaxed);
    let refused = ledger.append(1, Hash::of(&entry(0, 10)), entry(1, 10)).await;
    assert!(matches!(refused, Err(LedgerError::Refused { .. })), "{refused:?}");
    assert_eq!(
        ledger.read(0, 100).await.map(|read| read.entries.len()),
        Ok(1),
        "reads go on"
    );
}
