//! Topics by the names of their tables.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use datafusion::catalog::{CatalogProvider, SchemaProvider, TableProvider};
use datafusion::error::Result;
use engine::Engine;
use metadata::{Topic, table_names};

use crate::SCHEMA;
use crate::table::LogTable;

/// The catalog, and its one schema.
#[derive(Debug, Clone)]
pub(crate) struct Log(Arc<Tables>);

struct Tables {
    engine: Engine,
    tail_bytes_max: u64,
    /// Those that were named: each stays as it was then.
    named: Mutex<BTreeMap<String, Arc<LogTable>>>,
}

impl std::fmt::Debug for Tables {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.debug_struct("Tables").finish_non_exhaustive()
    }
}

impl Log {
    pub(crate) fn new(engine: Engine, tail_bytes_max: u64) -> Self {
        Self(Arc::new(Tables {
            engine,
            tail_bytes_max,
            named: Mutex::default(),
        }))
    }

    fn named(&self, name: &str) -> Option<Arc<LogTable>> {
        let named = self.0.named.lock().unwrap_or_else(PoisonError::into_inner);
        named.get(name).cloned()
    }
}

impl CatalogProvider for Log {
    fn schema_names(&self) -> Vec<String> {
        vec![SCHEMA.to_owned()]
    }

    fn schema(&self, name: &str) -> Option<Arc<dyn SchemaProvider>> {
        (name == SCHEMA).then(|| Arc::new(self.clone()) as Arc<dyn SchemaProvider>)
    }
}

#[async_trait]
impl SchemaProvider for Log {
    fn table_names(&self) -> Vec<String> {
        self.0.engine.read(|state| table_names(state).into_keys().collect())
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        if let Some(known) = self.named(name) {
            return Ok(Some(known));
        }
        let number = self.0.engine.read(|state| {
            let number = *table_names(state).get(name)?;
            state.topic(number).map(Topic::number)
        });
        let Some(number) = number else { return Ok(None) };
        let Some(table) = LogTable::open(&self.0.engine, number, self.0.tail_bytes_max).await? else {
            return Ok(None);
        };
        let mut named = self.0.named.lock().unwrap_or_else(PoisonError::into_inner);
        let table = named.entry(name.to_owned()).or_insert_with(|| Arc::new(table));
        Ok(Some(Arc::clone(table) as Arc<dyn TableProvider>))
    }

    fn table_exist(&self, name: &str) -> bool {
        self.0.engine.read(|state| table_names(state).contains_key(name))
    }
}
