//! Starting: store and ledger must belong together, the state is loaded, the tail catches up and lives begin.

use std::sync::Arc;

use ledger::{Backend, Base, ClusterId, Ledger, Tip, WitnessOutcome};
use metadata::{REGISTER_TEXT_BYTES_MAX, State, entry};
use parking_lot::Mutex;
use store::{ClusterFile, CreateCluster, Store};
use tokio::sync::Notify;
use world::World;

use crate::error::chain;
use crate::fetch::{Indexes, Lakes};
use crate::intake::Intake;
use crate::lives::Lives;
use crate::memory::Memory;
use crate::peer::{self, Recent};
use crate::shared::{Shared, Trouble};
use crate::tail::{Tail, load};
use crate::view::View;
use crate::{EngineConfig, StartError, append, monitor, witness};

/// Opens or begins the cluster and starts the engine's tasks. Returns when the end of the ledger was reached once.
pub(crate) async fn start(
    world: World,
    config: EngineConfig,
    backend: Arc<dyn Backend>,
    store: Store,
) -> Result<Arc<Shared>, StartError> {
    check(&config)?;
    let (ledger, store) = if config.only_reads() {
        existing(&world, backend, store).await?
    } else {
        open(&world, backend, store).await?
    };
    let (state, tip) = load(&ledger, &store).await?;
    let lives = Lives::new(registers(&config), world.chance.fork("nonces"), world.clock.now());
    let shared = Arc::new(Shared {
        view: View::new(state, tip, config.inline_cache_bytes_max),
        indexes: Indexes::default(),
        lakes: Lakes::default(),
        intake: Mutex::new(Intake::new(lives)),
        memory: Memory::new(config.memory_bytes_max),
        wake: Notify::new(),
        object_wake: Notify::new(),
        follows: Mutex::default(),
        recent: Recent::default(),
        guest_room: peer::guest_room(),
        looks: Mutex::default(),
        losses: Mutex::default(),
        trouble: Mutex::new(Trouble::default()),
        world,
        config,
        ledger,
        store,
    });
    let mut tail = Tail::new(Arc::clone(&shared));
    check_witness(&shared).await?;
    tail.catch_up().await?;
    let tasks = &shared.world.tasks;
    tasks.spawn("tail", tail.run());
    if shared.config.only_reads() {
        return Ok(shared);
    }
    tasks.spawn("object lane", append::run_object_lane(Arc::clone(&shared)));
    tasks.spawn("monitor", monitor::run(Arc::clone(&shared)));
    tasks.spawn("witness", witness::run(Arc::clone(&shared)));
    tasks.spawn("former lives", monitor::retire_former(Arc::clone(&shared)));
    Ok(shared)
}

/// The state at the base. A snapshot may be swept as soon as the base names a newer one: then that one is loaded.
async fn load(ledger: &Ledger, store: &Store) -> Result<(State, Tip), StartError> {
    let mut base = base(ledger).await?;
    loop {
        let failed = match load::load(ledger, store, &base).await {
            Ok(loaded) => return Ok(loaded),
            Err(failed) => failed,
        };
        let now = self::base(ledger).await?;
        if now == base {
            return Err(StartError::Damaged(chain(&failed)));
        }
        base = now;
    }
}

async fn base(ledger: &Ledger) -> Result<Base, StartError> {
    ledger.base().await.map_err(|error| StartError::Ledger(chain(&error)))
}

/// The fold would refuse its registers for ever.
fn check(config: &EngineConfig) -> Result<(), StartError> {
    let texts = [
        ("name", &config.name),
        ("zone", &config.zone),
        ("HTTP address", &config.http_address),
        ("peer address", &config.peer_address),
    ];
    match texts.iter().find(|(_, text)| text.len() > REGISTER_TEXT_BYTES_MAX) {
        None => Ok(()),
        Some((what, text)) => Err(StartError::Config(format!(
            "the {what} of this process has {} bytes, and may have {REGISTER_TEXT_BYTES_MAX}",
            text.len()
        ))),
    }
}

fn registers(config: &EngineConfig) -> Vec<entry::Register> {
    let register = |role: &metadata::Role| entry::Register {
        role: (*role).into(),
        name: config.name.clone(),
        zone: config.zone.clone(),
        http_address: config.http_address.clone(),
        peer_address: match role {
            metadata::Role::Agent => config.peer_address.clone(),
            metadata::Role::Compactor => String::new(),
        },
        software_version: env!("CARGO_PKG_VERSION").to_owned(),
        feature_min: 1,
        feature_max: entry::FEATURE_LEVEL,
        ..Default::default()
    };
    config.roles.iter().map(register).collect()
}

/// Opens the ledger and the store's part of this cluster, or begins both.
///
/// A ledger beyond its genesis without `cluster.json`, or `cluster.json` without a ledger, is one half of a cluster:
/// to begin the other half anew would hide that something is missing.
async fn open(world: &World, backend: Arc<dyn Backend>, store: Store) -> Result<(Ledger, Store), StartError> {
    let file = store.cluster().await?;
    let base = backend
        .base()
        .await
        .map_err(|error| StartError::Ledger(chain(&error)))?;
    match (&file, &base) {
        (Some(file), None) => {
            let text = format!(
                "the store belongs to cluster {}, and the ledger is empty: the ledger is missing",
                file.cluster
            );
            return Err(StartError::Mismatch(text));
        }
        (None, Some(base)) if base.position > 0 => {
            return Err(missing_store(base.cluster));
        }
        _ => {}
    }
    let ledger = Ledger::open(Arc::clone(&backend), Arc::new(store.clone()), world.clone());
    let ledger = ledger.await.map_err(|error| StartError::Ledger(chain(&error)))?;
    agree(file, &*backend, &ledger, &store).await?;
    let store = store.with_cluster(ledger.cluster());
    Ok((ledger, store))
}

/// Opens both halves as they are: neither is begun.
async fn existing(world: &World, backend: Arc<dyn Backend>, store: Store) -> Result<(Ledger, Store), StartError> {
    let base = backend.base().await;
    if base.map_err(|error| StartError::Ledger(chain(&error)))?.is_none() {
        return Err(StartError::NotBegun);
    }
    // There is a base, so this begins nothing.
    let ledger = Ledger::open(backend, Arc::new(store.clone()), world.clone());
    let ledger = ledger.await.map_err(|error| StartError::Ledger(chain(&error)))?;
    let file = store.cluster().await?;
    let file = file.ok_or_else(|| missing_store(ledger.cluster()))?;
    if file.cluster != ledger.cluster() {
        return Err(other_store(file.cluster, ledger.cluster()));
    }
    let store = store.with_cluster(ledger.cluster());
    Ok((ledger, store))
}

async fn agree(
    file: Option<ClusterFile>,
    backend: &dyn Backend,
    ledger: &Ledger,
    store: &Store,
) -> Result<(), StartError> {
    let file = match file {
        Some(file) => Some(file),
        // Whoever appended the entry after genesis had made the file before.
        None if has_begun(backend).await? => {
            Some(store.cluster().await?.ok_or_else(|| missing_store(ledger.cluster()))?)
        }
        None => None,
    };
    let file = match file {
        Some(file) => file,
        None => match store.create_cluster(ledger.cluster()).await? {
            CreateCluster::Created => return Ok(()),
            CreateCluster::Exists(file) => file,
        },
    };
    if file.cluster == ledger.cluster() {
        return Ok(());
    }
    Err(other_store(file.cluster, ledger.cluster()))
}

fn other_store(of_store: ClusterId, of_ledger: ClusterId) -> StartError {
    StartError::Mismatch(format!(
        "the store belongs to cluster {of_store}, the ledger to {of_ledger}"
    ))
}

fn missing_store(cluster: ClusterId) -> StartError {
    StartError::Mismatch(format!(
        "the ledger belongs to cluster {cluster}, and the store has no cluster.json: the store is missing"
    ))
}

/// Whether there is an entry after genesis.
async fn has_begun(backend: &dyn Backend) -> Result<bool, StartError> {
    let read = backend.read(1, 0).await;
    let read = read.map_err(|error| StartError::Ledger(chain(&error)))?;
    Ok(!read.entries.is_empty())
}

async fn check_witness(shared: &Shared) -> Result<(), StartError> {
    match shared.ledger.check_witness().await {
        Ok(WitnessOutcome::Lost(loss)) => {
            shared.losses.lock().get_or_insert(loss);
            Ok(())
        }
        Ok(_) => Ok(()),
        Err(error) => Err(StartError::Ledger(chain(&error))),
    }
}
