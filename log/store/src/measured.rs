//! Every request counted, timed and bounded in time, in one place: a wrapper of the seam.

use std::future::Future;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use world::{Clock, Instant};

use crate::objects::{Backing, Fetched, Found, Objects, Staged, Tag};
use crate::{Op, StoreError, StoreOptions};

#[derive(Debug)]
pub(crate) struct Measured {
    inner: Arc<dyn Objects>,
    clock: Clock,
    read_timeout: Duration,
    put_timeout: Duration,
}

impl Measured {
    pub(crate) fn new(inner: Arc<dyn Objects>, clock: Clock, options: &StoreOptions) -> Measured {
        Measured {
            inner,
            clock,
            read_timeout: options.read_timeout,
            put_timeout: options.put_timeout,
        }
    }

    async fn timed<T>(
        &self,
        op: Op,
        path: &str,
        request: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let began = self.clock.now();
        let patience = if op.writes() {
            self.put_timeout
        } else {
            self.read_timeout
        };
        let outcome = match self.clock.timeout(patience, request).await {
            Ok(outcome) => outcome,
            Err(late) => Err(StoreError::passing(op, path, late.to_string())),
        };
        note(op, &outcome, began, self.clock.now());
        outcome
    }
}

fn note<T>(op: Op, outcome: &Result<T, StoreError>, began: Instant, ended: Instant) {
    let code = outcome.as_ref().err().map_or("ok", StoreError::code);
    metrics::counter!("tidelog_store_requests_total", "op" => op.name(), "code" => code).increment(1);
    let took = ended.saturating_duration_since(began);
    metrics::histogram!("tidelog_store_latency_seconds", "op" => op.name()).record(took.as_secs_f64());
}

#[async_trait]
impl Objects for Measured {
    fn backing(&self) -> Backing {
        self.inner.backing()
    }

    fn url(&self) -> String {
        self.inner.url()
    }

    async fn put(&self, path: &str, parts: &[Bytes]) -> Result<(), StoreError> {
        self.timed(Op::Put, path, self.inner.put(path, parts)).await
    }

    async fn create(&self, path: &str, bytes: Bytes) -> Result<bool, StoreError> {
        self.timed(Op::Create, path, self.inner.create(path, bytes)).await
    }

    async fn replace(&self, path: &str, expected: Option<&Tag>, bytes: Bytes) -> Result<bool, StoreError> {
        let request = self.inner.replace(path, expected, bytes);
        self.timed(Op::Replace, path, request).await
    }

    async fn get(&self, path: &str, range: Option<Range<u64>>) -> Result<Fetched, StoreError> {
        self.timed(Op::Get, path, self.inner.get(path, range)).await
    }

    async fn get_tagged(&self, path: &str) -> Result<Option<(Bytes, Tag)>, StoreError> {
        self.timed(Op::Get, path, self.inner.get_tagged(path)).await
    }

    async fn delete(&self, paths: &[String]) -> Result<u64, StoreError> {
        let first = paths.first().map(String::as_str).unwrap_or_default();
        self.timed(Op::Delete, first, self.inner.delete(paths)).await
    }

    /// The time is bounded from one object to the next; a listing counts as one request, and is not timed, for how
    /// long it takes is up to its reader.
    fn list(&self, folder: &str) -> BoxStream<'static, Result<Found, StoreError>> {
        metrics::counter!("tidelog_store_requests_total", "op" => Op::List.name(), "code" => "ok").increment(1);
        let (clock, patience, folder) = (self.clock.clone(), self.read_timeout, folder.to_owned());
        let state = Some(self.inner.list(&folder));
        let bounded = futures::stream::unfold(state, move |state| {
            let (clock, folder) = (clock.clone(), folder.clone());
            async move {
                let mut found = state?;
                match clock.timeout(patience, found.next()).await {
                    Ok(next) => Some((next?, Some(found))),
                    Err(late) => Some((Err(StoreError::passing(Op::List, &folder, late.to_string())), None)),
                }
            }
        });
        bounded.boxed()
    }

    async fn date_ms(&self) -> Result<i64, StoreError> {
        self.timed(Op::Date, "", self.inner.date_ms()).await
    }

    async fn staged(&self, folder: &str) -> Result<Vec<Staged>, StoreError> {
        self.inner.staged(folder).await
    }

    async fn delete_staged(&self, folder: &str, older_than: Duration) -> Result<u64, StoreError> {
        self.inner.delete_staged(folder, older_than).await
    }
}
