//! Requests of every form, as the target of the HTTP front takes them.

use super::{GOLDEN_BATCHES, Seed, seed};

const TEXTS: [(&str, &str); 24] = [
    (
        "json",
        "POST /v1/topics/t?key=a&ts=2026-11-22T10:00Z\ncontent-type: application/json\n\n[{\"a\":1},\"x\",null]",
    ),
    (
        "json-whole",
        "POST /v1/topics/t?flatten=false\ncontent-type: application/json\ntidelog-h-colour: blue\n\n[1,2]",
    ),
    (
        "key-path",
        "POST /v1/topics/t?key_path=$.user.id\ncontent-type: application/json\n\n[{\"user\":{\"id\":\"u1\"}},{\"user\":null}]",
    ),
    (
        "lines",
        "POST /v1/topics/t?ts=5\ncontent-type: application/x-ndjson\n\n{\"a\":1}\n\n[2]\r\n\"x\"\n",
    ),
    (
        "raw",
        "POST /v1/topics/t/partitions/1\ncontent-type: text/plain\n\nhello",
    ),
    (
        "structured",
        "POST /v1/topics/t/records\ncontent-type: application/json\n\n{\"records\":[{\"key\":\"k\",\"value\":{\"a\":1},\"headers\":[[\"n\",\"v\"],[\"m\",{\"b64\":\"AAE=\"}],[\"o\",null]],\"partition\":1,\"timestamp\":\"2026-11-22T10:00:00Z\"},{\"key_b64\":\"AAE=\",\"value_b64\":\"//4=\",\"timestamp\":5}]}",
    ),
    (
        "structured-lines",
        "POST /v1/topics/t/partitions/0/records\ncontent-type: application/x-ndjson\n\n{\"value\":1,\"offset\":9}\n{\"key\":null}\n",
    ),
    (
        "event",
        "POST /v1/topics/t\ncontent-type: application/cloudevents+json\n\n{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"s\",\"type\":\"t\",\"data\":1}",
    ),
    (
        "events",
        "POST /v1/topics/t\ncontent-type: application/cloudevents-batch+json\n\n[{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"s\",\"type\":\"t\"}]",
    ),
    (
        "binary-event",
        "POST /v1/topics/t\ncontent-type: application/json\nce-specversion: 1.0\nce-id: 1\nce-source: s%20t\nce-type: t\nce-partitionkey: k\n\n{}",
    ),
    (
        "producer",
        "POST /v1/topics/t\nproducer-id: p\nproducer-epoch: 1\nproducer-seq: 0\ncontent-type: application/json\n\n1\x1e\nPOST /v1/topics/t\nproducer-id: p\nproducer-epoch: 1\nproducer-seq: 0\ncontent-type: application/json\n\n1\x1e\nPOST /v1/topics/t\nproducer-id: p\nproducer-epoch: 1\nproducer-seq: 5\n\nx",
    ),
    (
        "condition",
        "POST /v1/topics/t/partitions/0\nif-match: \"0\"\n\na\x1e\nPOST /v1/topics/t/partitions/0\nif-match: 0\n\nb",
    ),
    ("unacknowledged", "POST /v1/topics/t?ack=none\n\na"),
    (
        "gzip",
        "POST /v1/topics/t/records\nx-gzip: 1\ncontent-type: application/json\n\n{\"records\":[{\"value\":1}]}",
    ),
    (
        "read",
        "POST /v1/topics/t\ncontent-type: application/json\n\n[1,2,3]\x1e\nGET /v1/topics/t/records?limit=2\n\n\x1e\nGET /v1/topics/t/records?cursor={cursor}&wait=0.5\ntidelog-position: {position}\n\n\x1e\nGET /v1/topics/t/records?cursor=-1&partitions=0-1&decode=base64\naccept: application/x-ndjson\n\n",
    ),
    (
        "read-one",
        "POST /v1/topics/t/partitions/0\n\nx\x1e\nGET /v1/topics/t/partitions/0/records/0?decode=string\n\n\x1e\nGET /v1/topics/t/partitions/0/records/7\n\n",
    ),
    (
        "read-partition",
        "POST /v1/topics/t/partitions/0\n\nx\x1e\nGET /v1/topics/t/partitions/0/records?offset=0&until=latest&max_bytes=100\n\n\x1e\nGET /v1/topics/t/partitions/0/records?offset=@-1h&until=1\nif-none-match: *\n\n",
    ),
    (
        "events-of-server",
        "POST /v1/topics/t\n\nx\x1e\nGET /v1/topics/t/records?wait=1\naccept: text/event-stream\nlast-event-id: {cursor}\n\n",
    ),
    (
        "offsets",
        "POST /v1/topics/t\n\nx\x1e\nGET /v1/topics/t/offsets?at=@1700000000000\n\n\x1e\nGET /v1/topics/t/offsets?at=-1\n\n\x1e\nDELETE /v1/topics/t/records\ncontent-type: application/json\n\n{\"before\":{\"0\":1,\"1\":0}}",
    ),
    (
        "groups",
        "PUT /v1/groups/g/offsets\ncontent-type: application/json\n\n{\"offsets\":[{\"topic\":\"t\",\"partition\":0,\"offset\":1,\"metadata\":\"m\"}]}\x1e\nGET /v1/groups/g\n\n\x1e\nPUT /v1/groups/g/offsets\nif-match: \"{change}\"\n\n{\"shift_by\":-1,\"topics\":[\"t\"],\"dry_run\":true}\x1e\nPUT /v1/groups/h/offsets\n\n{\"to\":\"latest\",\"topics\":[\"t\"]}\x1e\nGET /v1/groups?page_size=1\n\n\x1e\nGET /v1/groups?page_token={page}\n\n\x1e\nDELETE /v1/groups/g\n\n",
    ),
    (
        "topics",
        "PUT /v1/topics/u\n\n{\"partitions\":3,\"config\":{\"retention.ms\":\"1000\",\"tidelog.lane\":\"object\"},\"first_offset\":9}\x1e\nPOST /v1/topics/u\n\nx\x1e\nPATCH /v1/topics/u\n\n{\"partitions\":4,\"config\":{\"retention.ms\":null,\"http.public\":\"true\"}}\x1e\nGET /v1/topics/u\n\n\x1e\nGET /v1/topics?prefix=u&page_size=1\n\n\x1e\nDELETE /v1/topics/u\n\n",
    ),
    (
        "cluster",
        "PATCH /v1/cluster\n\n{\"config\":{\"fold.bytes.max\":\"100000\",\"groups.max\":null}}\x1e\nGET /v1/cluster\n\n\x1e\nGET /v1/agents\n\n\x1e\nGET /readyz\n\n\x1e\nHEAD /openapi.json\n\n",
    ),
    (
        "wrong",
        "POST /v1/topics/%00\n\nx\x1e\nGET /v1/topics/t/records?cursor=AAAA\n\n\x1e\nPOST /v1/topics/t/partitions/9\n\nx\x1e\nFOO /v1/topics\n\n\x1e\nPOST /v1/topics/t\ncontent-encoding: br\ncontent-length: 3\nsec-fetch-site: cross-site\n\nabc",
    ),
    (
        "large-numbers",
        "PUT /v1/topics/v\n\n{\"first_offset\":9223372036854775806}\x1e\nPOST /v1/topics/v\ncontent-type: application/json\n\n[1]\x1e\nPOST /v1/topics/v\ncontent-type: application/json\n\n[1,2]\x1e\nGET /v1/topics/v/partitions/0/records?offset=18446744073709551615\n\n",
    ),
];

pub(super) fn seeds() -> Vec<Seed> {
    let mut seeds: Vec<Seed> = TEXTS.iter().map(|(name, text)| seed(name, *text)).collect();
    let head = "POST /v1/topics/t/partitions/0\nx-seal: 1\ncontent-type: application/vnd.tidelog.batch\n\n";
    let read = "\x1e\nGET /v1/topics/t/partitions/0/records\n\n";
    for (name, batch) in GOLDEN_BATCHES {
        let bytes = [head.as_bytes(), batch, read.as_bytes()].concat();
        seeds.push(seed(&format!("batch-{name}"), bytes));
    }
    seeds
}
