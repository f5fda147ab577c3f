"""The whole list: its time against the bare Scan, its CPU, its memory, and how they grow with the table."""

import http.client
import os
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack

from bench.database import Database
from bench.dynamodb import RawClient
from bench.load import LoadError, Target
from bench.machine import SERVER_CORE, cpu_seconds, memory_mb, pinned
from bench.results import Listing, Results, spread
from bench.scenarios import Progress
from bench.servers import OLD_SERVICE_SYNC, PICUS, STARLETTE, picus, served

TABLE = "lists"
BARE = "Bare Scan"
PEER_EVERY = 3
"""The peers are slow: they take part in every third round only."""
MOST_ITEMS_FOR_PEERS = 10_000
# With many items a round takes seconds, and few of them say enough.
MOST_ROUNDS = {1_000: 1_000, 10_000: 1_000, 50_000: 2, 100_000: 1}
"""Number of items to rounds at most."""

_REQUEST = b"GET /picus/list HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\nConnection: close\r\n\r\n"


def run(database: Database, results: Results, count: int, progress: Progress) -> None:
    """One table that grows from size to size, and fresh servers for each: a peak is of one size only."""
    database.client.create_table(TABLE)
    results.page_items = _page_items(database)
    filled = 0
    for size, most in MOST_ROUNDS.items():
        database.client.fill(TABLE, filled, size)
        filled = size
        _measure(database, results, size, min(count, most), progress)


def _page_items(database: Database) -> int:
    """How large the pages are that Picus asks for: the bare Scan fetches the same."""
    with served(picus(), database.delayed_port, TABLE, []) as target:
        _check(target, 0)
    return database.page_items()


def _measure(database: Database, results: Results, size: int, count: int, progress: Progress) -> None:
    contestants = [picus()] + ([OLD_SERVICE_SYNC, STARLETTE] if size <= MOST_ITEMS_FOR_PEERS else [])
    raw = RawClient(database.port)
    with ExitStack() as stack:
        targets = {c.name: stack.enter_context(served(c, database.port, TABLE, [])) for c in contestants}
        for target in targets.values():
            _check(target, size)
        runs: dict[str, Callable[[], Listing]] = {BARE: lambda: _bare(raw, results.page_items)}
        runs |= {name: lambda target=target: _fetch(target) for name, target in targets.items()}  # type: ignore[misc]
        listings = _rounds(runs, count)
        results.list_peaks[str(size)] = {
            name: max(memory_mb(pid, "VmHWM") for pid in target.workers) for name, target in targets.items()
        }
    raw.close()
    results.lists[str(size)] = listings
    for name, fetched in listings.items():
        peak = results.list_peaks[str(size)].get(name)
        progress(
            f"    {size:7,} items  {name:24} {spread(f.seconds for f in fetched).median:6.2f} s  first byte "
            f"{spread(f.first_byte_seconds for f in fetched).median * 1000:6.0f} ms  CPU "
            f"{spread(f.cpu_seconds for f in fetched).median:6.2f} s" + (f"  peak {peak:4.0f} MB" if peak else "")
        )


def _rounds(runs: dict[str, Callable[[], Listing]], count: int) -> dict[str, list[Listing]]:
    """The bare Scan and Picus in every round, in turns first; the peers now and then."""
    listings: dict[str, list[Listing]] = {name: [] for name in runs}
    for number in range(count):
        names = [name for name in runs if name in (BARE, PICUS) or number % PEER_EVERY == 0]
        for name in names if number % 2 else reversed(names):
            listings[name].append(runs[name]())
    return listings


def _bare(client: RawClient, page_items: int) -> Listing:
    """From the contestants' core, as they do it."""
    with pinned(SERVER_CORE):
        started, used = time.perf_counter(), cpu_seconds([os.getpid()])
        client.scan(TABLE, page_items)
        return Listing(time.perf_counter() - started, 0, cpu_seconds([os.getpid()]) - used)


def _fetch(target: Target) -> Listing:
    """Read the answer to its end and throw it away."""
    started, used = time.perf_counter(), cpu_seconds(target.workers)
    with socket.create_connection(("127.0.0.1", target.port), timeout=120) as connection:
        connection.sendall(_REQUEST)
        head = b""
        while b"\r\n\r\n" not in head or head.endswith(b"\r\n\r\n"):
            head += _some(connection)
        first_byte = time.perf_counter() - started
        while connection.recv(1 << 20):
            pass
    return Listing(time.perf_counter() - started, first_byte, cpu_seconds(target.workers) - used)


def _some(connection: socket.socket) -> bytes:
    piece = connection.recv(1 << 16)
    if not piece:
        raise LoadError("a list ended before its first item")
    return piece


def _check(target: Target, size: int) -> None:
    """The first list, which also warms up: a whole JSON array of so many items. Raises LoadError."""
    connection = http.client.HTTPConnection("127.0.0.1", target.port, timeout=120)
    connection.request("GET", "/picus/list", headers={"Accept": "application/json"})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    found = body.count(b'"object_id"')
    if answer.status != 200 or found != size or not (body.startswith(b"[") and body.endswith(b"]")):
        raise LoadError(f"list: status {answer.status}, {found} of {size} items")
