//! Row 19: what may be served after a reload.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use compactor::CompactorConfig;
use engine::FetchError;
use ledger::faulty::{Moment, Seam, Verdict};
use ledger::{Faults, Looks, MemoryLedger};
use metadata::{Role, State};
use store::{Op, Then};

use crate::common::{Cluster, append, read_all, request, topic};
use crate::engines::{apart, move_base};

/// A process reloads from a snapshot that names inline bytes, and is cut off before it has caught up; the bytes are moved
/// out and their entries deleted. It serves nothing until it has reached the end, and then everything.
#[tokio::test(start_paused = true)]
async fn row_19_nothing_is_served_while_a_process_catches_up() {
    for looks in [Looks::InStatement, Looks::AfterPut] {
        let cluster = Cluster::over(1, MemoryLedger::new(looks));
        let own = apart(&cluster);
        let (one, reader) = (cluster.engine().await, own.engine().await);
        let grace = [("segment.grace.ms".to_owned(), "0".to_owned())].into();
        one.alter_cluster(grace, Vec::new(), "").await.unwrap();
        let topic = topic(&one, "orders", 1, &[("tidelog.lane", "inline"), ("retention.ms", "-1")]).await;
        reader.look().await.unwrap();
        let refused = Faults {
            refused: 1.0,
            ..Faults::NONE
        };
        own.ledger.set_faults(refused);
        // Past the reader's tip; the base then names a snapshot in which the records lie inline.
        move_base(&one).await;
        append(&one, topic, 0, &["a", "b"]).await.unwrap();
        one.take_snapshot(Role::Compactor).await.unwrap();
        one.advance_base().await.unwrap();
        // As soon as the reader has loaded that, and found its entry in the ledger, it hears nothing more.
        let (cut, read) = (own.ledger.clone(), Arc::new(AtomicBool::new(false)));
        let (has_read, asked) = (Arc::clone(&read), AtomicU64::new(0));
        cluster.objects.set_hook(move |call| {
            if call.op == Op::Get && call.moment == store::Moment::Applied && call.path.contains("/snapshot/") {
                has_read.store(true, Ordering::Relaxed);
            }
            Then::Go
        });
        own.ledger.set_hook(Some(Arc::new(move |seam: &Seam| {
            let reads = seam.call == "read" && seam.moment == Moment::Before && read.load(Ordering::Relaxed);
            if reads && asked.fetch_add(1, Ordering::Relaxed) > 0 {
                cut.set_faults(refused);
            }
            Verdict::Go
        })));
        own.ledger.set_faults(Faults::NONE);
        for _ in 0..100 {
            cluster.world.clock.sleep(std::time::Duration::from_millis(50)).await;
        }
        cluster.objects.clear_hook();
        own.ledger.set_hook(None);
        let named = |state: &State| (state.inline_bytes() > 0, state.position());
        let (inline, loaded) = reader.read(named);
        assert!(inline, "{looks:?}: it loaded the snapshot");
        for _ in 0..4 {
            let report = compactor::run_once(&one, &CompactorConfig::eager()).await;
            assert_eq!(report.failures, Vec::<String>::new());
        }
        assert_eq!(one.read(State::inline_bytes), 0);
        let lowest = cluster.table.entries()[0].position;
        assert!(lowest > loaded, "the entry with the bytes is gone");
        let fetched = reader.fetch(&request(topic, 0, 0)).await.remove(0).result;
        assert!(matches!(fetched, Err(FetchError::NotCurrent(_))), "{fetched:?}");
        own.ledger.set_faults(Faults::NONE);
        while reader.look().await.is_err() {
            cluster.world.clock.sleep(std::time::Duration::from_millis(50)).await;
        }
        let all = read_all(&reader, topic, 0, 0).await;
        assert_eq!(all, [(0, "a".to_owned()), (1, "b".to_owned())], "{looks:?}");
    }
}

/// Shared by the faults of one process alone.
#[tokio::test(start_paused = true)]
async fn a_process_apart_fails_alone() {
    let cluster = Cluster::new(2);
    let own = apart(&cluster);
    let (one, other) = (cluster.engine().await, own.engine().await);
    own.ledger.set_faults(Faults {
        refused: 1.0,
        ..Faults::NONE
    });
    assert!(one.look().await.is_ok());
    assert!(other.look().await.is_err());
    assert!(Arc::strong_count(&cluster.objects) > 1);
}
