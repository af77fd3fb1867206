//! Genesis, races, lost answers, late puts, restarts, limits, watching.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::future::join_all;
use world::World;

use super::{Follower, Harness, Stop, Yard, open};
use crate::backend::Append;
use crate::envelope::{Envelope, Kind};
use crate::error::{Happened, LedgerError};
use crate::faulty::{Faults, FaultyLedger};
use crate::ids::{ClusterId, Hash};
use crate::ledger::{Appended, Ledger, ReadOutcome};
use crate::witness::MemoryWitness;

pub(super) async fn all(harness: &dyn Harness, world: &World) {
    genesis(harness, world).await;
    genesis_without_base(harness, world).await;
    first_append_needs_genesis(harness, world).await;
    racing_writers(harness, world).await;
    lost_answers(harness, world).await;
    late_puts(harness, world).await;
    dropped_calls(harness, world).await;
    restarts(harness, world).await;
    large_entries(harness, world).await;
    pages(harness, world).await;
    watching(harness, world).await;
}

/// However many begin a ledger at once, it begins once.
async fn genesis(harness: &dyn Harness, world: &World) {
    let table = harness.fresh().await;
    let witness = Arc::new(MemoryWitness::new());
    let openings = (0..8).map(|_| open(&*table, &witness, world));
    let ledgers = join_all(openings).await;
    let base = ledgers[0].base().await.expect("a base");
    assert_eq!((base.era, base.position, base.snapshot.as_str()), (1, 0, ""));
    for ledger in &ledgers {
        assert_eq!(ledger.cluster(), base.cluster);
    }
    let raw = table.open().await.read(0, 1 << 20).await.expect("reads");
    assert_eq!(raw.entries.len(), 1, "one genesis");
    let genesis = Envelope::open(0, &raw.entries[0].bytes).expect("genesis opens");
    assert_eq!(
        (genesis.kind, genesis.previous, Hash::of(&raw.entries[0].bytes)),
        (Kind::Genesis, Hash::ZERO, base.hash)
    );
    assert_eq!(&*genesis.body, &base.cluster.0);
}

/// One that died between genesis and base leaves a ledger that the next one begins.
async fn genesis_without_base(harness: &dyn Harness, world: &World) {
    let table = harness.fresh().await;
    let genesis = Envelope {
        kind: Kind::Genesis,
        era: 1,
        position: 0,
        previous: Hash::ZERO,
        body: Bytes::from_static(&[7; 16]),
    };
    let put = table.open().await.append(0, Hash::ZERO, genesis.seal().0).await;
    assert_eq!(put, Ok(Append::Appended));
    let ledger = open(&*table, &Arc::new(MemoryWitness::new()), world).await;
    assert_eq!(ledger.cluster(), ClusterId([7; 16]));
    assert_eq!(ledger.base().await.expect("a base").hash, genesis.seal().1);
}

/// A backend that checks the predecessor takes nothing into an empty table but genesis.
async fn first_append_needs_genesis(harness: &dyn Harness, world: &World) {
    let yard = Yard::new(harness, world).await;
    if !yard.looks_after_put().await {
        let empty = harness.fresh().await.open().await;
        let put = empty.append(1, Hash::ZERO, Bytes::from_static(b"x")).await;
        assert_eq!(put, Ok(Append::PredecessorDiffers));
    }
}

/// Sixteen writers with eight entries each: every position has one winner, and every entry gets in once.
async fn racing_writers(harness: &dyn Harness, world: &World) {
    let yard = &Yard::new(harness, world).await;
    let writers = (0..16).map(|name| async move {
        let mut follower = yard.follower().await;
        let mut won = Vec::new();
        for entry in 0..8 {
            let body = format!("{name}/{entry}");
            won.push((follower.append(&body).await.position, body));
        }
        won
    });
    let won: Vec<_> = join_all(writers).await.into_iter().flatten().collect();
    let mut reader = yard.follower().await;
    reader.catch_up().await;
    let by_position: BTreeMap<_, _> = won.iter().cloned().collect();
    assert_eq!(
        (won.len(), by_position.len()),
        (128, 128),
        "each position has one winner"
    );
    assert_eq!(reader.story(), by_position.into_values().collect::<Vec<_>>());
}

/// Writers whose calls fail in every way: what was acknowledged is there, and what is there was once proposed. Each
/// proposes the same again until it has folded it, and folds it maybe twice (the fold above drops the second).
async fn lost_answers(harness: &dyn Harness, world: &World) {
    let yard = Yard::new(harness, world).await;
    let faults = Faults {
        refused: 0.1,
        lost: 0.1,
        unanswered: 0.2,
        late: 0.05,
        duplicated: 0.1,
        late_max: Duration::from_millis(20),
        timeout: Duration::from_millis(1),
        delay: (Duration::ZERO, Duration::from_millis(1)),
        full: false,
    };
    let writers = (0..4).map(|writer| {
        let yard = &yard;
        async move {
            let faulty = FaultyLedger::new(yard.table.open().await, faults, yard.world.child("faulty"));
            let mut follower = yard.follower().await;
            follower.ledger = follower.ledger.through(Arc::new(faulty));
            let mut acknowledged = Vec::new();
            for entry in 0..10 {
                insist(&mut follower, &format!("{writer}/{entry}"), &mut acknowledged).await;
            }
            acknowledged
        }
    });
    let acknowledged: Vec<_> = join_all(writers).await.into_iter().flatten().collect();
    // What is late has arrived.
    world.clock.sleep(Duration::from_millis(40)).await;
    let mut reader = yard.follower().await;
    reader.catch_up().await;
    let story = reader.story();
    for (position, body) in acknowledged {
        let index = usize::try_from(position).expect("small") - 1;
        assert_eq!(story.get(index), Some(&body), "what was acknowledged at {position}");
    }
    for body in (0..4).flat_map(|writer| (0..10).map(move |entry| format!("{writer}/{entry}"))) {
        assert!(story.contains(&body), "{body} got in");
    }
}

/// Proposes the same content until it has been folded.
async fn insist(follower: &mut Follower, body: &str, acknowledged: &mut Vec<(u64, String)>) {
    while !follower.story().iter().any(|word| word == body) {
        let append = follower
            .ledger
            .append(&follower.tip, Bytes::copy_from_slice(body.as_bytes()));
        match append.await {
            Ok(Appended::At(tip)) => acknowledged.push((tip.position, body.to_owned())),
            Ok(Appended::Taken) | Err(_) => {}
            Ok(other) => panic!("{body}: {other:?}"),
        }
        match follower.ledger.read(&follower.tip, 1 << 20).await {
            Ok(ReadOutcome::Entries { entries, .. }) => follower.fold(entries),
            Ok(other) => panic!("{body}: {other:?}"),
            Err(error) => assert_eq!(error.happened(), Happened::No, "a read changes nothing"),
        }
    }
}

/// A put that arrives late takes its position if that is free, and else has no effect.
async fn late_puts(harness: &dyn Harness, world: &World) {
    let yard = Yard::new(harness, world).await;
    let mut writer = yard.writer_of(&["a"]).await;
    let backend = yard.table.open().await;
    let late = |body: &'static str, writer: &Follower| {
        let envelope = Envelope {
            kind: Kind::Proposals,
            era: 1,
            position: writer.tip.position + 1,
            previous: writer.tip.hash,
            body: Bytes::from_static(body.as_bytes()),
        };
        (envelope.position, envelope.previous, envelope.seal().0)
    };
    let (position, previous, bytes) = late("late one", &writer);
    writer.append("b").await;
    assert_eq!(
        backend.append(position, previous, bytes.clone()).await,
        Ok(Append::Taken)
    );
    let (position, previous, bytes) = late("late two", &writer);
    assert_eq!(
        backend.append(position, previous, bytes.clone()).await,
        Ok(Append::Appended)
    );
    assert_eq!(
        backend.append(position, previous, bytes).await,
        Ok(Append::Taken),
        "delivered twice"
    );
    writer.append("c").await;
    writer.expect(&["a", "b", "late two", "c"]);
}

/// A call that is dropped at any point happened whole or not at all, and the backend goes on.
async fn dropped_calls(harness: &dyn Harness, world: &World) {
    let yard = Yard::new(harness, world).await;
    let mut writer = yard.writer_of(&[]).await;
    for polls in 0..6 {
        for round in 0..4 {
            {
                let body = Bytes::from(format!("dropped {polls}/{round}"));
                let mut append = Box::pin(writer.ledger.append(&writer.tip, body));
                let mut read = Box::pin(writer.ledger.read(&writer.tip, 1 << 20));
                for _ in 0..polls {
                    let ready = futures::poll!(append.as_mut()).is_ready();
                    if ready | futures::poll!(read.as_mut()).is_ready() {
                        break;
                    }
                    world.clock.sleep(Duration::from_micros(200)).await;
                }
            }
            writer.catch_up().await;
            writer.append(&format!("kept {polls}/{round}")).await;
        }
    }
    let kept = writer.story().iter().filter(|word| word.starts_with("kept")).count();
    assert_eq!(kept, 24);
}

/// A table that is opened again holds what it held.
async fn restarts(harness: &dyn Harness, world: &World) {
    let yard = Yard::new(harness, world).await;
    let writer = yard.writer_of(&["a", "b", "c"]).await;
    yard.move_base(&writer.entries[0].tip()).await;
    let base = yard.ledger.base().await;
    drop(writer);
    let mut again = yard.follower().await;
    assert_eq!(
        (again.ledger.base().await, again.ledger.cluster()),
        (base, yard.ledger.cluster())
    );
    again.catch_up().await;
    again.append("d").await;
    again.expect(&["b", "c", "d"]);
}

/// The largest entry goes in and comes out; one byte more is refused and leaves nothing.
async fn large_entries(harness: &dyn Harness, world: &World) {
    let yard = Yard::new(harness, world).await;
    let mut writer = yard.follower().await;
    let most = writer.ledger.entry_bytes_max();
    let body = Bytes::from(vec![b'x'; most]);
    let put = writer.ledger.append(&writer.tip, body.clone()).await;
    assert!(matches!(put, Ok(Appended::At(_))), "{put:?}");
    writer.catch_up().await;
    assert_eq!(writer.ledger.read_body(1).await, Ok(Some(body)));
    let over = writer
        .ledger
        .append(&writer.tip, Bytes::from(vec![b'x'; most + 1]))
        .await;
    let (bytes, bytes_max) = (most + 1, most);
    assert_eq!(over, Err(LedgerError::TooLarge { bytes, bytes_max }));
    let backend = yard.table.open().await;
    let raw = backend
        .append(2, writer.tip.hash, Bytes::from(vec![0; backend.entry_bytes_max() + 1]))
        .await;
    assert!(raw.is_err_and(|error| error.happened() == Happened::No));
    writer.append("small").await;
    assert_eq!(writer.tip.position, 2);
}

/// A read stops at its limit, takes at least one entry, and says whether it reached the end.
async fn pages(harness: &dyn Harness, world: &World) {
    let yard = Yard::new(harness, world).await;
    let writer = yard.writer_of(&["aaaa", "bbbb", "cccc", "dddd"]).await;
    let from = yard.follower().await;
    let size = yard.table.open().await.read(1, 0).await.expect("reads").entries[0]
        .bytes
        .len();
    for (max_bytes, expect) in [
        (0, 1),
        (1, 1),
        (size, 1),
        (2 * size - 1, 1),
        (2 * size, 2),
        (9 * size, 4),
    ] {
        match from.ledger.read(&from.tip, max_bytes).await {
            Ok(ReadOutcome::Entries { entries, at_end }) => {
                assert_eq!((entries.len(), at_end), (expect, expect == 4), "{max_bytes} bytes");
            }
            other => panic!("{other:?}"),
        }
    }
    let exactly = from.ledger.read(&from.tip, 4 * size).await;
    assert!(
        matches!(exactly, Ok(ReadOutcome::Entries { at_end: true, .. })),
        "{exactly:?}"
    );
    assert_eq!(writer.clone().read_on().await, Stop::End);
    let beyond = yard.table.open().await.read(17, 1 << 20).await.expect("reads");
    assert!(beyond.entries.is_empty() && !beyond.more, "{beyond:?}");
}

/// Whoever watches wakes when an entry comes, from this process or another, and at once when it is there already.
async fn watching(harness: &dyn Harness, world: &World) {
    let yard = Yard::new(harness, world).await;
    let mut writer = yard.follower().await;
    let (same, other) = (writer.ledger.clone(), yard.reopened().await);
    let patience = Duration::from_secs(5);
    let watched = |ledger: Ledger, after| async move { world.clock.timeout(patience, ledger.watch(after)).await };
    let append = async {
        world.clock.sleep(Duration::from_millis(10)).await;
        writer.append("a").await;
    };
    let (one, two, ()) = futures::join!(watched(same.clone(), 0), watched(other, 0), append);
    assert_eq!((one, two), (Ok(Ok(())), Ok(Ok(()))));
    assert_eq!(watched(same.clone(), 0).await, Ok(Ok(())), "it is there already");
    let nothing = world.clock.timeout(Duration::from_millis(300), same.watch(1)).await;
    assert!(nothing.is_err(), "nothing comes after 1");
}
