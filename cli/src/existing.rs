//! Opening a log that is there, to look at it: no life is registered, and nothing is made where nothing is.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use ledger::{Backend, Base, Ledger};
use store::Store;

use crate::context::Context;
use crate::exit::{Ended, Exit};
use crate::place::{Place, PlaceArgs};

mod fold;

pub(crate) use fold::{Folded, Unfolded, fold};

/// A log that has begun.
pub(crate) struct Log {
    /// The ledger's table.
    pub(crate) backend: Arc<dyn Backend>,
    /// The store, of the ledger's cluster.
    pub(crate) store: Store,
    /// Where the ledger began when it was opened.
    pub(crate) base: Base,
}

/// Opens both halves.
pub(crate) async fn open(place: &Place, args: &PlaceArgs, context: &Context) -> Result<Log> {
    place.must_exist()?;
    let world = &context.world;
    let backend = ledger::connect(&place.ledger, &args.aws.connect_options(), world)
        .await
        .context("cannot open the ledger")?;
    let store = Store::open(&place.store, args.aws.store_options(), world.clone()).await;
    let store = store.context("cannot open the store")?;
    let base = backend.base().await.context("cannot read the ledger's base")?;
    let base = base.ok_or_else(|| Ended::new(Exit::NotFound, "the ledger has not begun"))?;
    Ok(Log {
        store: store.with_cluster(base.cluster),
        backend,
        base,
    })
}

impl Log {
    /// The ledger with its witness. There is a base, so nothing is begun.
    pub(crate) async fn ledger(&self, context: &Context) -> Result<Ledger> {
        let witness = Arc::new(self.store.clone());
        Ok(Ledger::open(Arc::clone(&self.backend), witness, context.world.clone()).await?)
    }
}
