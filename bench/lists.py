"""Whole lists: time beside a bare Scan, with and without gzip, CPU, memory, and how these grow with the table."""

import gzip
import os
import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from urllib.request import Request, urlopen

from bench.checkouts import PICUS
from bench.dynamodb import Database, RawClient
from bench.load import Target
from bench.machine import SERVER_CORE, BenchError, cpu_seconds, memory_mib, pinned
from bench.measurements import Results, Sample
from bench.servers import FLASK_SYNC, STARLETTE, all_served, peers, picus
from picus_api.core.query.pagination import next_limit

LIST_TABLE = "lists"
BARE, GZIP = "Bare Scan", "Picus, gzip"
SMALL, MIDDLE, LARGE = 1_000, 10_000, 100_000
MAX_ROUNDS_BY_SIZE = {SMALL: 1_000, MIDDLE: 7, LARGE: 2}
"""By number of items. A round with many items takes seconds, and differs little from the next."""
SOME_ITEMS = 100


def scenario(size: int) -> str:
    return f"list of {size:,} items"


def run(results: Results, database: Database) -> None:
    """Measure one table that grows from size to size. Servers are started anew: a peak belongs to one size."""
    database.client.create_table(LIST_TABLE)
    for filled, size in pairwise((0, *MAX_ROUNDS_BY_SIZE)):
        database.client.fill(LIST_TABLE, filled, size)
        # The bare Scan fetches pages of as many items as Picus does.
        some = database.client.call("Scan", {"TableName": LIST_TABLE, "Limit": SOME_ITEMS})
        page_items = results.page_items = next_limit(SOME_ITEMS, len(some))
        slow = [peer for peer in peers() if peer.name in (FLASK_SYNC, STARLETTE)] if size < LARGE else []
        ours = [picus(name, checkout) for name, checkout in results.checkouts.items()]
        with all_served([*ours, *slow], database, LIST_TABLE) as targets:
            runs: dict[str, Callable[[], Sample]] = {BARE: partial(_bare, database.client, page_items, size)}
            runs |= {name: partial(_fetch, target, size) for name, target in targets.items()}
            runs[GZIP] = partial(_fetch, targets[PICUS], size, "gzip")
            results.record(scenario(size), runs, min(results.rounds, MAX_ROUNDS_BY_SIZE[size]))


def _bare(client: RawClient, page_items: int, size: int) -> Sample:
    """Scan from the contestants' core, as they do it."""
    with pinned(SERVER_CORE):
        started, used = time.perf_counter(), cpu_seconds([os.getpid()])
        client.scan(LIST_TABLE, Limit=page_items)
        seconds, used = time.perf_counter() - started, cpu_seconds([os.getpid()]) - used
        return {"total_ms": seconds * 1e3, "cpu_us_per_item": used / size * 1e6}


def _fetch(target: Target, size: int, coding: str = "identity") -> Sample:
    """Fetch a whole list. Raises BenchError if it is not a JSON array of so many items, in this coding."""
    started, used = time.perf_counter(), cpu_seconds(target.workers)
    headers = {"Accept": "application/json", "Accept-Encoding": coding}
    with urlopen(Request(f"http://127.0.0.1:{target.port}/picus/list", headers=headers), timeout=120) as response:
        body = response.read(1)
        first_byte = time.perf_counter() - started
        body += response.read()
    seconds, used = time.perf_counter() - started, cpu_seconds(target.workers) - used
    text = gzip.decompress(body) if coding == "gzip" else body
    found = text.count(b'"object_id"')
    if found != size or text[:1] + text[-1:] != b"[]":
        raise BenchError(f"list in {coding}: {found} of {size} items")
    return {
        "total_ms": seconds * 1e3,
        "first_byte_ms": first_byte * 1e3,
        "cpu_us_per_item": used / size * 1e6,
        "peak_mib": max(memory_mib(pid, "VmHWM") for pid in target.workers),
    }
