//! Rows 9, 10, 14 and 18, and what the models found since: whole processes that sleep, reload, and write on.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use compactor::CompactorConfig;
use engine::{AppendDone, AppendError, AppendGroup, Engine};
use ledger::faulty::{Moment, Seam, Verdict as Way};
use ledger::{Faults, FaultyLedger, Looks, MemoryLedger};
use metadata::entry::{Beat, proposal::Kind};
use metadata::{Role, TopicNumber};
use store::{Op, Then};

use crate::common::{Cluster, append, read_all, run, topic};

const BOTH: [Looks; 2] = [Looks::InStatement, Looks::AfterPut];

/// The same cluster, for a process whose calls to the ledger fare for themselves.
pub(crate) fn apart(cluster: &Cluster) -> Cluster {
    let table = Arc::new(cluster.table.clone());
    Cluster {
        ledger: FaultyLedger::new(table, Faults::NONE, cluster.world.child("apart")),
        ..cluster.clone()
    }
}

/// Writes reach the ledger up to half a minute late, and no call is answered.
pub(crate) const CUT_OFF: Faults = Faults {
    late: 1.0,
    late_max: Duration::from_secs(30),
    timeout: Duration::from_millis(100),
    ..Faults::NONE
};

/// Snapshots until the base has moved beyond what was written so far, and deletes what lies below it.
pub(crate) async fn move_base(engine: &Engine) {
    let before = engine.seen().position;
    // It moves to the position of the snapshot before the newest, and past no inline bytes.
    for _ in 0..10 {
        engine
            .propose(Role::Agent, Kind::Beat(Beat {}), None, "")
            .await
            .unwrap();
        engine.take_snapshot(Role::Compactor).await.unwrap();
        let base = engine.advance_base().await.unwrap();
        if base.is_some_and(|base| base.position > before) {
            engine.ledger().delete_below_base().await.unwrap();
            return;
        }
    }
    panic!("the base does not move past {before}");
}

fn submit(
    engine: &Engine,
    topic: TopicNumber,
    value: &str,
) -> impl Future<Output = Result<AppendDone, AppendError>> + use<> {
    let runs = vec![run(topic, 0, &[value])];
    engine.append(engine.reserve(1).unwrap(), AppendGroup { runs, request: None })
}

async fn sleep(cluster: &Cluster, millis: u64) {
    cluster.world.clock.sleep(Duration::from_millis(millis)).await;
}

async fn values(engine: &Engine, topic: TopicNumber) -> Vec<String> {
    engine.look().await.unwrap();
    let all = read_all(engine, topic, 0, 0).await;
    all.into_iter()
        .map(|(_, value)| value.chars().take(8).collect())
        .collect()
}

/// Everything that stands in the table, by life, lane and sequence: each names one content.
async fn names_are_unique(cluster: &Cluster) {
    let mut contents = BTreeMap::new();
    for entry in cluster.table.entries() {
        let envelope = ledger::Envelope::open(entry.position, &entry.bytes).unwrap();
        if envelope.kind != ledger::Kind::Proposals {
            continue;
        }
        for proposal in metadata::decode_body(envelope.body).unwrap().proposals {
            let Some(life) = proposal.incarnation else { continue };
            let name = (life.position, life.nonce, proposal.lane, proposal.sequence);
            let earlier = contents.entry(name).or_insert_with(|| proposal.clone());
            assert_eq!(*earlier, proposal, "{name:?} names two contents");
        }
    }
    assert!(!contents.is_empty());
}

/// A batch is on its way when its process falls asleep; the base moves on, and the process reloads. What it writes then
/// gets another sequence, and the late batch, which it proposes again, is in the log once and first.
#[tokio::test(start_paused = true)]
async fn row_09_sequence_zero_is_not_used_again() {
    for looks in BOTH {
        let cluster = Cluster::over(1, MemoryLedger::new(looks));
        let own = apart(&cluster);
        let (one, sleeper) = (cluster.engine().await, own.engine().await);
        let topic = topic(&one, "orders", 1, &[("tidelog.lane", "inline")]).await;
        sleeper.look().await.unwrap();
        own.ledger.set_faults(CUT_OFF);
        let first = submit(&sleeper, topic, "first");
        sleep(&cluster, 150).await;
        move_base(&one).await;
        own.ledger.set_faults(Faults::NONE);
        let second = append(&sleeper, topic, 0, &["second"]).await;
        assert_eq!(second, Ok(1), "{looks:?}");
        let first = first.await;
        assert!(matches!(first, Err(AppendError::Unknown(_))), "{first:?}");
        // By now whatever was late has come.
        sleep(&cluster, 60_000).await;
        assert_eq!(values(&sleeper, topic).await, ["first", "second"], "{looks:?}");
        assert_eq!(values(&one, topic).await, ["first", "second"]);
        names_are_unique(&cluster).await;
    }
}

/// What was answered as unknown still holds its lane: a large batch that comes later waits for it, and is not even put.
#[tokio::test(start_paused = true)]
async fn row_10_what_is_unknown_holds_its_lane() {
    for looks in BOTH {
        let cluster = Cluster::over(2, MemoryLedger::new(looks));
        let own = apart(&cluster);
        let (one, sleeper) = (cluster.engine().await, own.engine().await);
        let topic = topic(&one, "orders", 1, &[]).await;
        sleeper.look().await.unwrap();
        own.ledger.set_faults(CUT_OFF);
        let small = submit(&sleeper, topic, "small");
        sleep(&cluster, 150).await;
        move_base(&one).await;
        // It reads again, and reloads, but gets nothing into the ledger.
        own.ledger
            .set_hook(Some(Arc::new(|seam: &Seam| match (seam.call, seam.moment) {
                ("append", Moment::Before) => Way::Crash,
                _ => Way::Go,
            })));
        own.ledger.set_faults(Faults::NONE);
        let small = small.await;
        assert!(matches!(small, Err(AppendError::Unknown(_))), "{small:?}");
        let puts = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&puts);
        cluster.objects.set_hook(move |call| {
            let segment = call.op == Op::Put && call.path.contains("/segment/");
            count.fetch_add(u64::from(segment), Ordering::Relaxed);
            Then::Go
        });
        let large = submit(&sleeper, topic, &"large   ".repeat(80_000));
        sleep(&cluster, 5_000).await;
        assert_eq!(puts.load(Ordering::Relaxed), 0, "it changed its lane");
        own.ledger.set_hook(None);
        assert_eq!(large.await.unwrap().acks[0].base_offset, 1, "{looks:?}");
        assert!(puts.load(Ordering::Relaxed) > 0);
        sleep(&cluster, 60_000).await;
        assert_eq!(values(&one, topic).await, ["small", "large   "], "{looks:?}");
    }
}

/// No snapshot is taken, whatever else is due.
fn sweep_only() -> CompactorConfig {
    CompactorConfig {
        snapshot_age: Duration::from_hours(1_000),
        snapshot_entries_min: u64::from(u32::MAX),
        ..CompactorConfig::eager()
    }
}

async fn snapshots(engine: &Engine) -> usize {
    engine.store().list(store::Kind::Snapshot).await.unwrap().len()
}

/// A snapshot is put and read back; before anything names it another process sweeps, with no grace at all. It is still
/// there when the base comes to name it, and who starts then starts from it.
#[tokio::test(start_paused = true)]
async fn row_14_a_snapshot_outlives_a_sweep_before_it_is_named() {
    let cluster = Cluster::new(3);
    let own = apart(&cluster);
    let (one, taker) = (cluster.engine().await, own.engine().await);
    let grace = BTreeMap::from([("segment.grace.ms".to_owned(), "0".to_owned())]);
    one.alter_cluster(grace, Vec::new(), "").await.unwrap();
    let topic = topic(&one, "orders", 1, &[("tidelog.lane", "object"), ("retention.ms", "-1")]).await;
    append(&one, topic, 0, &["first"]).await.unwrap();
    move_base(&one).await;
    append(&one, topic, 0, &["second"]).await.unwrap();
    taker.look().await.unwrap();
    let before = snapshots(&one).await;
    own.ledger
        .set_hook(Some(Arc::new(|seam: &Seam| match (seam.call, seam.moment) {
            ("append", Moment::Before) => Way::Crash,
            _ => Way::Go,
        })));
    let sweep = async {
        sleep(&cluster, 100).await;
        assert_eq!(snapshots(&one).await, before + 1, "it was put, and nobody was told");
        let report = compactor::run_once(&one, &sweep_only()).await;
        assert!(report.failures.is_empty() && report.swept.is_some(), "{report:?}");
        own.ledger.set_hook(None);
    };
    let (taken, ()) = tokio::join!(taker.take_snapshot(Role::Compactor), sweep);
    let taken = taken.unwrap();
    let base = taker.advance_base().await.unwrap().unwrap();
    assert!(base.snapshot.contains(&format!("-{:016x}-", taken.position)) || base.position < taken.position);
    let again = cluster.engine().await;
    assert_eq!(values(&again, topic).await, ["first", "second"]);
}

/// A process sleeps while the base moves past it, and its clock steps back a day meanwhile, or forward: no look at the
/// base is spared by that, and what it appends is there once.
#[tokio::test(start_paused = true)]
async fn row_18_no_clock_spares_a_look() {
    for (looks, skew_ms) in BOTH
        .into_iter()
        .flat_map(|looks| [(looks, -86_400_000), (looks, 86_400_000)])
    {
        let mut cluster = Cluster::over(4, MemoryLedger::new(looks));
        let one = cluster.engine().await;
        cluster.world.clock = cluster.world.clock.skewable();
        let sleeper = cluster.engine().await;
        let topic = topic(&one, "orders", 1, &[("tidelog.lane", "object")]).await;
        append(&sleeper, topic, 0, &["before"]).await.unwrap();
        sleeper.world().tasks.pause();
        let mine = submit(&sleeper, topic, "mine");
        move_base(&one).await;
        cluster.world.clock.skew(skew_ms);
        sleeper.world().tasks.resume();
        let mine = mine.await;
        assert!(mine.is_ok() || matches!(mine, Err(AppendError::Unknown(_))), "{mine:?}");
        append(&sleeper, topic, 0, &["after"]).await.unwrap();
        assert_eq!(
            values(&one, topic).await,
            ["before", "mine", "after"],
            "{looks:?} {skew_ms}"
        );
    }
}

/// Found by the model: a loss takes sequences of every lane that a process had been answered for, the control lane's too,
/// so that its life cannot even end itself. It leaves that life for another instead of proposing what is void for ever.
#[tokio::test(start_paused = true)]
async fn row_04_a_life_of_which_a_loss_took_something_gives_way_to_another() {
    for looks in BOTH {
        let cluster = Cluster::over(5, MemoryLedger::new(looks));
        let engine = cluster.engine().await;
        let topic = topic(&engine, "orders", 1, &[("tidelog.lane", "object")]).await;
        append(&engine, topic, 0, &["kept"]).await.unwrap();
        move_base(&engine).await;
        let life = engine.incarnation(Role::Agent);
        append(&engine, topic, 0, &["lost"]).await.unwrap();
        engine
            .propose(Role::Agent, Kind::Beat(Beat {}), None, "")
            .await
            .unwrap();
        // Calls that take no time at all would let a process that repeats itself do so for ever.
        cluster.ledger.set_faults(Faults::SLOW);
        cluster.table.lose_end(2);
        assert!(append(&engine, topic, 0, &["x"]).await.is_err());
        while !engine.health().halted {
            sleep(&cluster, 50).await;
        }
        engine.ledger().accept_loss("test".into()).await.unwrap();
        while engine.health().halted || !engine.health().serving {
            sleep(&cluster, 50).await;
        }
        let entries = cluster.table.entries().len();
        assert_eq!(append(&engine, topic, 0, &["next"]).await, Ok(1), "{looks:?}");
        assert!(
            cluster.table.entries().len() < entries + 5,
            "no void proposal is repeated"
        );
        assert_ne!(engine.incarnation(Role::Agent), life);
        assert_eq!(values(&engine, topic).await, ["kept", "next"]);
    }
}
