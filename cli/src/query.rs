//! `tidelog query`: SQL over topics, or the text that asks the same elsewhere.

use std::io::{IsTerminal as _, Read as _};
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::{Args, ValueEnum};
use engine::{Engine, EngineConfig};
use metadata::{Published, State, table_names};
use query::{Answer, Form, Query, QueryConfig, QueryError};
use serde_json::json;
use store::{Key, LakeFormat};

use crate::client::UrlArgs;
use crate::context::Context;
use crate::exit::{Ended, Exit};
use crate::place::{Place, PlaceArgs};
use crate::serve::limits;
use crate::{out, serve};

/// Ask topics with SQL
///
/// Every topic is a table of its lake files and of all records that are not in one yet, so an answer has whatever was acknowledged
/// before the question. A table's name is its topic's in lower case, `.` and `-` as `_`; its columns are those of the Iceberg table:
/// kafka_partition, kafka_offset, kafka_timestamp, kafka_key, kafka_value and others, and the topic's typed columns. Works while nothing
/// runs, and while agents do; nothing is written. Keys and values are bytes: `kafka_value::varchar` is their text.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tidelog query 'SELECT kafka_partition, count(*), max(kafka_offset) FROM orders GROUP BY 1' --dir ./data
  tidelog query 'SHOW TABLES'
  tidelog query 'SELECT origin, avg(temp) FROM flights GROUP BY origin' -o csv
  tidelog query - -o parquet < question.sql > answer.parquet
  tidelog query 'SELECT * FROM orders LIMIT 10' --print duckdb")]
pub(crate) struct QueryArgs {
    /// The question; - reads it from stdin
    sql: String,
    #[command(flatten)]
    place: PlaceArgs,
    /// What stdout gets
    #[arg(
        short = 'o',
        long,
        value_enum,
        value_name = "FORMAT",
        default_value = "table",
        env = "TIDELOG_OUTPUT"
    )]
    output: Output,
    /// Print what asks the same elsewhere, and ask nothing
    #[arg(long, value_enum, value_name = "ENGINE")]
    print: Option<Elsewhere>,
    #[command(flatten)]
    url: UrlArgs,
    /// Bytes that sorting, grouping and joining may take, 1GiB unless said; what needs more goes to temporary files
    #[arg(long, value_name = "BYTES", value_parser = limits::bytes)]
    working_bytes_max: Option<u64>,
    /// Bytes of records of one topic that are in no lake file yet, 1GiB unless said; where there are more the question is refused
    #[arg(long, value_name = "BYTES", value_parser = limits::bytes)]
    tail_bytes_max: Option<u64>,
}

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Output {
    /// For people
    Table,
    /// One JSON array of objects
    Json,
    /// A JSON object a line
    Ndjson,
    /// Comma-separated values
    Csv,
    /// A Parquet file
    Parquet,
}

/// What else answers questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Elsewhere {
    /// DuckDB, over an agent's catalog
    Duckdb,
    /// Athena, over tables that Glue is told of
    Athena,
}

impl From<Output> for Form {
    fn from(output: Output) -> Self {
        match output {
            Output::Table => Form::Table,
            Output::Json => Form::Json,
            Output::Ndjson => Form::Ndjson,
            Output::Csv => Form::Csv,
            Output::Parquet => Form::Parquet,
        }
    }
}

/// Runs it.
pub(crate) async fn run(args: QueryArgs, context: &Context) -> Result<Exit> {
    let sql = question(&args.sql)?;
    if args.print == Some(Elsewhere::Duckdb) {
        out::line(duckdb(&sql, args.url.url.as_str()))?;
        return Ok(Exit::Ok);
    }
    if args.output == Output::Parquet && std::io::stdout().is_terminal() {
        return Err(Ended::usage("a Parquet file is no text: send it to a file, as in > answer.parquet").into());
    }
    let place = args.place.or_default();
    place.must_exist()?;
    // It leads no life: nothing of it stands in the ledger.
    let config = EngineConfig {
        roles: Vec::new(),
        name: "query".to_owned(),
        ..EngineConfig::default()
    };
    let engine = serve::open(&place, args.place.aws.store_options(), config, context).await?;
    let asked = ask(&engine, &args, &sql, &place).await;
    engine.stop(Duration::from_secs(1)).await;
    asked.map(|()| Exit::Ok)
}

fn question(sql: &str) -> Result<String> {
    let mut text = sql.to_owned();
    if sql == "-" {
        text.clear();
        std::io::stdin().read_to_string(&mut text).context("stdin")?;
    }
    Ok(text.trim().trim_end_matches(';').trim_end().to_owned())
}

async fn ask(engine: &Engine, args: &QueryArgs, sql: &str, place: &Place) -> Result<()> {
    let mut config = QueryConfig {
        parallel: std::thread::available_parallelism().map_or(1, usize::from),
        ..QueryConfig::default()
    };
    if let Some(bytes) = args.working_bytes_max {
        config.working_bytes_max = limits::size(bytes);
    }
    if let Some(bytes) = args.tail_bytes_max {
        config.tail_bytes_max = bytes;
    }
    let query = Query::over(engine.clone(), &config).await.map_err(ended)?;
    if args.print == Some(Elsewhere::Athena) {
        let tables = query.tables(sql).map_err(ended)?;
        return Ok(out::line(athena(engine, &tables, sql, place)?)?);
    }
    let answer: Answer = query.ask(sql).await.map_err(ended)?;
    answer
        .write(args.output.into(), &mut out::stdout())
        .await
        .map_err(ended)?;
    Ok(())
}

fn ended(error: QueryError) -> anyhow::Error {
    match error {
        QueryError::Sql(what) => Ended::usage(what).into(),
        error @ QueryError::Read(_) => Ended::new(Exit::Unreachable, error.to_string()).into(),
        error => error.into(),
    }
}

/// What DuckDB 1.5 is to be told.
fn duckdb(sql: &str, agent: &str) -> String {
    let agent = agent.trim_end_matches('/');
    format!(
        "INSTALL iceberg; LOAD iceberg;\n\
         ATTACH 'tidelog' AS log (TYPE iceberg, ENDPOINT '{agent}/iceberg', AUTHORIZATION_TYPE 'none');\n\
         USE log.default;\n{sql};"
    )
}

/// What Glue and Athena are to be told. A table is what its metadata says, so Glue has to be told again when another is
/// published.
fn athena(engine: &Engine, tables: &[String], sql: &str, place: &Place) -> Result<String> {
    let mut lines = Vec::new();
    for table in tables {
        let location = engine.read(|state| location(engine, state, table))?;
        let location = location.ok_or_else(|| {
            let what = format!(
                "nothing is published of {table} at {}: Athena sees only what is",
                place.store
            );
            Ended::new(Exit::NotFound, what)
        })?;
        let input = json!({
            "Name": table,
            "TableType": "EXTERNAL_TABLE",
            "Parameters": {"table_type": "ICEBERG", "metadata_location": location},
        });
        lines.push(format!(
            "# aws glue create-table --database-name tidelog --table-input '{input}'   # then update-table"
        ));
    }
    lines.push(format!("{sql};"));
    Ok(lines.join("\n"))
}

fn location(engine: &Engine, state: &State, table: &str) -> Result<Option<String>, store::StoreError> {
    let topic = table_names(state).get(table).and_then(|number| state.topic(*number));
    let metadata = topic.and_then(|topic| {
        let published = state.published(topic.number())?;
        Some((topic.id(), Published::metadata(&published)?))
    });
    let at = metadata.map(|(id, name)| engine.store().location(&Key::LakeMetadata(id, name, LakeFormat::Json)));
    at.transpose()
}

#[cfg(test)]
mod tests;
