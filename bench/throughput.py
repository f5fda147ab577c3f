"""Gets and puts per second: beside the peers, with latency, by threads and workers, and on two cores."""

import json
from collections.abc import Iterable, Mapping
from functools import partial

from bench import items
from bench.dynamodb import ITEMS, TABLE, Database, fake_dynamodb
from bench.load import Request, measure
from bench.machine import LOAD_CORE, SERVER_CORE, pinned
from bench.measurements import Recorder
from bench.servers import HERE, PICUS_GTHREAD, Contestant, all_served, peers, picus

CLIENTS = 32
LATENCY_MS = 4
GET, PUT, GET_LATE = "get", "put", f"get, {LATENCY_MS} ms"
SCALING, CORES = "threads and workers", "cores"
WORKERS_THREADS = ((1, 1), (1, 4), (1, 8), (1, 12), (1, 16), (2, 6), (2, 12))
ONE_CORE, TWO_CORES = "one worker", "two workers"
ROUND_SECONDS, WARM_UP_SECONDS = 0.5, 0.5


def _message(method: str, path: str, body: bytes = b"") -> bytes:
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\n"
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return f"{head}\r\n".encode() + body


def _get() -> Request:
    return Request([_message("GET", f"/picus/get/{items.key(number)}") for number in range(ITEMS)], 200)


def _put() -> Request:
    bodies = (json.dumps(items.document(number)).encode() for number in range(ITEMS))
    return Request([_message("POST", "/picus/put", body) for body in bodies], 201)


REQUESTS = {GET: _get(), PUT: _put()}


def get_and_put(recorder: Recorder, database: Database, parts: Iterable[str]) -> None:
    """Measure with the local DynamoDB as fast as it is."""
    gthread = picus(PICUS_GTHREAD, HERE, "--worker-class", "gthread")
    requests = {part: REQUESTS[part] for part in (GET, PUT) if part in parts}
    if requests:
        load(recorder, [*peers(), gthread, picus()], database, requests, recorder.rounds)


def with_latency(recorder: Recorder) -> None:
    """Measure gets with a fake DynamoDB that has latency."""
    with fake_dynamodb() as database:
        recorder.results.settings["latency_ms"] = database.set_latency(LATENCY_MS)
        load(recorder, [*peers(), picus()], database, {GET_LATE: REQUESTS[GET]}, recorder.rounds)


def scaling(recorder: Recorder, database: Database) -> None:
    """Measure Picus by threads and workers, all on one core like a task of one vCPU."""
    contestants = [picus(f"{w} × {t}", workers=w, threads=t) for w, t in WORKERS_THREADS]
    count = max(3, recorder.rounds // 5)
    requests = {f"{SCALING}, {part}": request for part, request in REQUESTS.items()}
    load(recorder, contestants, database, requests, count)
    with fake_dynamodb() as late:
        late.set_latency(LATENCY_MS)
        load(recorder, contestants, late, {f"{SCALING}, {GET_LATE}": REQUESTS[GET]}, count)


def cores(recorder: Recorder) -> None:
    """Measure the CPU of a get by one worker and by two, beside the same load on the same two cores.

    On two cores the load and DynamoDB need a part of both, so the requests per second would say little. Two workers are
    twice as fast as one if a request takes no more CPU then, as it would with a shared lock.
    """
    both = (LOAD_CORE, SERVER_CORE)
    contestants = [picus(ONE_CORE, cores=both), picus(TWO_CORES, workers=2, cores=both)]
    with pinned(*both), fake_dynamodb() as database:
        load(recorder, contestants, database, {CORES: REQUESTS[GET]}, recorder.rounds)


def load(
    recorder: Recorder, contestants: list[Contestant], database: Database, requests: Mapping[str, Request], rounds: int
) -> None:
    """Run all contestants, warm them up, and load them in turns: one scenario for each of ``requests``."""
    with all_served(contestants, database, TABLE) as targets:
        for scenario, request in requests.items():
            for target in targets.values():
                measure(target, request, CLIENTS, WARM_UP_SECONDS)
            runs = {name: partial(measure, targets[name], request, CLIENTS, recorder.seconds) for name in targets}
            recorder.record(scenario, runs, rounds)
