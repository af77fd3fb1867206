//! Rows 1 to 6, on the ledger: a restored backup.

use bytes::Bytes;
use ledger::conformance::Yard;
use ledger::{Accepted, Appended, Envelope, Evidence, Halted, Kind, WitnessOutcome, WitnessStore as _};

use crate::yards::{in_memory, over_puts};

async fn accept(yard: &Yard) -> Accepted {
    yard.ledger.accept_loss(Bytes::new()).await.unwrap()
}

#[tokio::test]
async fn row_01_one_ahead_of_a_restored_ledger_does_not_take_nothing_for_the_end() {
    in_memory(async |yard| {
        let mut ahead = yard.writer_of(&["a"]).await;
        yard.lose(1, 1).await;
        let loss = ahead.expect_loss().await;
        assert_eq!(
            (loss.expected, loss.found, loss.evidence),
            (ahead.tip, None, Evidence::OwnEntry)
        );
        assert!(matches!(ahead.ledger.halt(&loss).await, Ok(Halted::At(_))));
    })
    .await;
}

#[tokio::test]
async fn row_02_nothing_is_acknowledged_that_was_put_over_a_hole() {
    in_memory(async |yard| {
        let ahead = yard.writer_of(&["a"]).await;
        yard.lose(1, 1).await;
        let put = ahead.try_append("over the hole").await;
        assert!(
            matches!(put, Appended::Lost(loss) if loss.expected == ahead.tip),
            "{put:?}"
        );
        let mut cold = yard.follower().await;
        cold.catch_up().await;
        cold.expect(&[]);
    })
    .await;
}

/// Found by the model, and open: on a store that only puts, a second copy of a put that was lost lands over the hole and
/// hides it from one who had folded the first. Two puts would have to be different bytes, whatever they say.
#[tokio::test]
#[should_panic(expected = "acknowledged in vain")]
async fn row_02_a_copy_of_what_was_lost_hides_no_hole() {
    over_puts(async |yard| {
        let writer = yard.writer_of(&["a"]).await;
        // Its outcome was unknown to the writer, who proposes the same again; by then all of it is lost.
        assert!(matches!(writer.try_append("b").await, Appended::At(_)));
        let mut ahead = writer.clone();
        ahead.catch_up().await;
        yard.lose(1, 2).await;
        assert!(matches!(writer.try_append("b").await, Appended::Lost(_)));
        let put = ahead.try_append("c").await;
        let mut cold = yard.follower().await;
        cold.catch_up().await;
        cold.expect(&[]);
        assert!(matches!(put, Appended::Lost(_)), "acknowledged in vain: {put:?}");
    })
    .await;
}

#[tokio::test]
async fn row_03_an_entry_that_does_not_fit_takes_its_position_and_halts() {
    over_puts(async |yard| {
        let mut behind = yard.follower().await;
        let ahead = yard.writer_of(&["a"]).await;
        yard.lose(1, 1).await;
        assert!(matches!(ahead.try_append("over the hole").await, Appended::Lost(_)));
        assert!(matches!(behind.try_append("A").await, Appended::At(_)));
        behind.catch_up().await;
        behind.expect(&["A", "misfit"]);
        // The chain goes on behind it.
        assert!(matches!(accept(yard).await, Accepted::At(tip) if (tip.era, tip.position) == (2, 3)));
        behind.append("b").await;
        behind.expect(&["A", "misfit", "era 2", "b"]);
    })
    .await;
}

/// Over puts, as in the model: what the one who was ahead had put over the hole comes behind the new era, and is void. A
/// statement would not have written it.
#[tokio::test]
async fn row_04_a_late_put_of_the_old_era_does_not_halt_again() {
    over_puts(async |yard| {
        let mut ahead = yard.writer_of(&["a", "b"]).await;
        yard.lose(1, 2).await;
        assert!(matches!(ahead.try_append("late").await, Appended::Lost(_)));
        let loss = ahead.expect_loss().await;
        assert!(matches!(ahead.ledger.halt(&loss).await, Ok(Halted::At(_))));
        assert!(matches!(accept(yard).await, Accepted::At(tip) if tip.position == 2));
        let mut cold = yard.follower().await;
        cold.append("c").await;
        cold.expect(&["halt", "era 2", "void", "c"]);
    })
    .await;
}

#[tokio::test]
async fn row_04_one_who_slept_through_the_acceptance_does_not_halt_again() {
    in_memory(async |yard| {
        let mut ahead = yard.writer_of(&["a"]).await;
        let mut sleeper = ahead.clone();
        yard.lose(1, 1).await;
        let loss = ahead.expect_loss().await;
        assert!(matches!(ahead.ledger.halt(&loss).await, Ok(Halted::At(_))));
        assert!(matches!(accept(yard).await, Accepted::At(_)));
        let loss = sleeper.expect_loss().await;
        assert!(matches!(sleeper.ledger.halt(&loss).await, Ok(Halted::Reload(_))));
        let mut cold = yard.follower().await;
        cold.append("b").await;
        cold.expect(&["halt", "era 2", "b"]);
        // One whose halt was under way all the while: it names the era of its loss, and comes too late.
        let halt = Envelope {
            kind: Kind::Halt { era: 1 },
            era: 2,
            position: 4,
            previous: cold.tip.hash,
            body: Bytes::new(),
        };
        yard.table.plant(4, Some(halt.seal().0)).await;
        cold.append("c").await;
        cold.expect(&["halt", "era 2", "b", "void", "c"]);
    })
    .await;
}

#[tokio::test]
async fn row_05_one_behind_the_loss_leaves_the_witness_alone() {
    in_memory(async |yard| {
        let mut behind = yard.follower().await;
        let ahead = yard.writer_of(&["a", "b"]).await;
        let ledger = &yard.ledger;
        assert_eq!(ledger.refresh_witness(&ahead.tip).await, Ok(WitnessOutcome::Refreshed));
        let said = yard.witness.read(ledger.cluster()).await;
        yard.lose(1, 2).await;
        assert_eq!(ledger.refresh_witness(&behind.tip).await, Ok(WitnessOutcome::Behind));
        for body in ["A", "B", "C"] {
            behind.append(body).await;
            let refreshed = ledger.refresh_witness(&behind.tip).await;
            assert_ne!(refreshed, Ok(WitnessOutcome::Refreshed), "at {body}");
        }
        assert_eq!(
            yard.witness.read(ledger.cluster()).await,
            said,
            "the evidence is still there"
        );
        let found = ledger.check_witness().await;
        assert!(
            matches!(found, Ok(WitnessOutcome::Lost(loss)) if loss.expected == ahead.tip),
            "{found:?}"
        );
    })
    .await;
}

/// If-Match: one that had read the witness before another replaced it replaces nothing.
#[tokio::test]
async fn row_05_the_witness_is_replaced_only_as_it_was_read() {
    in_memory(async |yard| {
        let (witness, cluster) = (&yard.witness, yard.ledger.cluster());
        let ahead = yard.writer_of(&["a"]).await;
        assert_eq!(witness.replace(cluster, None, "first".into()).await, Ok(true));
        let (_, read) = witness.read(cluster).await.unwrap().unwrap();
        assert_eq!(
            witness.replace(cluster, Some(read.clone()), "second".into()).await,
            Ok(true)
        );
        assert_eq!(witness.replace(cluster, Some(read), "third".into()).await, Ok(false));
        assert_eq!(witness.replace(cluster, None, "fourth".into()).await, Ok(false));
        // What stands there is no witness, so nobody takes it for contained and replaces it.
        assert!(yard.ledger.refresh_witness(&ahead.tip).await.is_err());
    })
    .await;
}

#[tokio::test]
async fn row_06_a_snapshot_of_the_lost_end_is_not_believed() {
    in_memory(async |yard| {
        let behind = yard.writer_of(&["a"]).await;
        let ahead = yard.writer_of(&["b"]).await;
        yard.lose(2, 2).await;
        assert_eq!(yard.ledger.verify_tip(&ahead.tip).await, Ok(false));
        assert_eq!(yard.ledger.verify_tip(&behind.tip).await, Ok(true));
        // Nor when the ledger has grown again, and another entry stands at its position.
        yard.writer_of(&["B", "C"]).await;
        assert_eq!(yard.ledger.verify_tip(&ahead.tip).await, Ok(false));
    })
    .await;
}
