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
from bench.load import RequestSet, Target, measure
from bench.machine import LOAD_CORE, SERVER_CORE, pinned
from bench.measurements import Results, Sample
from bench.servers import PICUS_GTHREAD, Contestant, all_served, peers, picus

CLIENTS = 32
LATENCY_MS = 4
ROUND_SECONDS = 0.5
GET, PUT, GET_WITH_LATENCY = "get", "put", f"get, {LATENCY_MS} ms"
SCALING, SCALING_WITH_LATENCY = f"workers × threads, {GET}", f"workers × threads, {GET_WITH_LATENCY}"
CORES, ONE_CORE, TWO_CORES = "cores", "one worker on one core", "two workers on two cores"
TWO_UNPINNED = "two workers on two cores, not pinned"
SCALED = [
    picus(f"{workers} × {threads}", workers=workers, WEB_THREADS=str(threads))
    for workers, threads in ((1, 1), (1, 2), (1, 4), (1, 8), (1, 16), (2, 6), (2, 12))
]


def _requests(method: str, path: str, status: int, bodies: Iterable[bytes]) -> RequestSet:
    messages = []
    for number, body in enumerate(bodies):
        head = f"{method} {path.format(items.key(number))} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\n"
        kind = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n" if body else ""
        messages.append(f"{head}{kind}\r\n".encode() + body)
    return RequestSet(messages, status)


GETS = _requests("GET", "/picus/get/{}", 200, [b""] * ITEMS)
PUTS = _requests("POST", "/picus/put", 201, (json.dumps(items.document(number)).encode() for number in range(ITEMS)))


class Scenario(NamedTuple):
    """A load of Picus and of others: the same requests to each. Without latency the local DynamoDB serves them."""

    name: str
    requests: RequestSet
    others: list[Contestant]
    latency_ms: float = 0
    share: float = 1
    """Which part of the rounds the scenario has."""


_EVERYONE = [*peers(), picus(PICUS_GTHREAD, HERE, "--worker-class", "gthread")]
SCENARIOS = {
    "get": [Scenario(GET, GETS, _EVERYONE)],
    "put": [Scenario(PUT, PUTS, _EVERYONE)],
    "latency": [Scenario(GET_WITH_LATENCY, GETS, peers(), LATENCY_MS)],
    # All on one core, like a task of one vCPU.
    "scaling": [Scenario(SCALING, GETS, SCALED, 0, 0.2), Scenario(SCALING_WITH_LATENCY, GETS, SCALED, LATENCY_MS, 0.2)],
}
RESTARTS = 4
"""Two processes of the same code differ by a percent or two, by their memory layout and the seed of their hashes."""


def run(part: str, results: Results, database: Database) -> None:
    """Measure the scenarios of a part. To compare two commits, start the servers several times."""
    restarts = RESTARTS if results.baseline else 1
    for scenario, requests, others, latency_ms, share in SCENARIOS[part]:
        contestants = [*others, *(picus(name, checkout) for name, checkout in results.checkouts.items())]
        rounds = max(1, round(results.rounds * share / restarts))
        with fake_dynamodb(latency_ms=latency_ms) if latency_ms else nullcontext(database) as chosen:
            for _ in range(restarts):
                with all_served(contestants, chosen, TABLE) as targets:
                    runs = {name: partial(measure, targets[name], requests, CLIENTS, ROUND_SECONDS) for name in targets}
                    results.record(scenario, runs, rounds)


def run_cores(results: Results, _: Database) -> None:
    """Measure one worker with everything else on its core, and two workers with everything else on their two cores.

    In all cases the load generator and DynamoDB take the same share of each core.
    """
    one, both = (SERVER_CORE,), (LOAD_CORE, SERVER_CORE)
    services = [
        picus(ONE_CORE, cores=one),
        picus(TWO_CORES, workers=2, cores=both, WEB_PIN_WORKERS="true"),
        picus(TWO_UNPINNED, workers=2, cores=both),
    ]
    with fake_dynamodb() as database, all_served(services, database, TABLE) as targets:
        runs = {each.name: partial(_measure_on, each.cores, targets[each.name]) for each in services}
        results.record(CORES, runs, results.rounds * 2)


def _measure_on(cores: tuple[int, ...], target: Target) -> Sample:
    """Measure gets with the load generator and DynamoDB on these cores."""
    os.sched_setaffinity(target.database, cores)
    with pinned(*cores):
        return measure(target, GETS, CLIENTS, ROUND_SECONDS)
