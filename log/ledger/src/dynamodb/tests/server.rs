//! A server that answers from a script, and the answers. It knows nothing of what is asked.

use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use world::World;

/// What the server does with a request.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Answer(String),
    /// Takes it and hangs up.
    Cut,
    /// Takes it and says nothing.
    Silent,
}

pub(super) fn fine(body: &str) -> Step {
    answer("200 OK", body)
}

/// An error by the name that the service gives it.
pub(super) fn error(status: u16, code: &str) -> Step {
    let body = format!(r#"{{"__type":"com.amazonaws.dynamodb.v20120810#{code}","message":"scripted"}}"#);
    answer(&format!("{status} Scripted"), &body)
}

/// The refusal of a conditional put, with what is there if the server says so.
pub(super) fn refused(item: Option<&str>) -> Step {
    let item = item.map_or(String::new(), |item| format!(r#","Item":{item}"#));
    let code = "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException";
    answer(
        "400 Bad Request",
        &format!(r#"{{"__type":"{code}","message":"scripted"{item}}}"#),
    )
}

/// A cancelled transaction, with the reason for each of its items.
pub(super) fn cancelled(reasons: &[&str]) -> Step {
    let reasons: Vec<_> = reasons.iter().map(|code| format!(r#"{{"Code":"{code}"}}"#)).collect();
    let code = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException";
    let reasons = reasons.join(",");
    answer(
        "400 Bad Request",
        &format!(r#"{{"__type":"{code}","message":"scripted","CancellationReasons":[{reasons}]}}"#),
    )
}

pub(super) fn cut() -> Step {
    Step::Cut
}

pub(super) fn silent() -> Step {
    Step::Silent
}

/// An entry of the log `orders` as the service writes it.
pub(super) fn entry(position: u64, bytes: &[u8]) -> String {
    let segment = position / 65_536;
    let bytes = base64(bytes);
    format!(r#"{{"log_segment":{{"S":"orders/{segment}"}},"position":{{"N":"{position}"}},"bytes":{{"B":"{bytes}"}}}}"#)
}

pub(super) fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let group = chunk.iter().fold(0, |group, byte| group << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let six = usize::try_from(group >> (18 - 6 * place) & 63).unwrap();
            text.push(if place > chunk.len() {
                '='
            } else {
                char::from(ALPHABET[six])
            });
        }
    }
    text
}

pub(super) fn answer(status: &str, body: &str) -> Step {
    let length = body.len();
    Step::Answer(format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: {length}\r\n\
         connection: close\r\n\r\n{body}"
    ))
}

/// One connection a request: each is kept, and met by the next step of the script, the last one for ever.
pub(super) struct Server {
    pub(super) endpoint: String,
    pub(super) requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// The operations that were asked for.
    pub(super) fn targets(&self) -> Vec<String> {
        let requests = self.requests.lock();
        let target = |request: &String| {
            let line = request
                .lines()
                .find_map(|line| line.strip_prefix("x-amz-target: DynamoDB_20120810."));
            line.unwrap_or_default().to_owned()
        };
        requests.iter().map(target).collect()
    }
}

pub(super) async fn serve(world: &World, script: &[Step]) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let requests = Arc::new(Mutex::new(Vec::new()));
    let (kept, script) = (Arc::clone(&requests), script.to_vec());
    world.tasks.spawn("server", async move {
        let mut held = Vec::new();
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let Some(request) = request(&mut stream).await else {
                continue;
            };
            let number = kept.lock().len();
            kept.lock().push(request);
            match script.get(number).or(script.last()).unwrap() {
                Step::Answer(text) => {
                    stream.write_all(text.as_bytes()).await.unwrap();
                    stream.shutdown().await.unwrap();
                }
                Step::Cut => drop(stream),
                Step::Silent => held.push(stream),
            }
        }
    });
    Server { endpoint, requests }
}

/// Reads head and body of a request.
async fn request(stream: &mut TcpStream) -> Option<String> {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = Bytes::copy_from_slice(&request);
        let text = String::from_utf8_lossy(&text);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .map_or(0, |length| length.parse().unwrap());
            if body.len() >= length {
                return Some(text.into_owned());
            }
        }
        match stream.read(&mut buffer).await.unwrap_or(0) {
            0 => return None,
            read => request.extend_from_slice(&buffer[..read]),
        }
    }
}
