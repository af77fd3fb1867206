//! SQL over a log: every topic is a table of its lake files and of the records that are not in one yet, so an answer has all
//! that was acknowledged before the question.
//!
//! The tables are those that the Iceberg catalog tells of: their names, columns and rows are the same. A topic is looked at
//! when a question first names it, and stays as it was then for as long as the [`Query`] lives.
//!
//! Questions only: what would change something is refused.

mod answer;
mod catalog;
mod config;
mod error;
mod parts;
mod reader;
mod scan;
mod table;
mod tail;

use std::sync::Arc;

use datafusion::execution::SessionStateBuilder;
use datafusion::execution::context::SQLOptions;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};
use engine::Engine;

pub use answer::{Answer, Form};
pub use config::QueryConfig;
pub use error::QueryError;

/// The one catalog.
const CATALOG: &str = "log";
/// The one schema, as in the Iceberg catalog.
const SCHEMA: &str = "default";

/// A log that can be asked.
pub struct Query {
    context: SessionContext,
}

impl std::fmt::Debug for Query {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.debug_struct("Query").finish_non_exhaustive()
    }
}

impl Query {
    /// Looks at the end of the log, through an engine that needs to lead no life.
    ///
    /// # Errors
    /// `Read` when the ledger does not answer.
    pub async fn over(engine: Engine, config: &QueryConfig) -> Result<Self, QueryError> {
        engine.look().await?;
        let session = SessionConfig::new()
            .with_target_partitions(config.parallel.max(1))
            .with_default_catalog_and_schema(CATALOG, SCHEMA)
            .with_create_default_catalog_and_schema(false)
            .with_information_schema(true);
        let runtime = RuntimeEnvBuilder::new().with_memory_limit(config.working_bytes_max, 1.0);
        let state = SessionStateBuilder::new()
            .with_config(session)
            .with_runtime_env(Arc::new(runtime.build()?))
            .with_default_features()
            .build();
        let context = SessionContext::new_with_state(state);
        let log = catalog::Log::new(engine, config.tail_bytes_max);
        context.register_catalog(CATALOG, Arc::new(log));
        Ok(Self { context })
    }

    /// The tables that a question names, without a schema.
    ///
    /// # Errors
    /// `Sql` for what is no SQL.
    pub fn tables(&self, sql: &str) -> Result<Vec<String>, QueryError> {
        let state = self.context.state();
        let dialect = state.config_options().sql_parser.dialect;
        let statement = state.sql_to_statement(sql, &dialect)?;
        let named = state.resolve_table_references(&statement)?;
        Ok(named.into_iter().map(|name| name.table().to_owned()).collect())
    }

    /// Asks a question, of which the answer comes in as it is read.
    ///
    /// # Errors
    /// `Sql` for what is no question that can be answered; `Read` and `Unreadable` for what cannot be read.
    pub async fn ask(&self, sql: &str) -> Result<Answer, QueryError> {
        let questions = SQLOptions::new()
            .with_allow_ddl(false)
            .with_allow_dml(false)
            .with_allow_statements(false);
        let frame = self.context.sql_with_options(sql, questions).await?;
        Ok(Answer::new(frame.execute_stream().await?))
    }
}
