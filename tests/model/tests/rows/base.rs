//! Rows 15 to 17: who sleeps while the base moves.

use ledger::conformance::{Follower, Stop, Yard};
use ledger::{Append, Appended, Hash};

use crate::yards::{everywhere, over_sql};

/// A ledger of five entries behind genesis, of which the sleeper has folded the first `folded`.
async fn asleep(yard: &Yard, folded: usize) -> (Follower, Follower) {
    let words = ["a", "b", "c", "d", "e"];
    let sleeper = yard.writer_of(&words[..folded]).await;
    let writer = yard.writer_of(&words[folded..]).await;
    (sleeper, writer)
}

/// The very first append has a predecessor, which the statement asks for: without genesis one that stalls there would be
/// taken after everything else was deleted.
#[tokio::test]
async fn row_15_the_first_append_has_a_predecessor_to_ask_for() {
    over_sql(async |yard| {
        let empty = yard.table.open().await;
        let (sleeper, writer) = asleep(yard, 0).await;
        assert_eq!(sleeper.tip.position, 0, "the ledger began with an entry");
        yard.move_base(&writer.entries[2].tip()).await;
        yard.delete_all().await;
        assert_eq!(sleeper.try_append("false").await, Appended::Reload);
        // The statement alone, by whoever does not know where the ledger begins.
        assert_eq!(empty.append(1, Hash::ZERO, "x".into()).await, Ok(Append::Trimmed));
        assert_eq!(
            empty.append(9, Hash::ZERO, "x".into()).await,
            Ok(Append::PredecessorDiffers)
        );
    })
    .await;
}

/// However far the deletion has come, an append at an old tip finds its predecessor gone, or its place taken. The base
/// refuses it in any case, so the backend is asked as a statement is that read the base before it moved: with the table
/// as it was but for the base.
#[tokio::test]
async fn row_16_entries_go_lowest_first() {
    over_sql(async |yard| {
        let (sleeper, writer) = asleep(yard, 1).await;
        let base = yard.move_base(&writer.entries[4].tip()).await;
        let backend = yard.table.open().await;
        for gone in 1..=base.position {
            assert_eq!(backend.delete_below(base.position, 1).await, Ok(1));
            let lowest = backend.read(gone, 0).await.unwrap();
            assert_eq!(lowest.entries.len(), 1, "{gone} is the lowest");
            assert!(backend.read(gone - 1, 0).await.unwrap().entries.is_empty());
            let (own, next) = (sleeper.tip.position, sleeper.tip.position + 1);
            let has_own = !backend.read(own, 0).await.unwrap().entries.is_empty();
            let has_next = !backend.read(next, 0).await.unwrap().entries.is_empty();
            assert!(
                !has_own || has_next,
                "with its own entry there, the place after it is taken"
            );
            let put = sleeper.try_append("false").await;
            assert!(matches!(put, Appended::Reload), "{put:?} with {gone} gone");
        }
    })
    .await;
}

/// The base is compared with the first position that a read wanted, before any chain is judged: whose entries were
/// deleted reloads, and never halts.
#[tokio::test]
async fn row_17_an_ordinary_sleeper_reloads_and_halts_nobody() {
    everywhere(async |yard| {
        let (mut sleeper, writer) = asleep(yard, 0).await;
        let base = yard.move_base(&writer.entries[0].tip()).await;
        assert_eq!(
            sleeper.read_on().await,
            Stop::Reload(base.clone()),
            "its entry is still there"
        );
        yard.delete_all().await;
        assert_eq!(sleeper.read_on().await, Stop::Reload(base), "its entry is gone");
        let appended = sleeper.try_append("false").await;
        assert!(matches!(appended, Appended::Reload | Appended::Taken), "{appended:?}");
        let mut cold = yard.follower().await;
        cold.catch_up().await;
        cold.expect(&["b", "c", "d", "e"]);
    })
    .await;
}

/// A second sleeper reads what a first one put where an entry was deleted, and folds nothing of it.
#[tokio::test]
async fn row_17_a_second_sleeper_folds_no_false_entry() {
    everywhere(async |yard| {
        let (mut second, writer) = asleep(yard, 1).await;
        let first = second.clone();
        let base = yard.move_base(&writer.entries[3].tip()).await;
        yard.delete_all().await;
        assert_eq!(first.try_append("false").await, Appended::Reload);
        assert_eq!(second.read_on().await, Stop::Reload(base));
        second.expect(&["a"]);
    })
    .await;
}
