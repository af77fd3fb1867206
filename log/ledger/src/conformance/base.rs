//! The base: compare-and-set, only forward; deletion below it, lowest first.

use futures::future::join_all;
use world::World;

use super::{Harness, Yard};
use crate::backend::Base;
use crate::error::LedgerError;
use crate::ids::{ClusterId, Hash};

pub(super) async fn all(harness: &dyn Harness, world: &World) {
    one_wins(harness, world).await;
    only_forward(harness, world).await;
    all_of_it_is_compared(harness, world).await;
    lowest_first(harness, world).await;
}

fn at(base: &Base, tip: &crate::chain::Tip, snapshot: &str) -> Base {
    Base {
        era: tip.era,
        position: tip.position,
        hash: tip.hash,
        snapshot: snapshot.to_owned(),
        ..base.clone()
    }
}

/// Of several that move the base from the same place, one does.
async fn one_wins(harness: &dyn Harness, world: &World) {
    let yard = Yard::new(harness, world).await;
    let writer = yard.writer_of(&["a", "b", "c", "d", "e", "f", "g", "h"]).await;
    let old = yard.ledger.base().await.expect("a base");
    let moves = writer.entries.iter().map(|entry| {
        let (old, new) = (&old, at(&old, &entry.tip(), "s"));
        let ledger = yard.reopened();
        async move { (ledger.await.advance_base(old, new.clone()).await, new) }
    });
    let moved = join_all(moves).await;
    let won: Vec<_> = moved.iter().filter(|(moved, _)| *moved == Ok(true)).collect();
    assert_eq!(won.len(), 1, "{moved:?}");
    assert_eq!(yard.ledger.base().await.as_ref(), Ok(&won[0].1));
    assert!(moved.iter().all(|(moved, _)| moved.is_ok()), "{moved:?}");
}

async fn only_forward(harness: &dyn Harness, world: &World) {
    let yard = Yard::new(harness, world).await;
    let writer = yard.writer_of(&["a", "b", "c"]).await;
    let genesis = yard.ledger.base().await.expect("a base");
    let [one, two] = [0, 1].map(|index: usize| writer.entries[index].tip());
    let base = yard.move_base(&two).await;
    let refused = |new: Base| {
        let (ledger, base) = (&yard.ledger, &base);
        async move {
            let moved = ledger.advance_base(base, new).await;
            assert!(matches!(moved, Err(LedgerError::Refused { .. })), "{moved:?}");
        }
    };
    refused(at(&base, &one, "back")).await;
    refused(Base {
        hash: Hash::ZERO,
        ..base.clone()
    })
    .await;
    refused(Base {
        position: 3,
        ..base.clone()
    })
    .await;
    refused(Base {
        position: 99,
        ..base.clone()
    })
    .await;
    let cluster = ClusterId([0; 16]);
    refused(Base {
        cluster,
        ..at(&base, &writer.tip, "other")
    })
    .await;
    // The backend itself holds against going back, and to what is not there, whoever asks.
    let backend = yard.table.open().await;
    assert_eq!(backend.advance_base(&base, &genesis).await, Ok(false));
    let (mut other, mut beyond) = (at(&base, &writer.tip, "other"), at(&base, &writer.tip, "beyond"));
    (other.hash, beyond.position) = (one.hash, writer.tip.position + 1);
    assert_eq!(backend.advance_base(&base, &other).await, Ok(false));
    assert_eq!(backend.advance_base(&base, &beyond).await, Ok(false));
    assert_eq!(
        yard.ledger
            .advance_base(&genesis, at(&base, &writer.tip, "stale"))
            .await,
        Ok(false)
    );
    assert_eq!(yard.ledger.base().await.as_ref(), Ok(&base));
    // A newer snapshot of the same place is a move too.
    let newer = at(&base, &two, "newer");
    assert_eq!(yard.ledger.advance_base(&base, newer.clone()).await, Ok(true));
    assert_eq!(yard.ledger.base().await, Ok(newer));
}

/// The whole record is compared, not its position alone.
async fn all_of_it_is_compared(harness: &dyn Harness, world: &World) {
    let yard = Yard::new(harness, world).await;
    let writer = yard.writer_of(&["a", "b"]).await;
    let base = yard.move_base(&writer.entries[0].tip()).await;
    let (cluster, backend) = (ClusterId([0; 16]), yard.table.open().await);
    let stale = [
        Base {
            cluster,
            ..base.clone()
        },
        Base { era: 9, ..base.clone() },
        Base {
            position: 0,
            ..base.clone()
        },
        Base {
            hash: Hash::ZERO,
            ..base.clone()
        },
        Base {
            snapshot: String::new(),
            ..base.clone()
        },
    ];
    for stale in stale {
        let moved = backend.advance_base(&stale, &at(&base, &writer.tip, "stale")).await;
        assert_eq!(moved, Ok(false), "{stale:?}");
    }
}

async fn lowest_first(harness: &dyn Harness, world: &World) {
    let yard = Yard::new(harness, world).await;
    let writer = yard.writer_of(&["a", "b", "c", "d", "e"]).await;
    let four = writer.entries[3].tip();
    assert_eq!(yard.delete_all().await, 0, "nothing lies below the first base");
    yard.move_base(&four).await;
    let backend = yard.table.open().await;
    assert_eq!(backend.delete_below(4, 2).await, Ok(2));
    assert!(
        backend.read(1, 0).await.expect("reads").entries.is_empty(),
        "0 and 1 are gone"
    );
    assert_eq!(backend.read(2, 0).await.expect("reads").entries.len(), 1, "2 is not");
    assert_eq!(yard.ledger.read_body(1).await, Ok(None));
    assert_eq!(
        yard.ledger.read_body(2).await,
        Ok(Some("b".into())),
        "inside the grace it is still read"
    );
    assert_eq!(yard.ledger.delete_below(3).await, Ok(1), "not as far as the base");
    assert_eq!(yard.delete_all().await, 1);
    assert_eq!(yard.ledger.read_body(3).await, Ok(None));
    assert_eq!(
        yard.ledger.read_body(4).await,
        Ok(Some("d".into())),
        "the entry at the base stays"
    );
    assert_eq!(
        yard.ledger.read_body(6).await,
        Err(LedgerError::Missing { position: 6 })
    );
    let mut cold = yard.follower().await;
    cold.append("f").await;
    cold.expect(&["e", "f"]);
}
