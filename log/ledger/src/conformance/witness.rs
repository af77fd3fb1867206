//! The witness: kept fresh by those whose chain contains it, and proof against a ledger that does not.

use bytes::Bytes;
use world::World;

use super::{Harness, Yard};
use crate::chain::Evidence;
use crate::error::LedgerError;
use crate::ledger::{Accepted, Halted, WitnessOutcome};
use crate::witness::WitnessStore as _;

pub(super) async fn all(harness: &dyn Harness, world: &World) {
    kept_fresh(harness, world).await;
    not_by_one_behind_the_loss(harness, world).await;
    lost_with_nobody_ahead(harness, world).await;
    accepted_without_a_halt(harness, world).await;
    trimmed(harness, world).await;
    damaged(harness, world).await;
}

async fn kept_fresh(harness: &dyn Harness, world: &World) {
    let yard = Yard::new(harness, world).await;
    let ledger = &yard.ledger;
    assert_eq!(
        ledger.check_witness().await,
        Ok(WitnessOutcome::Contained),
        "there is none yet"
    );
    let early = yard.writer_of(&["a"]).await;
    let late = yard.writer_of(&["b", "c"]).await;
    assert_eq!(ledger.refresh_witness(&early.tip).await, Ok(WitnessOutcome::Refreshed));
    assert_eq!(ledger.refresh_witness(&early.tip).await, Ok(WitnessOutcome::Contained));
    assert_eq!(ledger.refresh_witness(&late.tip).await, Ok(WitnessOutcome::Refreshed));
    assert_eq!(ledger.refresh_witness(&early.tip).await, Ok(WitnessOutcome::Behind));
    assert_eq!(ledger.check_witness().await, Ok(WitnessOutcome::Contained));
}

/// One that is behind the loss writes on at the ledger's new end; it must not make the witness forget.
async fn not_by_one_behind_the_loss(harness: &dyn Harness, world: &World) {
    let yard = Yard::new(harness, world).await;
    let mut behind = yard.writer_of(&["a"]).await;
    let ahead = yard.writer_of(&["b", "c"]).await;
    let ledger = &yard.ledger;
    assert_eq!(ledger.refresh_witness(&ahead.tip).await, Ok(WitnessOutcome::Refreshed));
    let before = yard.witness.read(ledger.cluster()).await;
    yard.lose(2, 3).await;
    assert_eq!(ledger.refresh_witness(&behind.tip).await, Ok(WitnessOutcome::Behind));
    for body in ["B", "C", "D"] {
        behind.append(body).await;
        let refreshed = ledger.refresh_witness(&behind.tip).await.expect("an answer");
        let seen = matches!(refreshed, WitnessOutcome::Lost(loss) if loss.evidence == Evidence::Witness);
        assert!(seen || refreshed == WitnessOutcome::Behind, "{refreshed:?} at {body}");
    }
    assert_eq!(
        yard.witness.read(ledger.cluster()).await,
        before,
        "the evidence is still there"
    );
    assert!(matches!(
        ledger.refresh_witness(&ahead.tip).await,
        Ok(WitnessOutcome::Lost(_))
    ));
}

/// Everyone was stopped, the ledger was restored: only the witness knows. Nothing moves until the loss is accepted.
async fn lost_with_nobody_ahead(harness: &dyn Harness, world: &World) {
    let yard = Yard::new(harness, world).await;
    let ledger = &yard.ledger;
    let ahead = yard.writer_of(&["a", "b", "c"]).await;
    ledger.refresh_witness(&ahead.tip).await.expect("written");
    yard.lose(2, 3).await;
    let mut cold = yard.follower().await;
    cold.catch_up().await;
    let Ok(WitnessOutcome::Lost(loss)) = ledger.check_witness().await else {
        panic!("the witness knows more than the ledger has");
    };
    assert_eq!((loss.expected, loss.evidence), (ahead.tip, Evidence::Witness));
    let base = ledger.base().await.expect("a base");
    let moved = crate::backend::Base {
        position: cold.tip.position,
        hash: cold.tip.hash,
        ..base.clone()
    };
    assert!(matches!(
        ledger.advance_base(&base, moved).await,
        Err(LedgerError::Refused { .. })
    ));
    assert!(matches!(ledger.halt(&loss).await, Ok(Halted::At(_))));
    let old = yard
        .witness
        .read(ledger.cluster())
        .await
        .expect("reads")
        .expect("is there")
        .0;
    assert!(matches!(ledger.accept_loss(Bytes::new()).await, Ok(Accepted::At(_))));
    assert_eq!(ledger.check_witness().await, Ok(WitnessOutcome::Contained));
    // The witness of the era before is back, as when it could not be replaced: its loss has been accepted.
    let version = yard
        .witness
        .read(ledger.cluster())
        .await
        .expect("reads")
        .expect("is there")
        .1;
    assert_eq!(
        yard.witness.replace(ledger.cluster(), Some(version), old).await,
        Ok(true)
    );
    assert_eq!(ledger.check_witness().await, Ok(WitnessOutcome::Contained));
    cold.append("d").await;
    cold.expect(&["a", "halt", "era 2", "d"]);
    assert_eq!(ledger.refresh_witness(&cold.tip).await, Ok(WitnessOutcome::Refreshed));
    // One of the era before does not get past it.
    assert!(matches!(
        ledger.refresh_witness(&ahead.tip).await,
        Ok(WitnessOutcome::Lost(_))
    ));
}

/// The operator's word is enough when nobody has halted yet.
async fn accepted_without_a_halt(harness: &dyn Harness, world: &World) {
    let yard = Yard::new(harness, world).await;
    let ahead = yard.writer_of(&["a", "b"]).await;
    yard.ledger.refresh_witness(&ahead.tip).await.expect("written");
    yard.lose(2, 2).await;
    assert!(matches!(yard.ledger.accept_loss(Bytes::new()).await, Ok(Accepted::At(tip)) if tip.era == 2));
    let mut cold = yard.follower().await;
    cold.append("c").await;
    cold.expect(&["a", "halt", "era 2", "c"]);
}

/// What the witness says may be trimmed: that is no loss, and it can be refreshed.
async fn trimmed(harness: &dyn Harness, world: &World) {
    let yard = Yard::new(harness, world).await;
    let early = yard.writer_of(&["a"]).await;
    yard.ledger.refresh_witness(&early.tip).await.expect("written");
    let late = yard.writer_of(&["b", "c"]).await;
    yard.move_base(&late.entries[1].tip()).await;
    yard.delete_all().await;
    assert_eq!(yard.ledger.check_witness().await, Ok(WitnessOutcome::Contained));
    assert_eq!(
        yard.ledger.refresh_witness(&early.tip).await,
        Ok(WitnessOutcome::Reload)
    );
    assert_eq!(
        yard.ledger.refresh_witness(&late.tip).await,
        Ok(WitnessOutcome::Refreshed)
    );
}

/// A damaged witness is named, and stays as it is.
async fn damaged(harness: &dyn Harness, world: &World) {
    let yard = Yard::new(harness, world).await;
    let cluster = yard.ledger.cluster();
    let junk = Bytes::from_static(b"junk");
    assert_eq!(yard.witness.replace(cluster, None, junk.clone()).await, Ok(true));
    let checked = yard.ledger.check_witness().await;
    assert!(
        matches!(checked, Err(LedgerError::CorruptWitness { .. })),
        "{checked:?}"
    );
    let tip = yard.ledger.base().await.expect("a base").tip();
    assert!(yard.ledger.refresh_witness(&tip).await.is_err());
    let (left, _) = yard.witness.read(cluster).await.expect("reads").expect("is there");
    assert_eq!(left, junk);
}
