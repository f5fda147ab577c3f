"""Gets and puts per second: beside the peers, with latency, by threads and workers, and on two cores."""

import json
import os
from collections.abc import Iterable
from contextlib import nullcontext
from functools import partial
from typing import NamedTuple

from bench import items
from bench.checkouts import HERE
from bench.dynamodb import ITEMS, TABLE, Database, fake_dynamodb
from bench.load import Request, Target, measure
from bench.machine import LOAD_CORE, SERVER_CORE, pinned
from bench.measurements import Results, Sample
from bench.servers import PICUS_GTHREAD, Contestant, all_served, peers, picus

CLIENTS = 32
LATENCY_MS = 4
ROUND_SECONDS = 0.5
GET, PUT, GET_LATE = "get", "put", f"get, {LATENCY_MS} ms"
SCALING, SCALING_LATE = f"workers × threads, {GET}", f"workers × threads, {GET_LATE}"
CORES, ONE_CORE, TWO_CORES = "cores", "one worker on one core", "two workers on two cores"
SCALED = [
    picus(f"{workers} × {threads}", workers=workers, WEB_THREADS=str(threads))
    for workers, threads in ((1, 1), (1, 2), (1, 4), (1, 8), (1, 16), (2, 6), (2, 12))
]


def _requests(method: str, path: str, status: int, bodies: Iterable[bytes]) -> Request:
    messages = []
    for number, body in enumerate(bodies):
        head = f"{method} {path.format(items.key(number))} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\n"
        kind = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n" if body else ""
        messages.append(f"{head}{kind}\r\n".encode() + body)
    return Request(messages, status)


GETS = _requests("GET", "/picus/get/{}", 200, [b""] * ITEMS)
PUTS = _requests("POST", "/picus/put", 201, (json.dumps(items.document(number)).encode() for number in range(ITEMS)))


class Load(NamedTuple):
    """A scenario: who takes part beside Picus, and the requests. Without latency the local DynamoDB serves them."""

    scenario: str
    request: Request
    others: list[Contestant]
    latency_ms: float = 0
    share: float = 1
    """Of the rounds."""


_EVERYONE = [*peers(), picus(PICUS_GTHREAD, HERE, "--worker-class", "gthread")]
LOADS = {
    "get": [Load(GET, GETS, _EVERYONE)],
    "put": [Load(PUT, PUTS, _EVERYONE)],
    "latency": [Load(GET_LATE, GETS, peers(), LATENCY_MS)],
    # All on one core, like a task of one vCPU.
    "scaling": [Load(SCALING, GETS, SCALED, share=0.2), Load(SCALING_LATE, GETS, SCALED, LATENCY_MS, share=0.2)],
}
RESTARTS = 4
"""Two processes of the same code differ by a percent or two, by their memory layout and the seed of their hashes."""


def run(part: str, results: Results, database: Database) -> None:
    """Measure the loads of a part. To compare two commits, start the servers several times."""
    restarts = RESTARTS if results.baseline else 1
    for scenario, request, others, latency_ms, share in LOADS[part]:
        contestants = [*others, *(picus(name, checkout) for name, checkout in results.checkouts.items())]
        rounds = max(1, round(results.rounds * share / restarts))
        with fake_dynamodb(latency_ms=latency_ms) if latency_ms else nullcontext(database) as chosen:
            for _ in range(restarts):
                with all_served(contestants, chosen, TABLE) as targets:
                    runs = {name: partial(measure, targets[name], request, CLIENTS, ROUND_SECONDS) for name in targets}
                    results.record(scenario, runs, rounds)


def cores(results: Results, _: Database) -> None:
    """Measure one worker with everything else on its core, and two workers with everything else on their two cores.

    A request of the load generator and of DynamoDB takes its part of each core in both, so they take the same share.
    """
    one, both = (SERVER_CORE,), (LOAD_CORE, SERVER_CORE)
    services = [picus(ONE_CORE, cores=one), picus(TWO_CORES, workers=2, cores=both)]
    with fake_dynamodb() as database, all_served(services, database, TABLE) as targets:
        runs = {name: partial(_measure_on, on, targets[name]) for name, on in ((ONE_CORE, one), (TWO_CORES, both))}
        results.record(CORES, runs, results.rounds * 2)


def _measure_on(cores: tuple[int, ...], target: Target) -> Sample:
    """Measure gets with the load generator and DynamoDB on these cores."""
    os.sched_setaffinity(target.database, cores)
    with pinned(*cores):
        return measure(target, GETS, CLIENTS, ROUND_SECONDS)
