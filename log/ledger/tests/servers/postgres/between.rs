//! What stands between a process and its server: a pooler or a balancer that keeps a connection whose server is gone.

use std::sync::Arc;
use std::time::Duration;

use ledger::{Append, Backend, LedgerError};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use world::World;

use super::{before, database, entry, fill, open};

/// Passes connections on. When told, it lets go of the server's side of those that it has, and of nothing else.
#[derive(Debug, Default)]
struct Between {
    let_go: Notify,
}

impl Between {
    async fn start(server: String) -> (Arc<Between>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let between = Arc::new(Between::default());
        let shared = Arc::clone(&between);
        World::real().tasks.spawn("between", async move {
            while let Ok((client, _)) = listener.accept().await {
                let (shared, server) = (Arc::clone(&shared), server.clone());
                World::real().tasks.spawn("connection", async move {
                    if let Ok(server) = TcpStream::connect(server).await {
                        shared.pass(client, server).await;
                    }
                });
            }
        });
        (between, address)
    }

    async fn pass(&self, mut client: TcpStream, mut server: TcpStream) {
        let (mut up, mut down) = ([0; 4096], [0; 4096]);
        let let_go = self.let_go.notified();
        let mut let_go = std::pin::pin!(let_go);
        loop {
            tokio::select! {
                biased;
                () = &mut let_go => break,
                read = client.read(&mut up) => match read {
                    Ok(1..) if server.write_all(&up[..read.unwrap_or(0)]).await.is_ok() => {}
                    _ => return,
                },
                read = server.read(&mut down) => match read {
                    Ok(1..) if client.write_all(&down[..read.unwrap_or(0)]).await.is_ok() => {}
                    _ => return,
                },
            }
        }
        drop(server);
        // Whatever the client still sends is taken, and nothing is said.
        while matches!(client.read(&mut up).await, Ok(1..)) {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_whose_server_is_gone_is_given_up() {
    let url = database().await;
    let (head, rest) = url.split_once('@').expect("a user in the URL");
    let (server, name) = rest.split_once('/').expect("a database in the URL");
    let (between, address) = Between::start(server.to_owned()).await;
    let ledger = open(&format!("{head}@{address}/{name}")).await;
    fill(&ledger, 0, 3).await;
    between.let_go.notify_waiters();
    let clock = World::real().clock;
    let began = clock.now();
    let lost = ledger.append(3, before(3), entry(3, 0)).await;
    assert!(matches!(lost, Err(LedgerError::Unknown { .. })), "{lost:?}");
    assert!(
        clock.now() - began < Duration::from_secs(29),
        "by a look, not for want of patience"
    );
    let again = ledger.append(3, before(3), entry(3, 0)).await;
    assert_eq!(again, Ok(Append::Appended));
}
