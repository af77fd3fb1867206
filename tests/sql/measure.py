"""Measures SQL over a log: `measure.py TIDELOG FOLDER ROWS`. See `run`, which calls it."""

import contextlib
import json
import os
import pathlib
import random
import signal
import socket
import statistics
import subprocess
import sys
import time
import urllib.request

import duckdb
import pyiceberg.catalog

tidelog, work, rows = sys.argv[1], pathlib.Path(sys.argv[2]), int(sys.argv[3])
DIR, SOURCE = work / "data", work / "access.ndjson"
TIMES = 7
COLUMNS = (
    "time timestamptz, level string, service string, host string, method string, path string, status int, bytes int, "
    "duration_ms double, trace string"
)
ENVIRONMENT = dict(os.environ, NO_COLOR="1", TIDELOG_LOG="warn")


def access_log():
    """Lines of a JSON access log, those of the benches of lake files."""
    paths = ["/", "/orders", "/orders/new", "/login", "/assets/app.js", "/health"]
    for n in range(rows):
        noise = (n * 6364136223846793005 + 1442695040888963407) % 2**64
        yield (
            f'{{"time":"2026-11-02T10:{n // 6000 % 60:02}:{n // 100 % 60:02}.{n * 10 % 1000:03}Z",'
            f'"level":"{"INFO" if noise >> 60 else "WARN"}","service":"shop-{(noise >> 40) % 8}",'
            f'"host":"ip-10-0-{(noise >> 43) % 4}-{(noise >> 45) % 256}","method":"GET","path":"{paths[(noise >> 33) % 6]}",'
            f'"status":{200 if noise >> 58 else 500},"bytes":{(noise >> 30) % 60000},'
            f'"duration_ms":{(noise >> 50) % 400}.{(noise >> 20) % 100:02},"trace":"{noise:016x}"}}\n'
        )


def run(*words, stdin=None):
    done = subprocess.run([tidelog, *words], stdin=stdin, capture_output=True, env=ENVIRONMENT, check=False)
    if done.returncode:
        sys.exit(f"tidelog {' '.join(words)}: {done.stderr.decode()}")
    return done.stdout.decode()


def free_port():
    for port in random.sample(range(20_000, 32_768), 100):
        with contextlib.suppress(OSError), socket.socket() as one:
            one.bind(("127.0.0.1", port))
            return port
    sys.exit("no port is free")


@contextlib.contextmanager
def dev():
    """A log of its own, served for as long as this lasts."""
    at = f"127.0.0.1:{free_port()}"
    with open(work / "log", "ab") as log:
        agent = subprocess.Popen(
            [tidelog, "dev", "--dir", DIR, "--http-addr", at], stdout=log, stderr=log, env=ENVIRONMENT
        )
    try:
        for _ in range(300):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://{at}/readyz", timeout=5).read()
                break
            time.sleep(0.1)
        yield f"http://{at}"
    finally:
        agent.send_signal(signal.SIGTERM)
        agent.wait(60)


def median(work_once):
    """Milliseconds that it takes, the median of some times after a first, and its answer."""
    took = []
    for _ in range(TIMES + 1):
        began = time.monotonic()
        answer = work_once()
        took.append((time.monotonic() - began) * 1000)
    return statistics.median(took[1:]), answer


def size(path):
    return path.stat().st_size


def load():
    """Puts the log into both topics. What their lake files are, and what it took to make them."""
    with open(SOURCE, "w") as source:
        source.writelines(access_log())
    with dev() as url:
        for topic, configs in (("typed", ["lake.mode=json", f"lake.columns={COLUMNS}"]), ("plain", [])):
            words = [word for config in [*configs, "lake.max.delay.ms=86400000"] for word in ("-c", config)]
            run("topic", "create", topic, "-p", "4", *words, "--url", url)
            with open(SOURCE, "rb") as source:
                run("produce", topic, "-f", "ndjson", "--url", url, stdin=source)
    run("compactor", "--once", "--dir", DIR)
    files = {}
    for topic in ("typed", "plain"):
        listed = json.loads(run("lake", "files", topic, "--dir", DIR, "-o", "json"))
        files[topic] = [str(DIR / "objects" / file["path"]) for file in listed]
        missing = rows - sum(file["records"] for file in listed)
        if missing:
            sys.exit(f"{missing} records of {topic} are in no lake file")
    return files


def duck(sql):
    return lambda: duckdb.sql(sql).fetchall()


def tide(sql):
    return lambda: [tuple(row.values()) for row in json.loads(run("query", sql, "--dir", DIR, "-o", "json"))]


QUESTIONS = [
    "SELECT service, status, count(*) AS n, sum(bytes) AS bytes, round(avg(duration_ms), 3) AS ms FROM {} GROUP BY 1, 2 ORDER BY 1, 2",
    "SELECT level, count(*) AS n, round(avg(duration_ms), 3) AS ms FROM {} GROUP BY 1 ORDER BY 1",
]


def sources(files):
    """The same rows in each form, and who asks of them."""
    kinds = "{time: 'VARCHAR', level: 'VARCHAR', service: 'VARCHAR', host: 'VARCHAR', method: 'VARCHAR', path: 'VARCHAR', status: 'INT', bytes: 'INT', duration_ms: 'DOUBLE', trace: 'VARCHAR'}"
    fields = "j->>'level' AS level, j->>'service' AS service, (j->>'status')::int AS status, (j->>'bytes')::int AS bytes, (j->>'duration_ms')::double AS duration_ms"
    return {
        "DuckDB, typed columns of lake files": (duck, f"read_parquet({files['typed']})"),
        "DuckDB, NDJSON": (duck, f"read_json('{SOURCE}')"),
        "DuckDB, NDJSON, the types declared": (
            duck,
            f"read_json('{SOURCE}', format='newline_delimited', columns={kinds})",
        ),
        "DuckDB, JSON in lake files": (
            duck,
            f"(SELECT {fields} FROM (SELECT decode(kafka_value)::json AS j FROM read_parquet({files['plain']})))",
        ),
        "`tidelog query`, typed columns, from its start to its end": (tide, "typed"),
    }


def questions(files):
    """Asks the same of everything, on all cores and on one."""
    print(f"\n{rows:,} records, {size(SOURCE) / 1e6:.0f} MB of NDJSON; DuckDB {duckdb.__version__}, {os.cpu_count()} cores")
    for number, question in enumerate(QUESTIONS, 1):
        print(f"\n| `{question.format('...')}` | ms | of the first | ms on one core | of the first |\n|---|---|---|---|---|")
        firsts, expected = {}, None
        for what, (ask, source) in sources(files).items():
            cells = []
            for threads in (os.cpu_count(), 1):
                if ask is tide and threads == 1:
                    cells += ["-", "-"]
                    continue
                duckdb.sql(f"SET threads = {threads}")
                took, answer = median(ask(question.format(source)))
                answer = [tuple(round(one, 2) if isinstance(one, float) else one for one in row) for row in answer]
                expected = expected or answer
                if answer != expected or not answer:
                    sys.exit(f"{what}, question {number}: {answer[:3]} where {expected[:3]} is expected")
                cells += [f"{took:.0f}", f"{took / firsts.setdefault(threads, took):.1f}"]
            print(f"| {what} | {' | '.join(cells)} |", flush=True)


def sizes(files):
    print("\n| size | MB |\n|---|---|")
    print(f"| NDJSON | {size(SOURCE) / 1e6:.1f} |")
    for what, topic in (("lake files", "plain"), ("with 10 typed columns", "typed")):
        print(f"| {what} | {sum(size(pathlib.Path(file)) for file in files[topic]) / 1e6:.1f} |")


def post(url, topic, value):
    request = urllib.request.Request(
        f"{url}/v1/topics/{topic}", json.dumps(value).encode() + b"\n", {"content-type": "application/x-ndjson"}
    )
    urllib.request.urlopen(request, timeout=30).read()


def freshness():
    """From the acknowledgement of a record until it is in the answer."""
    with dev() as url:
        run("topic", "create", "fresh", "-c", "lake.max.delay.ms=1000", "--url", url)
        took = []
        for n in range(20):
            post(url, "fresh", {"n": n})
            began = time.monotonic()
            (row,) = json.loads(run("query", "SELECT count(*) AS n FROM fresh", "--dir", DIR, "-o", "json"))
            took.append((time.monotonic() - began) * 1000)
            if row["n"] != n + 1:
                sys.exit(f"{row} after {n + 1} records were acknowledged")
        print("\n| from its acknowledgement until a record is in the answer | ms, median | slowest |\n|---|---|---|")
        print(f"| `tidelog query`: always in the next, which takes | {statistics.median(took):.0f} | {max(took):.0f} |")
        catalog = pyiceberg.catalog.load_catalog("log", type="rest", uri=f"{url}/iceberg")
        took = []
        for n in range(20, 30):
            post(url, "fresh", {"n": n})
            began = time.monotonic()
            while catalog.load_table("default.fresh").scan(row_filter="kafka_offset >= 0").count() <= n:
                if time.monotonic() - began > 60:
                    sys.exit("a minute was not enough")
                time.sleep(0.05)
            took.append((time.monotonic() - began) * 1000)
        what = "the Iceberg table, `lake.max.delay.ms` being 1,000"
        print(f"| {what} | {statistics.median(took):.0f} | {max(took):.0f} |", flush=True)


files = load()
sizes(files)
questions(files)
freshness()
