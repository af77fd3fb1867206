//! Connections: accepted, limited, watched for slowness, and drained.

mod guard;
mod places;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use engine::Engine;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use world::Tasks;

use super::front::Front;
use super::metrics;
use super::router::router_of;
use super::settings::HttpSettings;
use guard::Guarded;
use places::Places;

/// The pause after an accept that failed, as it does when file descriptors run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Unscraped histograms are folded together this often.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(60);
/// The longest head of a request.
const HEAD_BYTES_MAX: usize = 64 << 10;

/// Serves HTTP on a listener until [`HttpSettings::stop`] is cancelled or the engine's world stops. Then nothing new is
/// accepted, streams end at an event's boundary, and it returns when every request is answered or the drain's patience
/// is over. Stop the engine after it has returned, so that what is under way can still be answered.
///
/// # Errors
/// When the listener has no address.
pub async fn serve(engine: Engine, listener: TcpListener, settings: HttpSettings) -> io::Result<()> {
    let address = listener.local_addr()?;
    let front = Front::new(engine, settings);
    let tasks = front.engine().world().tasks.child();
    tasks.spawn("metrics upkeep", upkeep(front.clone()));
    tracing::info!(%address, "serving http");
    let router = router_of(front.clone());
    let places = Places::new(
        front.settings().connections_max,
        front.settings().connections_per_address_max,
    );
    let stopping = front.stopping();
    tokio::pin!(stopping);
    loop {
        tokio::select! {
            biased;
            () = &mut stopping => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => connect(&front, &tasks, &router, &places, stream, peer),
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    front.clock().sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    drop(listener);
    if !tasks.drain(front.settings().drain_patience).await {
        tracing::warn!("connections were cut off: their requests took longer than the drain's patience");
        tasks.kill();
    }
    Ok(())
}

fn connect(
    front: &Front,
    tasks: &Tasks,
    router: &axum::Router,
    places: &Arc<Places>,
    stream: TcpStream,
    peer: SocketAddr,
) {
    let Some(place) = places.take(peer.ip()) else {
        metrics::refused_connection();
        return;
    };
    // Answers are small and waited for.
    let _ = stream.set_nodelay(true);
    let builder = builder(front.settings(), tasks);
    let stopping = front.stopping();
    let io = TokioIo::new(Guarded::new(
        stream,
        front.clock().clone(),
        front.settings().body_timeout,
    ));
    let service = TowerToHyperService::new(router.clone());
    tasks.spawn("an http connection", async move {
        let connection = builder.serve_connection(io, service);
        tokio::pin!(connection);
        let ended = tokio::select! {
            biased;
            ended = &mut connection => ended,
            () = stopping => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, %peer, "an http connection broke");
        }
        drop(place);
    });
}

fn builder(settings: &HttpSettings, tasks: &Tasks) -> Builder<Spawn> {
    let mut builder = Builder::new(Spawn(tasks.clone()));
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(settings.header_timeout)
        .max_buf_size(HEAD_BYTES_MAX);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(settings.streams_per_connection_max)
        .max_header_list_size(u32::try_from(HEAD_BYTES_MAX).unwrap_or(u32::MAX))
        .keep_alive_interval(settings.header_timeout)
        .keep_alive_timeout(settings.header_timeout);
    builder
}

/// Runs the streams of an HTTP/2 connection among the front's tasks.
#[derive(Clone, Debug)]
struct Spawn(Tasks);

impl<F> hyper::rt::Executor<F> for Spawn
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, future: F) {
        self.0.spawn("an http/2 stream", future);
    }
}

async fn upkeep(front: Front) {
    let stopping = front.stopping();
    tokio::pin!(stopping);
    loop {
        tokio::select! {
            biased;
            () = &mut stopping => return,
            () = front.clock().sleep(UPKEEP_INTERVAL) => metrics::handle().run_upkeep(),
        }
    }
}
