"""Whole lists: time beside a bare Scan, with and without gzip, CPU, memory, and how these grow with the table."""

import gzip
import http.client
import json
import os
import time
from collections.abc import Callable, Mapping
from functools import partial

from bench.dynamodb import Database, RawClient, fake_dynamodb
from bench.load import Target
from bench.machine import SERVER_CORE, BenchError, cpu_seconds, memory_mb, pinned
from bench.measurements import Recorder, Sample
from bench.servers import FLASK_SYNC, PICUS, STARLETTE, all_served, peers, picus, served

TABLE = "lists"
BARE, GZIP = "Bare Scan", "Picus, gzip"
# A round with many items takes seconds, and few of them say enough. The peers take a second for 10,000 items.
MOST_ROUNDS = {1_000: 1_000, 10_000: 1_000, 100_000: 2}
"""Number of items to rounds at most."""
SMALL, MIDDLE, LARGE = MOST_ROUNDS


def scenario(size: int) -> str:
    return f"list of {size:,} items"


def run(recorder: Recorder, database: Database) -> None:
    """Measure one table that grows from size to size. Servers are started anew: a peak belongs to one size."""
    page_items = recorder.results.settings["page_items"] = _page_items()
    database.client.create_table(TABLE)
    filled = 0
    for size, most in MOST_ROUNDS.items():
        database.client.fill(TABLE, filled, size)
        filled = size
        _measure(recorder, database, size, min(recorder.rounds, most), int(page_items))


def _page_items() -> int:
    """Return how many items a page of Picus's Scan has: the bare Scan fetches the same pages."""
    with fake_dynamodb(count=0) as database:
        with served(picus(), database, TABLE) as target:
            _fetch(target, 0)
        return int(json.loads(database.client.call("SetLatency", {"Milliseconds": 0}))["LastLimit"])


def _measure(recorder: Recorder, database: Database, size: int, rounds: int, page_items: int) -> None:
    slow = [peer for peer in peers() if peer.name in (FLASK_SYNC, STARLETTE)] if size < LARGE else []
    raw = RawClient(database.port)
    with all_served([picus(), *slow], database, TABLE) as targets:
        runs: dict[str, Callable[[], Sample]] = {BARE: partial(_bare, raw, page_items, size), **fetches(targets, size)}
        runs[GZIP] = partial(_fetch, targets[PICUS], size, "gzip")
        recorder.record(scenario(size), runs, rounds, seldom=[peer.name for peer in slow])
    raw.close()


def fetches(targets: Mapping[str, Target], size: int) -> dict[str, Callable[[], Sample]]:
    """Fetch a list of each target, to warm up. Return functions that do so again."""
    for target in targets.values():
        _fetch(target, size)
    return {name: partial(_fetch, target, size) for name, target in targets.items()}


def _bare(client: RawClient, page_items: int, size: int) -> Sample:
    """Scan from the contestants' core, as they do it."""
    with pinned(SERVER_CORE):
        started, used = time.perf_counter(), cpu_seconds([os.getpid()])
        client.scan(TABLE, **({"Limit": page_items} if page_items else {}))
        seconds, used = time.perf_counter() - started, cpu_seconds([os.getpid()]) - used
        return {"total_ms": seconds * 1e3, "cpu_us_per_item": used / size * 1e6}


def _fetch(target: Target, size: int, coding: str = "identity") -> Sample:
    """Fetch a whole list. Raises BenchError if it is not a JSON array of so many items, in this coding."""
    started, used = time.perf_counter(), cpu_seconds(target.workers)
    connection = http.client.HTTPConnection("127.0.0.1", target.port, timeout=120)
    connection.request("GET", "/picus/list", headers={"Accept": "application/json", "Accept-Encoding": coding})
    response = connection.getresponse()
    body = response.read(1)
    first_byte = time.perf_counter() - started
    body += response.read()
    seconds = time.perf_counter() - started
    used = cpu_seconds(target.workers) - used
    connection.close()
    if response.getheader("Content-Encoding", "identity") != coding:
        raise BenchError(f"list: not in {coding}")
    text = gzip.decompress(body) if coding == "gzip" else body
    found = text.count(b'"object_id"')
    if response.status != 200 or found != size or not (text.startswith(b"[") and text.endswith(b"]")):
        raise BenchError(f"list: status {response.status}, {found} of {size} items")
    return {
        "total_ms": seconds * 1e3,
        "first_byte_ms": first_byte * 1e3,
        "cpu_us_per_item": used / max(1, size) * 1e6,
        "peak_mb": max(memory_mb(pid, "VmHWM") for pid in target.workers),
    }
