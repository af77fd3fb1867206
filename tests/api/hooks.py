"""Leads many requests to topics and groups that exist and to values that are taken, and keeps a run bounded.

What is changed is drawn from the request itself, so the same request is always changed in the same way: a fault that is
found can be found again, and made smaller. The other requests go out as they were generated.
"""

import zlib

import schemathesis

TOPICS = ["orders", "clicks", "doomed"]
GROUPS = ["readers", "leavers"]
FORMS = ["application/json", "application/json", "application/x-ndjson", "application/vnd.tidelog.batch", "*/*"]
WAIT_SECONDS_MAX = 0.05
PARTITIONS_MAX = 8


@schemathesis.hook
def before_call(context, case, kwargs):
    draw = zlib.crc32(repr((case.path_parameters, case.query, case.body)).encode("utf-8", "backslashreplace"))
    lead(case, draw)
    if draw % 2:
        please(case, draw // 2)
    bound(case, draw)


def lead(case, draw):
    """To what exists. What deletes keeps to what may go, so that the rest lasts for the whole run."""
    parameters = case.path_parameters or {}
    operation = (case.method.upper(), case.operation.path)
    topics, groups = TOPICS, GROUPS
    if operation == ("DELETE", "/v1/topics/{topic}"):
        topics = ["doomed"]
    elif operation[0] == "DELETE":
        topics, groups = ["trimmed"], ["leavers"]
    elif operation[0] == "PUT":
        topics = ["doomed", "doomed", "orders"]
    for name, known, all_known in (("topic", topics, TOPICS), ("group", groups, GROUPS)):
        if name in parameters and (draw % 4 or parameters[name] in all_known):
            parameters[name] = known[draw // 4 % len(known)]
    if "partition" in parameters and draw % 5:
        parameters["partition"] = draw // 5 % 3
    if "offset" in parameters and draw % 3:
        parameters["offset"] = draw // 3 % 30


def please(case, draw):
    """Values that are taken, where random ones hardly ever are."""
    query, headers, body = case.query or {}, case.headers, case.body
    for name, value in (("partition", draw % 3), ("ts", "2026-01-02T03:04:05Z"), ("at", "latest"), ("cursor", "-5")):
        if name in query:
            query[name] = value
    for name in ("key_path", "partitions", "offset", "until"):
        query.pop(name, None)
    for name in list(headers):
        if name.lower() in ("if-match", "last-event-id") or name.lower().startswith("producer-"):
            del headers[name]
    if not isinstance(body, dict):
        return
    if "offsets" in body:
        body["offsets"] = [{"topic": "orders", "partition": draw % 3, "offset": draw % 5, "metadata": ""}]
        for name in ("to", "shift_by", "topics"):
            body.pop(name, None)
    if "before" in body:
        body["before"] = {str(draw % 3): draw % 5}
    if case.operation.path == "/v1/topics/{topic}":
        body["config"] = {"retention.ms": str(10**9 + draw % 5)}
    for record in body.get("records") or []:
        if isinstance(record, dict):
            record.pop("partition", None)
            record["timestamp"] = "2026-01-02T03:04:05Z"


def bound(case, draw):
    """Nothing waits for long, and no topic takes all the partitions that the cluster may have."""
    query = case.query or {}
    if case.operation.path.endswith("/records") and case.method.upper() == "GET":
        # Lines with a wait are a stream without an end, so they are asked for without one.
        form = FORMS[draw % len(FORMS)] if "wait" not in query else FORMS[0]
        case.headers["Accept"] = form
    try:
        wait = float(query.get("wait", 0))
    except (TypeError, ValueError):
        wait = 0.0
    if WAIT_SECONDS_MAX < wait <= 60:
        query["wait"] = WAIT_SECONDS_MAX
    if isinstance(case.body, dict):
        partitions = case.body.get("partitions")
        if isinstance(partitions, int) and PARTITIONS_MAX < partitions <= 100_000:
            case.body["partitions"] = partitions % PARTITIONS_MAX + 1
