//! A ledger that lost its end: it is seen, the halt can be appended, and one loss halts once.

use bytes::Bytes;
use futures::future::join_all;
use world::World;

use super::{Follower, Harness, Yard};
use crate::chain::{Evidence, Loss};
use crate::envelope::{Envelope, Kind};
use crate::ids::Hash;
use crate::ledger::{Accepted, Appended, Halted, WitnessOutcome};

pub(super) async fn all(harness: &dyn Harness, world: &World) {
    reader_ahead(harness, world).await;
    other_entry_in_place(harness, world).await;
    put_over_a_hole(harness, world).await;
    misfit_halts(harness, world).await;
    misfit_outlives_a_loss(harness, world).await;
    halts_once(harness, world).await;
    late_puts_of_the_old_era(harness, world).await;
    snapshot_of_the_lost_end(harness, world).await;
    lost_acceptance(harness, world).await;
    everyone_halts(harness, world).await;
}

/// Five entries, of which the last two are lost; one who knew them all, one who had folded the first three.
async fn lost(harness: &dyn Harness, world: &World) -> (Yard, Follower, Follower) {
    let yard = Yard::new(harness, world).await;
    let behind = yard.writer_of(&["a", "b", "c"]).await;
    let ahead = yard.writer_of(&["d", "e"]).await;
    yard.lose(4, 5).await;
    (yard, ahead, behind)
}

async fn accept(yard: &Yard) -> Accepted {
    yard.ledger
        .accept_loss(Bytes::from_static(b"by a test"))
        .await
        .expect("an answer")
}

/// One who is ahead must not take nothing for the end.
async fn reader_ahead(harness: &dyn Harness, world: &World) {
    let (_, mut ahead, mut behind) = lost(harness, world).await;
    let expected = ahead.tip;
    let loss = ahead.expect_loss().await;
    let evidence = Evidence::OwnEntry;
    assert_eq!(
        loss,
        Loss {
            expected,
            found: None,
            evidence
        }
    );
    behind.catch_up().await;
}

/// The ledger grew again to where it was: another entry stands there.
async fn other_entry_in_place(harness: &dyn Harness, world: &World) {
    let (_, mut ahead, mut behind) = lost(harness, world).await;
    behind.append("D").await;
    let other = behind.append("E").await;
    let loss = ahead.expect_loss().await;
    assert_eq!((loss.expected, loss.found), (ahead.tip, Some(other.hash)));
    assert!(matches!(ahead.try_append("f").await, Appended::Lost(_)));
}

/// Nothing is acknowledged that is put where no cold reader would ever get.
async fn put_over_a_hole(harness: &dyn Harness, world: &World) {
    let (yard, ahead, behind) = lost(harness, world).await;
    let put = ahead.try_append("over the hole").await;
    assert!(
        matches!(put, Appended::Lost(loss) if loss.expected == ahead.tip),
        "{put:?}"
    );
    let mut cold = yard.follower().await;
    cold.catch_up().await;
    assert_eq!(cold.tip, behind.tip);
}

/// An entry put over a hole stands in the way of the chain once that has grown there: it takes its position, halts, and
/// the chain goes on behind it.
async fn misfit_halts(harness: &dyn Harness, world: &World) {
    let (yard, ahead, mut behind) = lost(harness, world).await;
    let stray = Envelope {
        kind: Kind::Proposals,
        era: 1,
        position: 6,
        previous: ahead.tip.hash,
        body: Bytes::from_static(b"stray"),
    };
    yard.table.plant(6, Some(stray.seal().0)).await;
    for body in ["D", "E"] {
        let put = behind.try_append(body).await;
        assert!(matches!(put, Appended::At(_)), "{put:?}");
        behind.read_on().await;
    }
    behind.expect(&["a", "b", "c", "D", "E", "misfit"]);
    let loss = ahead.clone().expect_loss().await;
    let halted = ahead.ledger.halt(&loss).await;
    assert_eq!(halted, Ok(Halted::Already(behind.tip)));
    assert!(matches!(accept(&yard).await, Accepted::At(tip) if tip.era == 2 && tip.position == 7));
    behind.append("g").await;
    behind.expect(&["a", "b", "c", "D", "E", "misfit", "era 2", "g"]);
}

/// An entry that does not fit says nothing of those before it, and may be in its place when they are lost and others have
/// taken their places. Who knew the lost ones sees it, reading and writing.
async fn misfit_outlives_a_loss(harness: &dyn Harness, world: &World) {
    let yard = Yard::new(harness, world).await;
    let mut behind = yard.writer_of(&["a", "b", "c"]).await;
    let stray = Envelope {
        kind: Kind::Proposals,
        era: 0,
        position: 5,
        previous: Hash::ZERO,
        body: Bytes::from_static(b"stray"),
    };
    let mut ahead = yard.writer_of(&["d"]).await;
    yard.table.plant(5, Some(stray.seal().0)).await;
    ahead.catch_up().await;
    ahead.expect(&["a", "b", "c", "d", "void"]);
    ahead.catch_up().await;
    assert_eq!(
        ahead.ledger.refresh_witness(&ahead.tip).await,
        Ok(WitnessOutcome::Refreshed)
    );
    yard.lose(4, 4).await;
    behind.append("D").await;
    behind.expect(&["a", "b", "c", "D", "void"]);
    assert_ne!(ahead.tip, behind.tip);
    let loss = ahead.expect_loss().await;
    assert_eq!((loss.expected, loss.evidence), (ahead.tip, Evidence::OwnEntry));
    assert!(matches!(
        behind.ledger.check_witness().await,
        Ok(WitnessOutcome::Lost(_))
    ));
    assert_eq!(
        behind.ledger.verify_tip(&behind.tip).await,
        Ok(false),
        "no base stands on a misfit"
    );
    assert!(matches!(ahead.try_append("e").await, Appended::Lost(_)));
    behind.catch_up().await;
    behind.expect(&["a", "b", "c", "D", "void", "misfit"]);
    assert_eq!(ahead.ledger.halt(&loss).await, Ok(Halted::Already(behind.tip)));
    assert!(matches!(accept(&yard).await, Accepted::At(tip) if tip.era == 2 && tip.position == 7));
    behind.append("g").await;
    behind.expect(&["a", "b", "c", "D", "void", "misfit", "era 2", "g"]);
}

/// The halt, the new era, and those who slept through both.
async fn halts_once(harness: &dyn Harness, world: &World) {
    let (yard, mut ahead, mut behind) = lost(harness, world).await;
    let slept = ahead.clone();
    let loss = ahead.expect_loss().await;
    assert!(matches!(accept(&yard).await, Accepted::NotHalted(tip) if tip == behind.tip));
    let halted = ahead.ledger.halt(&loss).await.expect("an answer");
    let Halted::At(halt) = halted else {
        panic!("{halted:?}");
    };
    assert_eq!(ahead.ledger.halt(&loss).await, Ok(Halted::Already(halt)));
    behind.catch_up().await;
    behind.expect(&["a", "b", "c", "halt"]);
    let Accepted::At(era) = accept(&yard).await else {
        panic!("the ledger was halted");
    };
    assert_eq!((era.era, era.position), (2, 5));
    assert_eq!(accept(&yard).await, Accepted::NotHalted(era));
    behind.append("f").await;
    // One who slept through it all sees the loss, reads again, and reloads.
    let loss = slept.clone().expect_loss().await;
    assert!(matches!(slept.ledger.halt(&loss).await, Ok(Halted::Reload(_))));
    behind.append("g").await;
    behind.expect(&["a", "b", "c", "halt", "era 2", "f", "g"]);
    // No loss, no halt.
    let none = Loss {
        expected: behind.tip,
        found: None,
        evidence: Evidence::OwnEntry,
    };
    assert_eq!(behind.ledger.halt(&none).await, Ok(Halted::NotLost));
}

/// Puts of the old era that arrive behind the new one take their positions and have no effect, halts too.
async fn late_puts_of_the_old_era(harness: &dyn Harness, world: &World) {
    let (yard, mut ahead, mut behind) = lost(harness, world).await;
    let loss = ahead.expect_loss().await;
    ahead.ledger.halt(&loss).await.expect("halts");
    accept(&yard).await;
    for kind in [Kind::Proposals, Kind::Halt { era: 1 }] {
        behind.catch_up().await;
        let late = Envelope {
            kind,
            era: 1,
            position: behind.tip.position + 1,
            previous: Hash::ZERO,
            body: Bytes::from_static(b"late"),
        };
        yard.table.plant(late.position, Some(late.seal().0)).await;
    }
    behind.append("f").await;
    behind.expect(&["a", "b", "c", "halt", "era 2", "void", "void", "f"]);
    // A halt that got the era right but tells of the loss before it.
    let halt = Envelope {
        kind: Kind::Halt { era: 1 },
        era: 2,
        position: behind.tip.position + 1,
        previous: behind.tip.hash,
        body: Bytes::new(),
    };
    yard.table.plant(halt.position, Some(halt.seal().0)).await;
    behind.append("g").await;
    assert_eq!(behind.story()[8..], ["void", "g"]);
}

/// A snapshot of the lost end is not believed, before and after the ledger has grown again.
async fn snapshot_of_the_lost_end(harness: &dyn Harness, world: &World) {
    let (yard, ahead, mut behind) = lost(harness, world).await;
    let ledger = &yard.ledger;
    assert_eq!(ledger.verify_tip(&ahead.tip).await, Ok(false));
    assert_eq!(ledger.verify_tip(&behind.tip).await, Ok(true));
    behind.append("D").await;
    let refilled = behind.append("E").await;
    assert_eq!(ledger.verify_tip(&ahead.tip).await, Ok(false));
    assert_eq!(ledger.verify_tip(&refilled).await, Ok(true));
    yard.move_base(&refilled).await;
    assert_eq!(ledger.verify_tip(&ahead.tip).await, Ok(false));
    assert_eq!(ledger.verify_tip(&refilled).await, Ok(true), "by the base alone");
    assert_eq!(ledger.verify_tip(&behind.entries[3].tip()).await, Ok(false), "trimmed");
}

/// A ledger that lost its acceptance halts again, and the next era is above every one that was ever spoken of.
async fn lost_acceptance(harness: &dyn Harness, world: &World) {
    let (yard, mut ahead, mut behind) = lost(harness, world).await;
    let loss = ahead.expect_loss().await;
    ahead.ledger.halt(&loss).await.expect("halts");
    accept(&yard).await;
    let old = behind.clone();
    behind.append("f").await;
    assert_eq!((behind.tip.era, behind.tip.position), (2, 6));
    yard.lose(4, 6).await;
    let loss = behind.expect_loss().await;
    let halted = behind.ledger.halt(&loss).await;
    assert!(
        matches!(halted, Ok(Halted::At(tip)) if tip.era == 1 && tip.position == 4),
        "{halted:?}"
    );
    assert!(matches!(accept(&yard).await, Accepted::At(tip) if tip.era == 3));
    let mut old = old;
    old.append("g").await;
    old.expect(&["a", "b", "c", "halt", "era 3", "g"]);
}

/// Everyone who was ahead halts at once: an operator's one word ends it.
async fn everyone_halts(harness: &dyn Harness, world: &World) {
    let (yard, ahead, mut behind) = lost(harness, world).await;
    let halts = (0..4).map(|_| {
        let mut ahead = ahead.clone();
        async move {
            let loss = ahead.expect_loss().await;
            ahead.ledger.halt(&loss).await
        }
    });
    for halted in join_all(halts).await {
        assert!(matches!(halted, Ok(Halted::At(_) | Halted::Already(_))), "{halted:?}");
    }
    assert!(matches!(accept(&yard).await, Accepted::At(tip) if tip.era == 2));
    behind.append("f").await;
    assert_eq!(behind.story().last().map(String::as_str), Some("f"));
}
