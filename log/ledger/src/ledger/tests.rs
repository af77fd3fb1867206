use std::time::Duration;

use super::*;
use crate::error::Happened;
use crate::faulty::{Faults, FaultyLedger, Hook, Moment, Verdict};
use crate::memory::MemoryLedger;
use crate::witness::MemoryWitness;

async fn open(backend: Arc<dyn Backend>) -> Ledger {
    let world = World::simulated(3);
    Ledger::open(backend, Arc::new(MemoryWitness::new()), world)
        .await
        .unwrap()
}

async fn tip_of(ledger: &Ledger) -> Tip {
    ledger.base().await.unwrap().tip()
}

/// A put that stands, and whose look fails, is unknown: never acknowledged, never denied.
#[tokio::test(start_paused = true)]
async fn a_failed_look_is_unknown() {
    let memory = MemoryLedger::without_sql();
    let faulty = FaultyLedger::new(Arc::new(memory.clone()), Faults::NONE, World::simulated(1));
    let ledger = open(Arc::new(faulty.clone())).await;
    let tip = tip_of(&ledger).await;
    let failing = faulty.clone();
    let hook: Hook = Arc::new(move |seam| {
        if seam.call == "append" && seam.moment == Moment::Answered {
            failing.set_faults(Faults {
                refused: 1.0,
                ..Faults::NONE
            });
        }
        Verdict::Go
    });
    faulty.set_hook(Some(hook));
    let append = ledger.append(&tip, Bytes::from_static(b"x")).await;
    assert!(matches!(append, Err(LedgerError::Unknown { .. })), "{append:?}");
    assert_eq!(memory.entries().len(), 2, "genesis, and the entry");
}

/// The looks at base and predecessor take one round trip, after the put.
#[tokio::test(start_paused = true)]
async fn the_looks_run_together() {
    let slow = Duration::from_millis(10);
    let faults = Faults {
        delay: (slow, slow),
        ..Faults::NONE
    };
    let check = async |memory: MemoryLedger, trips: u32| {
        let world = World::simulated(1);
        let ledger = open(Arc::new(FaultyLedger::new(Arc::new(memory), faults, world.clone()))).await;
        let tip = tip_of(&ledger).await;
        let before = world.clock.now();
        let append = ledger.append(&tip, Bytes::from_static(b"x")).await;
        assert!(matches!(append, Ok(Appended::At(_))), "{append:?}");
        let took = world.clock.now() - before;
        assert!(took < slow * (2 * trips + 1), "{took:?} for {trips} round trips");
    };
    check(MemoryLedger::without_sql(), 2).await;
    check(MemoryLedger::sql_like(), 1).await;
}

/// The table was replaced by another one while it was open.
#[tokio::test(start_paused = true)]
async fn another_ledger_in_its_place_is_refused() {
    let (mine, other) = (MemoryLedger::sql_like(), MemoryLedger::sql_like());
    let ledger = open(Arc::new(mine.clone())).await;
    let tip = tip_of(&ledger).await;
    let empty = other.backup();
    let world = World::simulated(99);
    Ledger::open(Arc::new(other.clone()), Arc::new(MemoryWitness::new()), world)
        .await
        .unwrap();
    mine.restore(&other.backup());
    let read = ledger.read(&tip, 100).await;
    assert!(matches!(read, Err(LedgerError::OtherCluster { .. })), "{read:?}");
    mine.restore(&empty);
    assert_eq!(ledger.read(&tip, 100).await, Err(LedgerError::NoBase));
    assert_eq!(ledger.verify_tip(&tip).await, Err(LedgerError::NoBase));
}

#[tokio::test(start_paused = true)]
async fn something_else_at_position_0_is_refused() {
    let memory = MemoryLedger::sql_like();
    let entry = Envelope {
        kind: Kind::Proposals,
        era: 1,
        position: 0,
        previous: Hash::ZERO,
        body: Bytes::new(),
    };
    memory.plant(0, Some(entry.seal().0));
    let world = World::simulated(1);
    let opened = Ledger::open(Arc::new(memory.clone()), Arc::new(MemoryWitness::new()), world).await;
    assert!(matches!(opened, Err(OpenError::Unusable { .. })), "{opened:?}");
    assert_eq!(memory.backend_base().await, None, "nothing was changed");
}

/// A copy of a lost entry that was still under way lands in its old place, over the hole: the entry is there, and the
/// chain does not lead to it.
#[tokio::test(start_paused = true)]
async fn a_lost_entry_that_came_back_over_a_hole_is_lost() {
    let memory = MemoryLedger::without_sql();
    let ledger = open(Arc::new(memory.clone())).await;
    let mut tip = tip_of(&ledger).await;
    for _ in 0..3 {
        let Ok(Appended::At(next)) = ledger.append(&tip, Bytes::from_static(b"x")).await else {
            panic!("nobody else appends");
        };
        tip = next;
    }
    let copy = memory.entries().pop().unwrap();
    let loss = Loss {
        expected: tip,
        found: None,
        evidence: Evidence::OwnEntry,
    };
    assert_eq!(ledger.halt(&loss).await, Ok(Halted::NotLost));
    memory.lose_end(2);
    memory.plant(copy.position, Some(copy.bytes));
    let halted = ledger.halt(&loss).await;
    assert!(matches!(halted, Ok(Halted::At(Tip { position: 2, .. }))), "{halted:?}");
}

impl MemoryLedger {
    async fn backend_base(&self) -> Option<Base> {
        Backend::base(self).await.unwrap()
    }
}

/// One entry is far ahead of what can be: an error, no panic.
#[tokio::test(start_paused = true)]
async fn the_last_position_has_no_next() {
    let ledger = open(Arc::new(MemoryLedger::sql_like())).await;
    let tip = tip_of(&ledger).await;
    let tip = Tip::new(tip.era, u64::MAX, tip.hash);
    let append = ledger.append(&tip, Bytes::new()).await;
    assert!(matches!(append, Err(LedgerError::Refused { .. })), "{append:?}");
    assert!(matches!(ledger.read(&tip, 100).await, Ok(ReadOutcome::Lost(_))));
}

/// An entry of a newer format stops the reader there, and says what it needs.
#[tokio::test(start_paused = true)]
async fn a_newer_format_is_named() {
    let memory = MemoryLedger::sql_like();
    let ledger = open(Arc::new(memory.clone())).await;
    let tip = tip_of(&ledger).await;
    ledger.append(&tip, Bytes::from_static(b"x")).await.unwrap();
    let mut newer = memory.entries()[1].bytes.to_vec();
    newer[4] = 2;
    let crc = crc32c::crc32c_append(crc32c::crc32c(&newer[..68]), &newer[72..]);
    newer[68..72].copy_from_slice(&crc.to_be_bytes());
    memory.plant(1, Some(newer.into()));
    let (position, version) = (1, 2);
    assert_eq!(
        ledger.read(&tip, 100).await,
        Err(LedgerError::Unsupported { position, version })
    );
}

/// Every error says whether it happened; only one kind may have.
#[test]
fn what_happened() {
    let reason = || "r".to_owned();
    let check = |error: LedgerError, happened: Happened, transient: bool| {
        assert_eq!(
            (error.happened(), error.is_transient()),
            (happened, transient),
            "{error}"
        );
        assert_eq!(
            error.clone().after_put().happened(),
            Happened::Maybe,
            "{error} after a put"
        );
    };
    check(LedgerError::Unknown { reason: reason() }, Happened::Maybe, true);
    check(LedgerError::Unavailable { reason: reason() }, Happened::No, true);
    check(LedgerError::Full { reason: reason() }, Happened::No, true);
    check(LedgerError::Refused { reason: reason() }, Happened::No, false);
    check(LedgerError::TooLarge { bytes: 2, bytes_max: 1 }, Happened::No, false);
    check(LedgerError::NoBase, Happened::No, false);
}
