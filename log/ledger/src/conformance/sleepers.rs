//! Those who slept while the base moved: nothing of theirs counts, and none of them takes deletion for a loss.

use futures::future::join_all;
use world::World;

use super::{Follower, Harness, Stop, Yard};
use crate::ledger::Appended;

pub(super) async fn all(harness: &dyn Harness, world: &World) {
    sleeper_appends(harness, world).await;
    sleeper_with_its_predecessor(harness, world).await;
    second_sleeper_reads(harness, world).await;
    false_entry_is_no_body(harness, world).await;
    at_the_base(harness, world).await;
    ordinary_sleeper(harness, world).await;
    stalled_appends(harness, world).await;
}

/// A ledger of five entries, and one who has folded only the first.
async fn asleep(harness: &dyn Harness, world: &World) -> (Yard, Follower, Follower) {
    let yard = Yard::new(harness, world).await;
    let sleeper = yard.writer_of(&["a"]).await;
    let writer = yard.writer_of(&["b", "c", "d", "e"]).await;
    (yard, sleeper, writer)
}

/// The base moves beyond the sleeper's tip, what it knew is deleted, and it appends where there is room again: it is
/// told to reload, and whoever starts from the base never sees its entry.
async fn sleeper_appends(harness: &dyn Harness, world: &World) {
    for base_at in 2..=4 {
        let (yard, sleeper, mut writer) = asleep(harness, world).await;
        yard.move_base(&writer.entries[base_at].tip()).await;
        yard.delete_all().await;
        assert_eq!(
            sleeper.try_append("false").await,
            Appended::Reload,
            "base at {}",
            base_at + 1
        );
        writer.append("f").await;
        let mut cold = yard.follower().await;
        cold.catch_up().await;
        assert!(!cold.story().contains(&"false".to_owned()), "{:?}", cold.story());
    }
}

/// The predecessor alone says nothing: here the sleeper's own entry is still there, as on a backend whose deletions are
/// slow to be seen, and the position after it is not.
async fn sleeper_with_its_predecessor(harness: &dyn Harness, world: &World) {
    let (yard, sleeper, writer) = asleep(harness, world).await;
    let own = yard
        .table
        .open()
        .await
        .read(1, 0)
        .await
        .expect("reads")
        .entries
        .remove(0);
    yard.move_base(&writer.entries[2].tip()).await;
    yard.delete_all().await;
    yard.table.plant(1, Some(own.bytes)).await;
    assert_eq!(sleeper.try_append("false").await, Appended::Reload);
}

/// A second sleeper with the same tip reads the first one's false entry, which fits its chain. Its own entry is gone:
/// were the chain judged first it would halt the cluster; were the base compared with the last entry read it would fold.
async fn second_sleeper_reads(harness: &dyn Harness, world: &World) {
    let (yard, mut sleeper, writer) = asleep(harness, world).await;
    let own = yard
        .table
        .open()
        .await
        .read(1, 0)
        .await
        .expect("reads")
        .entries
        .remove(0);
    let base = yard.move_base(&writer.entries[2].tip()).await;
    yard.delete_all().await;
    assert_eq!(sleeper.clone().try_append("false").await, Appended::Reload);
    assert_eq!(sleeper.read_on().await, Stop::Reload(base.clone()));
    // Even when its own entry is still there, as on a backend whose deletions are slow to be seen.
    yard.table.plant(1, Some(own.bytes)).await;
    assert_eq!(sleeper.read_on().await, Stop::Reload(base));
    sleeper.expect(&["a"]);
}

/// Bytes named by an old state are never taken from a false entry.
async fn false_entry_is_no_body(harness: &dyn Harness, world: &World) {
    let (yard, sleeper, writer) = asleep(harness, world).await;
    yard.move_base(&writer.entries[2].tip()).await;
    assert_eq!(yard.ledger.read_body(2).await, Ok(Some("b".into())), "not deleted yet");
    yard.delete_all().await;
    assert_eq!(sleeper.try_append("false").await, Appended::Reload);
    assert_eq!(yard.ledger.read_body(2).await, Ok(None));
}

/// Whose tip is the base itself goes on: its entry stays, and what follows was not deleted.
async fn at_the_base(harness: &dyn Harness, world: &World) {
    let (yard, mut sleeper, _) = asleep(harness, world).await;
    yard.move_base(&sleeper.tip).await;
    yard.delete_all().await;
    assert_eq!(sleeper.try_append("x").await, Appended::Taken);
    sleeper.catch_up().await;
    sleeper.expect(&["a", "b", "c", "d", "e"]);
}

/// The base moved just beyond the tip, or far, with and without deletion: reload, never a loss.
async fn ordinary_sleeper(harness: &dyn Harness, world: &World) {
    for (base_at, delete) in [(1, false), (1, true), (3, false), (3, true)] {
        let (yard, mut sleeper, writer) = asleep(harness, world).await;
        let base = yard.move_base(&writer.entries[base_at].tip()).await;
        if delete {
            yard.delete_all().await;
        }
        assert_eq!(sleeper.read_on().await, Stop::Reload(base));
        let appended = sleeper.try_append("x").await;
        assert!(matches!(appended, Appended::Reload | Appended::Taken), "{appended:?}");
        let emptied = delete && base_at > 1;
        assert!(appended == Appended::Reload || !emptied, "nothing is there to take it");
    }
}

/// Appends at the old tip are under way while the base moves and entries are deleted: what is acknowledged is there.
async fn stalled_appends(harness: &dyn Harness, world: &World) {
    for _ in 0..8 {
        let yard = Yard::new(harness, world).await;
        let stale = yard.writer_of(&["a"]).await;
        let stalled = (0..4).map(|n| {
            let stale = stale.clone();
            async move { stale.try_append(&format!("stalled {n}")).await }
        });
        let upkeep = async {
            let writer = yard.writer_of(&["b", "c", "d"]).await;
            let last = writer.entries.iter().rev().nth(1).expect("four entries");
            yard.move_base(&last.tip()).await;
            yard.delete_all().await;
            writer
        };
        let (outcomes, writer) = futures::join!(join_all(stalled), upkeep);
        let story = writer.story();
        for (n, outcome) in outcomes.iter().enumerate() {
            match outcome {
                Appended::At(tip) => assert_eq!((tip.position, &*story[1]), (2, &*format!("stalled {n}"))),
                Appended::Taken | Appended::Reload => {}
                Appended::Lost(loss) => panic!("a deletion was taken for a loss: {loss}"),
            }
        }
        let acknowledged = outcomes
            .iter()
            .filter(|outcome| matches!(outcome, Appended::At(_)))
            .count();
        assert!(acknowledged <= 1, "{outcomes:?}");
    }
}
