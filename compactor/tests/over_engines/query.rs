//! SQL sees lake files and the fresh tail as one table, whatever compactors do to it.

use engine::Engine;
use metadata::{PartitionId, Role};
use query::{Form, Query, QueryConfig, QueryError};
use records::{BatchBuilder, Codec};
use serde_json::{Value, json};

use crate::common::{Cluster, append, append_batch, config, declare, topic};
use crate::tables::small;

pub(crate) async fn ask(engine: &Engine, sql: &str) -> Result<Vec<Value>, QueryError> {
    let query = Query::over(engine.clone(), &QueryConfig::default()).await?;
    let mut written = Vec::new();
    let count = query.ask(sql).await?.write(Form::Json, &mut written).await?;
    let rows: Vec<Value> = serde_json::from_slice(&written).unwrap();
    assert_eq!(rows.len() as u64, count);
    Ok(rows)
}

#[tokio::test(start_paused = true)]
async fn what_was_acknowledged_is_in_the_answer() {
    let cluster = Cluster::new(51);
    let engine = cluster.engine().await;
    let number = topic(&engine, "My.Orders", 2, &[]).await;
    let reader = cluster.engine_of(Vec::new()).await;
    let sql =
        "SELECT kafka_partition AS p, count(*) AS n, max(kafka_offset) AS last FROM my_orders GROUP BY 1 ORDER BY 1";
    assert_eq!(ask(&reader, sql).await.unwrap(), Vec::<Value>::new());
    let mut counts = [0_u64; 2];
    for round in 0..30_u64 {
        let partition = (round % 3 % 2) as u32;
        append(&engine, number, partition, &["x", "y"]).await;
        counts[partition as usize] += 2;
        if round % 4 == 3 {
            let report = compactor::run_once(&engine, &small()).await;
            assert_eq!(report.failures, Vec::<String>::new());
        }
        let expected: Vec<Value> = counts
            .iter()
            .enumerate()
            .filter(|(_, count)| **count > 0)
            .map(|(p, count)| json!({"p": p, "n": count, "last": count - 1}))
            .collect();
        assert_eq!(ask(&reader, sql).await.unwrap(), expected, "round {round}");
    }
    let few = "SELECT kafka_offset AS o, kafka_value::varchar AS v FROM my_orders \
               WHERE kafka_partition = 0 AND kafka_offset BETWEEN 3 AND 4 ORDER BY 1";
    let found = ask(&reader, few).await.unwrap();
    assert_eq!(found, [json!({"o": 3, "v": "y"}), json!({"o": 4, "v": "x"})]);
    let shown = ask(&reader, "SHOW TABLES").await.unwrap();
    assert!(
        shown.iter().any(|table| table["table_name"] == "my_orders"),
        "{shown:?}"
    );
    assert_eq!(
        ask(
            &reader,
            "SELECT count(*) AS n FROM my_orders a JOIN my_orders b USING (kafka_partition, kafka_offset)"
        )
        .await
        .unwrap(),
        [json!({"n": 60})]
    );
}

#[tokio::test(start_paused = true)]
async fn columns_are_the_tables_whatever_the_file() {
    let cluster = Cluster::new(52);
    let engine = cluster.engine().await;
    let number = topic(&engine, "t", 1, &[]).await;
    // A file without columns, one with int, one with another `n`, and the tail.
    for (list, value) in [
        ("", r#"{"n": 1}"#),
        ("n int", r#"{"n": 2}"#),
        ("n long", r#"{"n": 3}"#),
        ("m long", r#"{"m": 4}"#),
        ("m long, n string", r#"{"m": 5, "n": "five"}"#),
    ] {
        declare(&engine, number, list).await.unwrap();
        append(&engine, number, 0, &[value]).await;
        compactor::run_once(&engine, &config()).await;
    }
    append(&engine, number, 0, &[r#"{"m": 6, "n": "six"}"#, "garbage"]).await;
    let rows = ask(
        &engine,
        "SELECT kafka_offset AS o, m, n, schema_error IS NOT NULL AS e FROM t ORDER BY 1",
    )
    .await
    .unwrap();
    let expected = [
        json!({"o": 0, "e": false}),
        json!({"o": 1, "e": false}),
        json!({"o": 2, "e": false}),
        json!({"o": 3, "m": 4, "e": false}),
        json!({"o": 4, "m": 5, "n": "five", "e": false}),
        json!({"o": 5, "m": 6, "n": "six", "e": false}),
        json!({"o": 6, "e": true}),
    ];
    assert_eq!(rows, expected);
    let found = ask(&engine, "SELECT m FROM t WHERE n = 'six' OR m = 4 ORDER BY 1")
        .await
        .unwrap();
    assert_eq!(found, [json!({"m": 4}), json!({"m": 6})]);
    let sum = ask(&engine, "SELECT count(*) AS all, count(n) AS n, sum(m) AS m FROM t")
        .await
        .unwrap();
    assert_eq!(sum, [json!({"all": 7, "n": 2, "m": 15})]);
}

#[tokio::test(start_paused = true)]
async fn a_topic_that_is_compacted_by_key_has_each_key_once() {
    let cluster = Cluster::new(53);
    let engine = cluster.engine().await;
    let configs = [("cleanup.policy", "compact"), ("min.cleanable.dirty.ratio", "0")];
    let topic = topic(&engine, "keys", 2, &configs).await;
    for round in 0..6 {
        for partition in 0..2 {
            let mut builder = BatchBuilder::new(Codec::None, None);
            builder
                .push(1, Some(b"key"), Some(format!("{round}").as_bytes()), &[])
                .unwrap();
            append_batch(&engine, PartitionId { topic, partition }, builder.build().unwrap()).await;
        }
        compactor::run_once(&engine, &config()).await;
    }
    let sql = "SELECT kafka_partition AS p, kafka_value::varchar AS v FROM keys ORDER BY 1";
    assert_eq!(
        ask(&engine, sql).await.unwrap(),
        [json!({"p": 0, "v": "5"}), json!({"p": 1, "v": "5"})]
    );
}

#[tokio::test(start_paused = true)]
async fn questions_only_and_within_bounds() {
    let cluster = Cluster::new(54);
    let engine = cluster.engine_of(vec![Role::Agent]).await;
    let number = topic(&engine, "t", 1, &[]).await;
    append(&engine, number, 0, &["x"]).await;
    for sql in [
        "SELEC 1",
        "SELECT nothing FROM t",
        "SELECT * FROM nowhere",
        "CREATE TABLE x AS SELECT 1",
        "INSERT INTO t SELECT * FROM t",
        "DELETE FROM t",
        "DROP TABLE t",
        "COPY t TO 'x.parquet'",
        "SET datafusion.execution.batch_size = 1",
        "CREATE EXTERNAL TABLE x STORED AS CSV LOCATION '/etc/passwd'",
    ] {
        let refused = ask(&engine, sql).await;
        assert!(matches!(refused, Err(QueryError::Sql(_))), "{sql}: {refused:?}");
    }
    let config = QueryConfig {
        tail_bytes_max: 10,
        ..QueryConfig::default()
    };
    let query = Query::over(engine, &config).await.unwrap();
    let refused = query.ask("SELECT * FROM t").await;
    assert!(
        matches!(refused, Err(QueryError::TailTooLong { max: 10, .. })),
        "{refused:?}"
    );
    assert_eq!(
        query
            .tables("SELECT * FROM t JOIN default.u USING (kafka_offset)")
            .unwrap(),
        ["t", "u"]
    );
}
