//! A server that answers from a script, for tests: what a client makes of each answer, and how often it asks.

use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use world::World;

use crate::options::{AwsOptions, Secret};

/// One connection a request.
pub struct Scripted {
    /// Where it listens.
    pub endpoint: String,
    heads: Arc<Mutex<Vec<String>>>,
}

impl fmt::Debug for Scripted {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Scripted({})", self.endpoint)
    }
}

impl Scripted {
    /// Answers with the next text of the script, and with its last one for ever.
    pub async fn script<T: AsRef<[u8]>>(world: &World, script: &[T]) -> Scripted {
        let script: Vec<Vec<u8>> = script.iter().map(|answer| answer.as_ref().to_vec()).collect();
        let mut next = 0;
        Scripted::answering(world, move |_| {
            next += 1;
            let answer = script.get(next - 1).or(script.last());
            answer.cloned().unwrap_or_default()
        })
        .await
    }

    /// Answers as it is told, given the head of the request.
    ///
    /// # Panics
    /// When it cannot listen.
    pub async fn answering(world: &World, mut answer: impl FnMut(&str) -> Vec<u8> + Send + 'static) -> Scripted {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let heads = Arc::new(Mutex::new(Vec::new()));
        let (kept, tasks) = (Arc::clone(&heads), world.tasks.clone());
        world.tasks.spawn("scripted server", async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let Some(head) = head(&mut stream).await else { continue };
                let answer = answer(&head);
                kept.lock().push(head);
                tasks.spawn("scripted answer", async move {
                    // Whoever asked may be gone.
                    let _ = stream.write_all(&answer).await;
                    let _ = stream.shutdown().await;
                });
            }
        });
        Scripted { endpoint, heads }
    }

    /// The heads of the requests so far, in lower case.
    pub fn heads(&self) -> Vec<String> {
        self.heads.lock().clone()
    }

    /// How it is reached.
    pub fn options(&self) -> AwsOptions {
        options(&self.endpoint)
    }
}

/// How a server for tests is reached that knows the key `testkey`.
pub fn options(endpoint: &str) -> AwsOptions {
    AwsOptions {
        endpoint: Some(endpoint.to_owned()),
        access_key_id: Some("testkey".to_owned()),
        secret_access_key: Some(Secret::new("testsecret")),
        ..AwsOptions::default()
    }
}

/// A whole answer: a status with its reason, header lines that each end in `\r\n`, and a body.
pub fn answer(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}")
}

/// The answer that an object is there.
pub fn object(tag: &str, body: &str) -> String {
    let headers = format!("last-modified: Sun, 06 Nov 1994 08:49:37 GMT\r\netag: \"{tag}\"\r\n");
    answer("200 OK", &headers, body)
}

/// The answer of an error, with its code.
pub fn error(status: &str, code: &str) -> String {
    let body = format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code></Error>");
    answer(status, "", &body)
}

/// Reads a request, and gives back its head. None when it breaks off.
async fn head(stream: &mut TcpStream) -> Option<String> {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let read = stream.read(&mut buffer).await.ok().filter(|&read| read > 0)?;
        request.extend_from_slice(&buffer[..read]);
        let Some(end) = request.windows(4).position(|window| window == b"\r\n\r\n") else {
            continue;
        };
        let head = String::from_utf8_lossy(&request[..end]).to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.and_then(|length| length.parse().ok()).unwrap_or(0);
        if request.len() >= end + 4 + length {
            return Some(head);
        }
    }
}
