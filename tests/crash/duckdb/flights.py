"""Asks lake files of the flights what their table says, too: `flights.py TABLE QUERY FILE...`.

QUERY is the one that `tidelog lake describe` prints. Every answer of the files has to be the table's. What differs is
printed, and the end is 1.
"""

import sys

import duckdb

table, query, *files = sys.argv[1:]
duckdb.read_parquet(files).filter("NOT kafka_batch_attributes & 65536").create_view("lake")
duckdb.sql("CREATE VIEW rows AS SELECT *, decode(kafka_value) AS json FROM lake")
# What is not known is NA there, and no number in both.
source = f"read_csv('{table}', all_varchar=true)"

asked = {
    "rows": ("SELECT count(*) FROM rows", f"SELECT count(*) FROM {source}"),
    "each carrier's flights, miles, minutes in the air and delays": tuple(
        f"""SELECT {carrier}, count(*), sum({number("distance")}), sum({number("air_time")}), count({number("dep_delay")}),
            sum({number("dep_delay")}) FROM {relation} GROUP BY 1 ORDER BY 1"""
        for relation, carrier, number in (
            ("rows", "decode(kafka_key)", lambda name: f"TRY_CAST(json->>'$.{name}' AS DOUBLE)"),
            (source, "carrier", lambda name: f"TRY_CAST({name} AS DOUBLE)"),
        )
    ),
    "tails in their order, in which each carrier has its flights": tuple(
        f"SELECT {carrier}, md5(string_agg({tail}, ',' ORDER BY {order})) FROM {relation} GROUP BY 1 ORDER BY 1"
        for relation, carrier, tail, order in (
            ("rows", "decode(kafka_key)", "coalesce(json->>'$.tailnum', '-')", "kafka_offset"),
            (f"(SELECT *, row_number() OVER () AS line FROM {source})", "carrier", "coalesce(tailnum, '-')", "line"),
        )
    ),
    "partitions without holes": (
        "SELECT kafka_partition, min(kafka_offset), max(kafka_offset) + 1 FROM rows GROUP BY 1 ORDER BY 1",
        "SELECT kafka_partition, 0, count(DISTINCT kafka_offset) FROM rows GROUP BY 1 ORDER BY 1",
    ),
    "the query that is printed": (
        query,
        "SELECT kafka_partition, count(*), max(kafka_offset) FROM rows GROUP BY 1 ORDER BY 1",
    ),
}
different = 0
for what, (of_files, of_table) in asked.items():
    got, expected = (duckdb.sql(sql).fetchall() for sql in (of_files, of_table))
    if got != expected or not got:
        different += 1
        print(f"{what}: {got} where {expected} is expected")
print(f"{len(files)} files, {len(asked)} questions, {different} answered otherwise")
sys.exit(1 if different else 0)
