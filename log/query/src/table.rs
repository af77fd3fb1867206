//! A topic as a table of the query engine.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{Session, TableProvider};
use datafusion::datasource::TableType;
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::union::UnionExec;
use engine::Engine;
use futures::{StreamExt as _, TryStreamExt as _};
use metadata::{LakeColumns, ObjectName, TopicNumber};
use parquet::arrow::parquet_to_arrow_schema;
use store::{Key, ReadClass};

use crate::QueryError;
use crate::parts::Parts;
use crate::reader::{File, Place};
use crate::scan::{self, Scanned};
use crate::tail;

/// Files that are opened at once.
const OPENED_AT_ONCE: usize = 16;

/// A topic as it was when it was opened.
#[derive(Debug)]
pub(crate) struct LogTable {
    schema: SchemaRef,
    /// Files by the columns of the table that they have by name alone: another of that name was dropped before.
    shapes: BTreeMap<BTreeSet<String>, Vec<Scanned>>,
}

impl LogTable {
    /// Opens the files of a topic, and makes rows of what is in none. None when the topic is gone.
    pub(crate) async fn open(
        engine: &Engine,
        number: TopicNumber,
        tail_bytes_max: u64,
    ) -> Result<Option<Self>, QueryError> {
        let Some(parts) = Parts::of(engine, number) else {
            return Ok(None);
        };
        let bytes = parts.tail_bytes();
        if bytes > tail_bytes_max {
            return Err(QueryError::TailTooLong {
                topic: parts.name,
                bytes,
                max: tail_bytes_max,
            });
        }
        let tail = tail::rows(engine, &parts).await?;
        let file = Arc::new(File::new(tail.open(&tail.bytes)?, &tail.bytes)?);
        let described = file.metadata.file_metadata().schema_descr_ptr();
        let schema = parquet_to_arrow_schema(&described, None).map_err(lake::LakeError::from)?;
        let mut table = Self {
            schema: Arc::new(schema),
            shapes: BTreeMap::new(),
        };
        let all = file.lake.footer().parts.iter().map(|part| part.partition).collect();
        let place = Place::Memory(Arc::clone(&file), tail.bytes);
        table.add(&parts.columns, Scanned::new("tail", (place, &file), &all));
        let store = engine.store().with_class(ReadClass::Backfill);
        let scanned = parts.files.iter().map(|(name, (end, partitions))| {
            let place = Place::Store(store.clone(), Key::LakeData(parts.id, *name), *end);
            scanned(file_name(name), place, partitions.clone())
        });
        // Collected, for what borrows the parts may not be held over an await.
        let scanned: Vec<_> = scanned.collect();
        let scanned = futures::stream::iter(scanned).buffered(OPENED_AT_ONCE);
        for file in scanned.try_collect::<Vec<Scanned>>().await? {
            table.add(&parts.columns, file);
        }
        Ok(Some(table))
    }

    fn add(&mut self, columns: &LakeColumns, file: Scanned) {
        if file.has_rows() {
            let others = file.others(columns);
            self.shapes.entry(others).or_default().push(file);
        }
    }
}

/// How a plan names a file.
fn file_name(name: &ObjectName) -> String {
    format!("{}-{}-{}", name.incarnation, name.flush, name.attempt)
}

/// What a plan has to know of a file. It is opened for that, and closed.
async fn scanned(name: String, place: Place, partitions: BTreeSet<i32>) -> Result<Scanned, QueryError> {
    let file = place.open().await?;
    Ok(Scanned::new(&name, (place, &file), &partitions))
}

#[async_trait]
impl TableProvider for LogTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        // They leave out row groups and pages; each row is looked at once more.
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let mut plans = Vec::with_capacity(self.shapes.len());
        for (others, files) in &self.shapes {
            plans.push(scan::plan(
                session,
                &self.schema,
                others,
                files,
                (projection, filters, limit),
            )?);
        }
        if plans.is_empty() {
            let schema = match projection {
                Some(columns) => Arc::new(self.schema.project(columns)?),
                None => self.schema(),
            };
            return Ok(Arc::new(EmptyExec::new(schema)));
        }
        UnionExec::try_new(plans)
    }
}
