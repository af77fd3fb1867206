//! One agent over HTTP: asks, answers, problems. Knows the manners (paths, JSON, problem+json), not the routes' bodies.

use std::time::Duration;

use bytes::Bytes;
use clap::Args;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap};
use reqwest::{Method, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;

mod problem;

pub(crate) use problem::{ClientError, Problem};

/// Longest answer that is taken into memory.
const ANSWER_BYTES_MAX: usize = 256 << 20;

/// Where an agent serves HTTP.
#[derive(Debug, Clone, Args)]
pub(crate) struct UrlArgs {
    /// Where an agent serves HTTP
    #[arg(
        long,
        value_name = "URL",
        default_value = "http://127.0.0.1:8080",
        env = "TIDELOG_URL"
    )]
    pub(crate) url: Url,
}

impl UrlArgs {
    /// A client of that agent.
    pub(crate) fn client(&self) -> Result<Client, ClientError> {
        Client::new(self.url.clone())
    }
}

/// A client of one agent. Cheap to clone; clones share connections.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: Url,
}

impl Client {
    /// A client for the agent at this address.
    pub(crate) fn new(base: Url) -> Result<Client, ClientError> {
        if base.cannot_be_a_base() {
            return Err(ClientError::BadUrl { url: base.to_string() });
        }
        let http = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(5))
            .user_agent(concat!("tidelog/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| ClientError::transport(&base, &error))?;
        Ok(Client { http, base })
    }

    /// A GET of the path made of these segments, each escaped.
    pub(crate) fn get(&self, segments: &[&str]) -> Ask {
        self.ask(Method::GET, segments)
    }

    /// A PUT.
    pub(crate) fn put(&self, segments: &[&str]) -> Ask {
        self.ask(Method::PUT, segments)
    }

    /// A PATCH.
    pub(crate) fn patch(&self, segments: &[&str]) -> Ask {
        self.ask(Method::PATCH, segments)
    }

    /// A POST.
    pub(crate) fn post(&self, segments: &[&str]) -> Ask {
        self.ask(Method::POST, segments)
    }

    /// A DELETE.
    pub(crate) fn delete(&self, segments: &[&str]) -> Ask {
        self.ask(Method::DELETE, segments)
    }

    fn ask(&self, method: Method, segments: &[&str]) -> Ask {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        Ask {
            request: self.http.request(method, url.clone()),
            url,
            base: self.base.clone(),
            http: self.http.clone(),
        }
    }
}

/// One request being put together.
#[derive(Debug)]
pub(crate) struct Ask {
    request: reqwest::RequestBuilder,
    url: Url,
    base: Url,
    http: reqwest::Client,
}

impl Ask {
    /// Adds a query parameter.
    pub(crate) fn query(mut self, name: &str, value: impl AsRef<str>) -> Ask {
        self.url.query_pairs_mut().append_pair(name, value.as_ref());
        self
    }

    /// Adds a query parameter when there is one.
    pub(crate) fn query_opt(self, name: &str, value: Option<impl AsRef<str>>) -> Ask {
        match value {
            Some(value) => self.query(name, value),
            None => self,
        }
    }

    /// Adds a header.
    pub(crate) fn header(mut self, name: &str, value: impl AsRef<str>) -> Ask {
        self.request = self.request.header(name, value.as_ref());
        self
    }

    /// Adds a header when there is one.
    pub(crate) fn header_opt(self, name: &str, value: Option<impl AsRef<str>>) -> Ask {
        match value {
            Some(value) => self.header(name, value),
            None => self,
        }
    }

    /// The form the answer is wanted in.
    pub(crate) fn accept(mut self, media_type: &str) -> Ask {
        self.request = self.request.header(ACCEPT, media_type);
        self
    }

    /// A body of any kind.
    pub(crate) fn body(mut self, content_type: &str, body: Bytes) -> Ask {
        self.request = self.request.header(CONTENT_TYPE, content_type).body(body);
        self
    }

    /// A JSON body.
    pub(crate) fn json(mut self, body: &impl Serialize) -> Ask {
        self.request = self.request.json(body);
        self
    }

    /// How long the whole exchange may take.
    pub(crate) fn timeout(mut self, timeout: Duration) -> Ask {
        self.request = self.request.timeout(timeout);
        self
    }

    /// Asks, and takes any answer but a problem.
    pub(crate) async fn send(self) -> Result<Answer, ClientError> {
        let mut request = self
            .request
            .build()
            .map_err(|error| ClientError::transport(&self.base, &error))?;
        *request.url_mut() = self.url;
        let response = self.http.execute(request).await;
        let mut response = response.map_err(|error| ClientError::transport(&self.base, &error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let mut body = Vec::with_capacity(response.content_length().unwrap_or(0).min(1 << 20) as usize);
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| ClientError::transport(&self.base, &error))?
        {
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(ClientError::TooLong {
                    bytes_max: ANSWER_BYTES_MAX,
                });
            }
            body.extend_from_slice(&chunk);
        }
        if status.is_client_error() || status.is_server_error() {
            return Err(ClientError::Problem(Box::new(Problem::from_answer(
                status, &headers, &body,
            ))));
        }
        Ok(Answer {
            status,
            headers,
            body: Bytes::from(body),
        })
    }

    /// Asks, and reads the answer as JSON of this shape.
    pub(crate) async fn fetch<T: DeserializeOwned>(self) -> Result<T, ClientError> {
        self.send().await?.json()
    }
}

/// An answer that is no problem.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The status; 2xx, or 3xx that was not followed.
    pub(crate) status: StatusCode,
    /// The headers.
    pub(crate) headers: HeaderMap,
    /// The body, whole.
    pub(crate) body: Bytes,
}

impl Answer {
    /// The body as JSON of this shape.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, ClientError> {
        serde_json::from_slice(&self.body).map_err(|error| ClientError::BadAnswer {
            what: error.to_string(),
        })
    }

    /// A header's text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

#[cfg(test)]
mod tests;
