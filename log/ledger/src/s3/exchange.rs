//! What a request came to on the wire, handed past the client, which tells it apart no longer: whether it was sent at
//! all, and with which status it was answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};

use async_trait::async_trait;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService, ReqwestConnector,
};
use object_store::{ClientOptions, Extensions};

/// Goes with the requests of one call, and is told of them; of several tries, of the last.
#[derive(Debug, Clone, Default)]
pub(super) struct Exchange(Arc<Seen>);

#[derive(Debug, Default)]
struct Seen {
    sent: AtomicBool,
    /// 0 when there was no answer.
    status: AtomicU16,
}

impl Exchange {
    /// Whether anything of the request may have reached the server. Not when there were no credentials, or no connection.
    pub(super) fn sent(&self) -> bool {
        self.0.sent.load(Ordering::Relaxed)
    }

    /// The status of the answer, if there was one.
    pub(super) fn status(&self) -> Option<u16> {
        Some(self.0.status.load(Ordering::Relaxed)).filter(|&status| status != 0)
    }

    /// What takes it along with a request.
    pub(super) fn extensions(&self) -> Extensions {
        let mut extensions = Extensions::new();
        extensions.insert(self.clone());
        extensions
    }

    fn note(&self, outcome: &Result<HttpResponse, HttpError>) {
        let (sent, status) = match outcome {
            Ok(response) => (true, response.status().as_u16()),
            Err(error) => (error.kind() != HttpErrorKind::Connect, 0),
        };
        self.0.sent.store(sent, Ordering::Relaxed);
        self.0.status.store(status, Ordering::Relaxed);
    }
}

/// Connects as usual, and tells each request's [`Exchange`].
#[derive(Debug)]
pub(super) struct NotingConnector;

impl HttpConnector for NotingConnector {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let inner = ReqwestConnector::default().connect(options)?;
        Ok(HttpClient::new(Noting { inner }))
    }
}

#[derive(Debug)]
struct Noting {
    inner: HttpClient,
}

#[async_trait]
impl HttpService for Noting {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let exchange = request.extensions().get::<Exchange>().cloned();
        let outcome = self.inner.execute(request).await;
        if let Some(exchange) = exchange {
            exchange.note(&outcome);
        }
        outcome
    }
}
