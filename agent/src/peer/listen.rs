//! The host's side: connections are accepted, each is asked who it is, and then the engine serves it.

use std::sync::Arc;

use engine::{Engine, HostLink, Link};
use tokio::io::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use world::{Clock, Tasks};

use super::frame::{FrameReader, FrameWriter};
use super::handshake::{ClusterSecret, as_host};
use super::wire::Message;
use super::{CONNECTIONS_MAX, HANDSHAKE_MAX, WRITE_MAX};

/// The pause after an accept that failed, as it does when file descriptors run out.
const ACCEPT_PAUSE: std::time::Duration = std::time::Duration::from_millis(50);

/// Serves other agents on a listener until the engine's world stops.
pub async fn serve(engine: Engine, listener: TcpListener, secret: ClusterSecret) {
    let world = engine.world().child("peers");
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let accepted = tokio::select! {
            biased;
            () = world.tasks.stopping() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
                    tracing::warn!(%peer, "too many agents are connected");
                    continue;
                };
                let greeted = greet(engine.clone(), stream, secret.clone(), place);
                world.tasks.spawn("peer", greeted);
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a peer");
                world.clock.sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn greet(engine: Engine, mut stream: TcpStream, secret: ClusterSecret, place: OwnedSemaphorePermit) {
    // Messages are small and waited for.
    let _ = stream.set_nodelay(true);
    let world = engine.world();
    let shaken = as_host(&mut stream, &secret, &world.chance);
    let keys = match world.clock.timeout(HANDSHAKE_MAX, shaken).await {
        Ok(Ok(keys)) => keys,
        Ok(Err(error)) => return tracing::warn!(%error, "a peer was refused"),
        Err(error) => return tracing::warn!(%error, "a peer did not say who it is"),
    };
    let (near, far): (HostLink, _) = Link::pair();
    let (read, write) = tokio::io::split(stream);
    let Link { out, heard } = far;
    let reader = FrameReader::new(read, &keys.to_host);
    let writer = FrameWriter::new(write, &keys.to_follower);
    carry(
        &world.tasks,
        world.clock.clone(),
        (reader, writer),
        (out, heard),
        Some(place),
    );
    engine.host(near);
}

/// The ends of a link that a socket carries on: what it brings goes in at the one, what comes out of the other it takes.
type Ends<In, Out> = (mpsc::Sender<In>, mpsc::Receiver<Out>);
type Frames = (FrameReader<ReadHalf<TcpStream>>, FrameWriter<WriteHalf<TcpStream>>);

/// Carries messages between a socket and a link, until either breaks.
pub(super) fn carry<In: Message, Out: Message>(
    tasks: &Tasks,
    clock: Clock,
    (mut reader, mut writer): Frames,
    (bring, mut take): Ends<In, Out>,
    place: Option<OwnedSemaphorePermit>,
) {
    let stopping = tasks.child();
    tasks.spawn("peer reads", async move {
        let _place = place;
        loop {
            let read = tokio::select! {
                biased;
                () = stopping.stopping() => return,
                () = bring.closed() => return,
                read = reader.read() => read,
            };
            let message = match read {
                Ok(bytes) => In::decode(bytes),
                Err(error) => return tracing::debug!(%error, "a connection between agents ended"),
            };
            let Some(message) = message else {
                return tracing::warn!("a peer said what is no message");
            };
            if bring.send(message).await.is_err() {
                return;
            }
        }
    });
    tasks.spawn("peer writes", async move {
        // Ends when the link's other end is dropped, which the engine does when it stops.
        while let Some(message) = take.recv().await {
            let written = clock.timeout(WRITE_MAX, writer.write(&message.encode())).await;
            if !matches!(written, Ok(Ok(()))) {
                return;
            }
        }
    });
}
