//! The store of one process, whose calls are entered as long as they are under way. Here, too, a process may die when a
//! call was about to be answered.

use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use store::{Backing, FaultyObjects, Fetched, Found, Objects, Op, StoreError, Tag};

use super::{Call, Calls};
use crate::agent::seams::{Seams, When};

/// The wrapper.
#[derive(Clone, Debug)]
pub(in crate::agent) struct CountedObjects {
    pub(in crate::agent) inner: FaultyObjects,
    pub(in crate::agent) calls: Calls,
    pub(in crate::agent) seams: Seams,
}

impl CountedObjects {
    /// The caller is about to be told.
    async fn answer(&self, op: Op, path: &str) {
        if self.seams.pass(When::Answered, format_args!("store {op:?} {path}")) {
            std::future::pending::<()>().await;
        }
    }
}

#[async_trait]
impl Objects for CountedObjects {
    fn backing(&self) -> Backing {
        self.inner.backing()
    }

    fn url(&self) -> String {
        self.inner.url()
    }

    async fn put(&self, path: &str, parts: &[Bytes]) -> Result<(), StoreError> {
        let _under_way = self.calls.enter(Call::Put(path.to_owned()));
        let put = self.inner.put(path, parts).await;
        self.answer(Op::Put, path).await;
        if put.is_ok() {
            self.calls.is_put(path);
        }
        put
    }

    async fn create(&self, path: &str, bytes: Bytes) -> Result<bool, StoreError> {
        let created = self.inner.create(path, bytes).await;
        self.answer(Op::Create, path).await;
        created
    }

    async fn replace(&self, path: &str, expected: Option<&Tag>, bytes: Bytes) -> Result<bool, StoreError> {
        let _under_way = self.calls.enter(Call::Replace);
        let replaced = self.inner.replace(path, expected, bytes).await;
        self.answer(Op::Replace, path).await;
        replaced
    }

    async fn get(&self, path: &str, range: Option<Range<u64>>) -> Result<Fetched, StoreError> {
        let _under_way = self.calls.enter(Call::Get(path.to_owned()));
        let fetched = self.inner.get(path, range).await;
        self.answer(Op::Get, path).await;
        fetched
    }

    async fn get_tagged(&self, path: &str) -> Result<Option<(Bytes, Tag)>, StoreError> {
        let fetched = self.inner.get_tagged(path).await;
        self.answer(Op::Get, path).await;
        fetched
    }

    async fn delete(&self, paths: &[String]) -> Result<u64, StoreError> {
        let _under_way = self.calls.enter(Call::Sweep);
        let deleted = self.inner.delete(paths).await;
        self.answer(Op::Delete, "").await;
        deleted
    }

    fn list(&self, folder: &str) -> BoxStream<'static, Result<Found, StoreError>> {
        let (this, folder) = (self.clone(), folder.to_owned());
        // Entered when the listing is begun, and over when its first page is there: all of it, in memory.
        let begun = async move {
            let _under_way = this.calls.enter(Call::Sweep);
            let found: Vec<_> = this.inner.list(&folder).collect().await;
            this.answer(Op::List, &folder).await;
            futures::stream::iter(found)
        };
        futures::stream::once(begun).flatten().boxed()
    }

    async fn date_ms(&self) -> Result<i64, StoreError> {
        let date = self.inner.date_ms().await;
        self.answer(Op::Date, "").await;
        date
    }
}
