"""Asks lake files of the flights what the CSV says, too: `flights.py CSV QUERY METADATA CATALOG FILE...`.

QUERY is the one that `tidelog lake describe` prints, METADATA where the table's metadata lies, CATALOG the address of an
agent, or `-` while none runs. DuckDB is asked over the plain files, over the table's metadata and over the catalog; pyiceberg
over the metadata and the catalog. Every answer has to be the CSV's. What differs is printed, and the end is 1.
"""

import collections
import csv
import importlib.util
import json
import pathlib
import sys

import duckdb
import pyiceberg.catalog
import pyiceberg.table

source, query, metadata, catalog, *files = sys.argv[1:]
NOT_WHOLE = "NOT kafka_batch_attributes & 65536"


def load(name):
    """Loads one of DuckDB's extensions from where pip put it: nothing is fetched."""
    package = pathlib.Path(importlib.util.find_spec(f"duckdb_extension_{name}").origin).parent
    (file,) = package.glob(f"extensions/*/{name}.duckdb_extension")
    duckdb.sql(f"LOAD '{file}'")


def questions(rows, whole):
    """Each question as it is asked of `rows` and of the CSV; `whole` is how many rows there are without a question."""
    # What is not known is NA there, and no number in both.
    table = f"read_csv('{source}', all_varchar=true)"
    both = (
        (rows, "decode(kafka_key)", lambda name: f"TRY_CAST(json->>'$.{name}' AS DOUBLE)"),
        (table, "carrier", lambda name: f"TRY_CAST({name} AS DOUBLE)"),
    )
    lines = f"(SELECT *, row_number() OVER () AS line FROM {table})"
    tails = (
        (rows, "decode(kafka_key)", "coalesce(json->>'$.tailnum', '-')", "kafka_offset"),
        (lines, "carrier", "coalesce(tailnum, '-')", "line"),
    )
    return {
        "rows": (f"SELECT count(*) FROM {rows}", f"SELECT count(*) FROM {table}"),
        "rows by what tells of them": (f"SELECT count(*) FROM {whole}", f"SELECT count(*) FROM {rows}"),
        "each carrier's flights, miles, minutes in the air and delays": tuple(
            f"""SELECT {carrier}, count(*), sum({number("distance")}), sum({number("air_time")}),
                count({number("dep_delay")}), sum({number("dep_delay")}) FROM {relation} GROUP BY 1 ORDER BY 1"""
            for relation, carrier, number in both
        ),
        "tails in their order, in which each carrier has its flights": tuple(
            f"SELECT {carrier}, md5(string_agg({tail}, ',' ORDER BY {order})) FROM {relation} GROUP BY 1 ORDER BY 1"
            for relation, carrier, tail, order in tails
        ),
        "partitions without holes": (
            f"SELECT kafka_partition, min(kafka_offset), max(kafka_offset) + 1 FROM {rows} GROUP BY 1 ORDER BY 1",
            f"SELECT kafka_partition, 0, count(DISTINCT kafka_offset) FROM {rows} GROUP BY 1 ORDER BY 1",
        ),
        "a partition's end": (
            f"SELECT max(kafka_offset) FROM {whole} WHERE kafka_partition = 3 AND kafka_offset > 100",
            f"SELECT count(*) - 1 FROM {rows} WHERE kafka_partition = 3",
        ),
        "the query that is printed": (
            query,
            f"SELECT kafka_partition, count(*), max(kafka_offset) FROM {rows} GROUP BY 1 ORDER BY 1",
        ),
    }


def ask(name, relation):
    """Asks all questions of a relation with DuckDB. How many were answered otherwise than of the CSV."""
    duckdb.sql(f"CREATE TEMP TABLE {name} AS SELECT *, decode(kafka_value) AS json FROM {relation} WHERE {NOT_WHOLE}")
    different = 0
    for what, (of_rows, of_table) in questions(name, relation).items():
        got, expected = (duckdb.sql(sql).fetchall() for sql in (of_rows, of_table))
        if got != expected or not got:
            different += 1
            print(f"{name}: {what}: {got} where {expected} is expected")
    return different + ask_typed(name)


def ask_typed(name):
    """What the typed columns say is what the values say, but where a row does not fit, which has a delay that is not known."""
    hour = "(json->>'$.time_hour')::TIMESTAMPTZ"
    delay = "TRY_CAST(json->>'$.dep_delay' AS DOUBLE)"
    rows = {
        "a typed column says something else": f"""schema_error IS NULL AND (carrier IS DISTINCT FROM decode(kafka_key)
            OR distance IS DISTINCT FROM (json->>'$.distance')::BIGINT OR time_hour IS DISTINCT FROM {hour}
            OR tail IS DISTINCT FROM json->>'$.tailnum')""",
        "a column that came later says something else": f"dep_delay IS NOT NULL AND dep_delay IS DISTINCT FROM {delay}",
        "a row that fits does not": f"schema_error IS NOT NULL AND {delay} IS NOT NULL",
        "a row that does not fit has columns": """schema_error IS NOT NULL
            AND NOT (carrier IS NULL AND tail IS NULL AND distance IS NULL AND time_hour IS NULL AND dep_delay IS NULL)""",
    }
    counts = {what: duckdb.sql(f"SELECT count(*) FROM {name} WHERE {where}").fetchone()[0] for what, where in rows.items()}
    (delays, errors), = duckdb.sql(f"SELECT count(dep_delay), count(schema_error) FROM {name}").fetchall()
    different = {what: count for what, count in counts.items() if count}
    if not delays or not errors:
        different["nothing is in a column that came later"] = (delays, errors)
    for what, count in different.items():
        print(f"{name}: {what}: {count}")
    return len(different)


def ask_pyiceberg(name, table):
    """The same counts and sums by pyiceberg, and that it finds no fault in what the table says of itself."""
    rows = table.scan(selected_fields=("kafka_partition", "kafka_offset", "kafka_key", "kafka_value")).to_arrow()
    got, expected = collections.Counter(), collections.Counter()
    for key, value in zip(rows["kafka_key"].to_pylist(), rows["kafka_value"].to_pylist()):
        got[key.decode()] += 1
        got["miles"] += int(json.loads(value)["distance"])
    for line in csv.DictReader(open(source, newline="")):
        expected[line["carrier"]] += 1
        expected["miles"] += int(line["distance"])
    typed = table.scan(selected_fields=("distance", "schema_error", "dep_delay"), row_filter="distance > 2500").to_arrow()
    far = sum(json.loads(value)["distance"] > 2500 for value in rows["kafka_value"].to_pylist())
    snapshot = table.current_snapshot()
    total = int(snapshot.summary["total-records"])
    files = len(list(table.scan().plan_files()))
    of_one = table.scan(row_filter="kafka_partition = 3 and kafka_offset >= 10 and kafka_offset < 20").to_arrow().num_rows
    found = {
        "counts and sums": (got, expected),
        "the summary's rows": (total, rows.num_rows),
        "the summary's files": (int(snapshot.summary["total-data-files"]), files),
        "ten rows of a partition": (of_one, 10),
        "types of columns": ([str(table.schema().find_type(of)) for of in ("distance", "dep_delay")], ["long", "double"]),
        "flights of over 2,500 miles": (far - typed.num_rows < far / 20, True),
    }
    different = {what: pair for what, pair in found.items() if pair[0] != pair[1]}
    for what, (one, other) in different.items():
        print(f"{name}: {what}: {one} where {other} is expected")
    return len(different)


load("httpfs")
load("avro")
load("iceberg")
different = ask("by_files", f"read_parquet({files}, union_by_name = true)")
different += ask("by_metadata", f"iceberg_scan('{metadata}')")
different += ask_pyiceberg("pyiceberg by metadata", pyiceberg.table.StaticTable.from_metadata(metadata))
if catalog != "-":
    duckdb.sql(f"ATTACH 'wh' AS log (TYPE iceberg, ENDPOINT '{catalog}/iceberg', AUTHORIZATION_TYPE 'none')")
    different += ask("by_catalog", "log.default.flights")
    rest = pyiceberg.catalog.load_catalog("log", type="rest", uri=f"{catalog}/iceberg")
    if ("default", "flights") not in rest.list_tables("default") or not rest.table_exists("default.flights"):
        different += 1
        print(f"the catalog lists {rest.list_tables('default')}")
    different += ask_pyiceberg("pyiceberg by catalog", rest.load_table("default.flights"))
by = "files, metadata and catalog" if catalog != "-" else "files and metadata"
print(f"{len(files)} files, asked by {by}: {different} answers differ")
sys.exit(1 if different else 0)
