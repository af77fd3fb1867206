//! The port that clients connect to. It can be closed and opened again without another taking it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::counts::{count, discount};
use crate::network::How;
use crate::shared::Shared;
use crate::{Mode, http, tcp};

const BACKLOG: u32 = 1024;
/// What is waited after the system gave no connection: it has no descriptors left.
const PAUSE: Duration = Duration::from_millis(10);

/// A port that is held even while nobody listens on it: a socket is bound to it and never listens. Sockets that may be used
/// again share a port as long as at most one of them listens, so a port that another process listens on is not held.
#[derive(Debug)]
pub(crate) struct Port {
    _holder: TcpSocket,
    pub(crate) address: SocketAddr,
}

fn shareable(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

impl Port {
    pub(crate) fn hold(address: SocketAddr) -> io::Result<Port> {
        let holder = shareable(address)?;
        let address = holder.local_addr()?;
        Ok(Port {
            _holder: holder,
            address,
        })
    }

    pub(crate) fn listen(&self) -> io::Result<TcpListener> {
        shareable(self.address)?.listen(BACKLOG)
    }
}

/// Accepts connections until the proxy stops. While the network refuses there is no listener.
pub(crate) async fn accept(shared: Arc<Shared>, port: Port, first: TcpListener) {
    let mut stopping = std::pin::pin!(shared.world.tasks.stopping());
    let mut listener = Some(first);
    loop {
        let Some(open) = &listener else {
            tokio::select! {
                biased;
                () = &mut stopping => return,
                () = shared.network.refusing(false) => {}
            }
            listener = port.listen().ok();
            if listener.is_none() {
                shared.world.clock.sleep(PAUSE).await;
            }
            continue;
        };
        tokio::select! {
            biased;
            () = &mut stopping => return,
            () = shared.network.refusing(true) => listener = None,
            accepted = open.accept() => match accepted {
                Ok((stream, _)) => connection(&shared, stream),
                Err(_) => shared.world.clock.sleep(PAUSE).await,
            },
        }
    }
}

/// Serves one connection in a task of its own.
fn connection(shared: &Arc<Shared>, stream: TcpStream) {
    // Before the look at the cut, so that a break between the two is seen.
    let seen = shared.network.breaks();
    count(&shared.totals.connections);
    if shared.network.current().is_some_and(|cut| cut.how != How::Stall) {
        // Fails only on a socket that is broken already.
        let _ = stream.set_zero_linger();
        return;
    }
    let shared = Arc::clone(shared);
    let tasks = shared.world.tasks.clone();
    tasks.spawn("connection", async move {
        count(&shared.totals.connections_open);
        let broken = Arc::new(AtomicBool::new(false));
        let mut served = Box::pin(serve(Arc::clone(&shared), stream, Arc::clone(&broken)));
        tokio::select! {
            biased;
            () = shared.world.tasks.stopping() => {}
            () = shared.network.broken(seen) => broken.store(true, Ordering::Relaxed),
            () = &mut served => {}
        }
        // The sockets go with it, and see how they are to end.
        drop(served);
        discount(&shared.totals.connections_open);
    });
}

async fn serve(shared: Arc<Shared>, stream: TcpStream, broken: Arc<AtomicBool>) {
    match shared.mode {
        Mode::Http => http::serve(shared, stream, broken).await,
        Mode::Tcp => tcp::serve(shared, stream, broken).await,
    }
}
