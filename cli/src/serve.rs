//! The processes that serve: what `dev`, `agent` and `compactor` have in common, from opening a log to draining.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use agent::http::HttpSettings;
use anyhow::{Context as _, Result};
use compactor::CompactorConfig;
use engine::{Engine, EngineConfig};
use ledger::ConnectOptions;
use metadata::Role;
use store::{Store, StoreOptions};
use tokio::net::TcpListener;

use crate::context::{Context, asked_to_stop};
use crate::exit::{Ended, Exit};
use crate::peers::SecretArgs;
use crate::place::{Place, PlaceArgs};

pub(crate) mod limits;

/// How long what is in flight may take to finish once the process was asked to stop.
const DRAIN: Duration = Duration::from_secs(10);

/// Opens the log at a place and begins to follow it, in the given roles.
pub(crate) async fn open(
    place: &Place,
    options: StoreOptions,
    config: EngineConfig,
    context: &Context,
) -> Result<Engine> {
    let world = &context.world;
    // The two halves are reached in one way.
    let connect = ConnectOptions {
        aws: options.aws.clone(),
    };
    let backend = ledger::connect(&place.ledger, &connect, world)
        .await
        .context("cannot open the ledger")?;
    let store = Store::open(&place.store, options, world.clone())
        .await
        .context("cannot open the store")?;
    let mut config = config;
    config.puts_per_second = config.puts_per_second.or(store.puts_per_second_default());
    let engine = Engine::start(world.child("engine"), config, Arc::clone(&backend), store).await;
    engine.context("cannot start")
}

/// Opens the log at a place as a compactor of this name.
pub(crate) async fn open_compactor(
    (place, args): (&Place, &PlaceArgs),
    secret: &SecretArgs,
    name: &str,
    context: &Context,
) -> Result<Engine> {
    let config = EngineConfig {
        roles: vec![Role::Compactor],
        name: name.to_owned(),
        peers: secret.peers(&context.world)?,
        ..EngineConfig::default()
    };
    open(place, args.aws.store_options(), config, context).await
}

/// Does one piece of work, unless the process is asked to stop before, and stops the engine.
pub(crate) async fn once<T>(engine: &Engine, work: impl Future<Output = T>) -> Result<T, Ended> {
    let outcome = tokio::select! {
        biased;
        () = asked_to_stop() => Err(Ended::interrupted()),
        done = Box::pin(work) => Ok(done),
    };
    engine.stop(DRAIN).await;
    outcome
}

/// An address to serve at: bound, and allowed.
pub(crate) async fn bind(address: &str, insecure: bool) -> Result<TcpListener> {
    let addresses: Vec<SocketAddr> = tokio::net::lookup_host(address)
        .await
        .with_context(|| format!("{address} is no address to listen at"))?
        .collect();
    if !insecure && !addresses.iter().all(|address| address.ip().is_loopback()) {
        let what = format!(
            "{address} can be reached from other machines, and nothing is encrypted and nobody asked who they are; --insecure says that this is meant"
        );
        return Err(Ended::usage(what).into());
    }
    TcpListener::bind(&addresses[..])
        .await
        .with_context(|| format!("cannot listen at {address}"))
}

/// The address that others are told: the one given, else the one that is bound, unless it means every address of the
/// machine. Two processes that said that of themselves would take each other for their own former lives.
pub(crate) fn advertised(given: Option<&str>, bound: SocketAddr) -> String {
    match (given, bound.ip()) {
        (Some(given), _) => given.to_owned(),
        (None, IpAddr::V4(ip)) if ip.is_unspecified() => String::new(),
        (None, IpAddr::V6(ip)) if ip.is_unspecified() => String::new(),
        (None, _) => bound.to_string(),
    }
}

/// Spawns upkeep under the engine's tasks, if it leads a compactor's life.
pub(crate) fn keep_up(engine: &Engine) {
    if engine.config().roles.contains(&Role::Compactor) {
        let upkeep = compactor::run(engine.clone(), CompactorConfig::default());
        engine.world().tasks.spawn("upkeep", upkeep);
    }
}

/// Says that the process keeps a log up, and where it tells how it fares.
pub(crate) fn say_keeps_up(bound: Option<SocketAddr>, context: &Context) {
    context.talk.say(match bound {
        Some(bound) => format!("tidelog keeps up; http://{bound}/metrics and /readyz tell how"),
        None => "tidelog keeps up".to_owned(),
    });
}

/// Serves HTTP until the process is asked to stop; then takes nothing new, answers what is in flight and ends its
/// lives. Asked a second time, it ends at once: that is what a crash would do, and a crash loses nothing.
pub(crate) async fn until_stopped(
    engine: &Engine,
    listener: Option<TcpListener>,
    settings: HttpSettings,
    context: &Context,
) -> Result<Exit> {
    let stop = settings.stop.clone();
    let serving = async {
        match listener {
            Some(listener) => agent::http::serve(engine.clone(), listener, settings)
                .await
                .context("HTTP ended"),
            None => {
                stop.cancelled().await;
                Ok(())
            }
        }
    };
    let mut serving = std::pin::pin!(serving);
    let mut ended = None;
    tokio::select! {
        biased;
        () = asked_to_stop() => {}
        early = &mut serving => ended = Some(early),
    }
    context
        .talk
        .say("stopping: finishing what is in flight (once more ends at once)");
    stop.cancel();
    let drained = async {
        let served = match ended {
            Some(early) => early,
            None => serving.await,
        };
        engine.stop(DRAIN).await;
        served
    };
    tokio::select! {
        biased;
        () = asked_to_stop() => Err(Ended::interrupted().into()),
        served = drained => served.map(|()| Exit::Ok),
    }
}

#[cfg(test)]
mod tests;
