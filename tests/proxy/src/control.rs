//! The proxy's own port, on which a test's driver asks what happened, cuts and heals the network and gives another script.
//!
//! | request | body | answer |
//! |---|---|---|
//! | `GET /counts` | | [`Counts`] |
//! | `POST /script` | a script in TOML | the [`Counts`] until now |
//! | `POST /cut` | a [`Cut`] in JSON | 204 |
//! | `POST /heal` | | 204 |

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

use crate::network::Cut;
use crate::shared::Shared;
use crate::{Counts, Error, Script};

const BODY_BYTES_MAX: usize = 4 << 20;

type Answer = Response<Full<Bytes>>;

/// Serves until the proxy stops.
pub(crate) async fn serve(shared: Arc<Shared>, listener: TcpListener) {
    let mut stopping = std::pin::pin!(shared.world.tasks.stopping());
    loop {
        tokio::select! {
            biased;
            () = &mut stopping => return,
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    let shared = Arc::clone(&shared);
                    let tasks = shared.world.tasks.clone();
                    tasks.spawn("control", connection(shared, stream));
                }
            }
        }
    }
}

async fn connection(shared: Arc<Shared>, stream: TcpStream) {
    let stopping = shared.world.tasks.stopping();
    let service = service_fn(move |request| {
        let shared = Arc::clone(&shared);
        async move { Ok::<_, Infallible>(answer(&shared, request).await) }
    });
    let connection = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        biased;
        () = stopping => {}
        // An error is the client's: it went.
        _ = connection => {}
    }
}

async fn answer(shared: &Arc<Shared>, request: Request<Incoming>) -> Answer {
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, BODY_BYTES_MAX).collect().await else {
        return said(StatusCode::BAD_REQUEST, "the body is broken or too large");
    };
    let body = body.to_bytes();
    match (head.method, head.uri.path()) {
        (Method::GET, "/counts") => counts(&shared.counts()),
        (Method::POST, "/script") => match script(shared, &body) {
            Ok(before) => counts(&before),
            Err(refused) => said(StatusCode::BAD_REQUEST, &refused.to_string()),
        },
        (Method::POST, "/cut") => match cut(&body) {
            Ok(cut) => {
                shared.network.cut(cut);
                done()
            }
            Err(refused) => said(StatusCode::BAD_REQUEST, &refused),
        },
        (Method::POST, "/heal") => {
            shared.network.heal();
            done()
        }
        (method, path) => said(StatusCode::NOT_FOUND, &format!("there is no {method} {path}")),
    }
}

fn script(shared: &Arc<Shared>, body: &[u8]) -> Result<Counts, Error> {
    let text = std::str::from_utf8(body).map_err(|_| Error::script("the script", "is no text"))?;
    shared.replace(Script::parse(text)?)
}

fn cut(body: &[u8]) -> Result<Cut, String> {
    let cut: Cut = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    cut.check()?;
    Ok(cut)
}

fn counts(counts: &Counts) -> Answer {
    match serde_json::to_vec(counts) {
        Ok(json) => {
            let mut answer = Response::new(Full::from(json));
            let json = http::HeaderValue::from_static("application/json");
            answer.headers_mut().insert(http::header::CONTENT_TYPE, json);
            answer
        }
        Err(error) => said(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

fn done() -> Answer {
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = StatusCode::NO_CONTENT;
    answer
}

fn said(status: StatusCode, text: &str) -> Answer {
    let mut answer = Response::new(Full::from(format!("{text}\n")));
    *answer.status_mut() = status;
    answer
}
