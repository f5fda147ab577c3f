"""Import and export of many items, beside raw requests from as many threads and beside PynamoDB's own loops."""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bench import database, items, servers
from bench.database import connected
from bench.dynamodb import DynamoDBError
from bench.machine import SERVER_CORE, memory_mb, pinned
from bench.results import BulkRun, Results, spread
from bench.scenarios import Progress

ITEMS = 100_000
SLOW_ITEMS = 20_000
"""For PynamoDB's loops, which would take too long."""
DELAY_MS = 5
THREADS = 4
LATE_THREADS = 8
IMPORT, EXPORT = "import", "export"
PICUS, RAW, PYNAMODB = "Picus", "Raw requests", "PynamoDB"
LATE = "{}, {} ms"
TABLE = "bulk_items"
# Rounds of everything else for one of these, which take the most time.
ROUNDS_PER_DIRECT, ROUNDS_PER_LATE = 15, 7

SAMPLE_SECONDS = 0.02

_PYTHON = str(servers.ROOT / ".venv/bin/python")
_TOOK = re.compile(r"(\d[\d,]*) items (?:im|ex)ported: ([0-9.]+) s,")


def run(results: Results, count: int, progress: Progress) -> None:
    """All of it: with the local DynamoDB, where raw requests set the pace; then with latency alone."""
    with tempfile.TemporaryDirectory(dir=servers.WORK) as folder:
        _direct(results, max(1, count // ROUNDS_PER_DIRECT), Path(folder))
        _late(results, max(1, count // ROUNDS_PER_LATE), Path(folder))
    for scenario, contestants in results.bulk.items():
        for name, runs in contestants.items():
            rate, peak = (spread(getattr(r, field) for r in runs).median for field in ("rate", "peak_mb"))
            progress(f"    {scenario:14} {name:14} {rate:8,.0f} items/s  peak {peak:4.0f} MB")


def _direct(results: Results, rounds: int, folder: Path) -> None:
    files = {size: _file(folder, size) for size in (ITEMS, ITEMS // 10)}
    for number in range(rounds):
        for name in (PICUS, RAW) if number % 2 else (RAW, PICUS):
            with _empty_table() as url:
                _keep(results, IMPORT, name, _measure(IMPORT, name, url, ITEMS, files[ITEMS]))
                _keep(results, EXPORT, name, _measure(EXPORT, name, url, ITEMS, folder / "out.ndjson"))
    with _empty_table() as url:
        for scenario, path in ((IMPORT, files[ITEMS // 10]), (EXPORT, folder / "out.ndjson")):
            results.bulk_tenth[scenario] = _measure(scenario, PICUS, url, ITEMS // 10, path).peak_mb


def _late(results: Results, rounds: int, folder: Path) -> None:
    path = _file(folder, ITEMS)
    with _instant() as url:
        for number in range(rounds):
            for scenario, target in ((IMPORT, path), (EXPORT, folder / "out.ndjson")):
                for name in (PICUS, PYNAMODB) if number % 2 else (PYNAMODB, PICUS):
                    size = SLOW_ITEMS if name == PYNAMODB else ITEMS
                    found = _measure(scenario, name, url, size, target, threads=LATE_THREADS)
                    _keep(results, LATE.format(scenario, DELAY_MS), name, found)


def _keep(results: Results, scenario: str, name: str, found: BulkRun) -> None:
    results.bulk.setdefault(scenario, {}).setdefault(name, []).append(found)


def _file(folder: Path, size: int) -> Path:
    path = folder / f"{size}.ndjson"
    with path.open("w") as file:
        for number in range(size):
            file.write(json.dumps({"object_id": items.key(number), **items.document(number)}) + "\n")
    return path


@contextmanager
def _empty_table() -> Iterator[str]:
    """The address of a new local DynamoDB: one that has held other tables is slower, by more than what is compared."""
    with database.running() as local:
        local.client.create_table(TABLE)
        yield f"http://127.0.0.1:{local.port}"


def _measure(scenario: str, name: str, url: str, count: int, path: Path, *, threads: int = THREADS) -> BulkRun:
    """One process of its own, alone on the contestants' core. Raises DynamoDBError when it did not do all of it."""
    if name == PICUS:
        options = ["--threads", str(threads)] if scenario == IMPORT else ["--segments", str(threads), "--overwrite"]
        command = [_PYTHON, "manage.py", f"{scenario}_items", str(path), *options]
    else:
        what = f"{'raw' if name == RAW else 'pynamodb'}-{scenario}"
        command = [_PYTHON, "bench/peers/bulk.py", what, str(count), str(threads)]
    said, peak_mb = _output(command, url)
    if name != PICUS:
        return BulkRun(count / float(said), peak_mb)
    took = _TOOK.search(said)
    if took is None or int(took[1].replace(",", "")) != count:
        raise DynamoDBError(f"{name}, {scenario}: {said}")
    return BulkRun(count / float(took[2]), peak_mb)


def _output(command: list[str], url: str) -> tuple[str, float]:
    """What it says, and its peak memory in MB."""
    settings = servers.AWS | {"DYNAMODB_TABLE_NAME": TABLE, "DYNAMODB_ENDPOINT_URL": url}
    with pinned(SERVER_CORE):
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        process = subprocess.Popen(command, cwd=servers.ROOT, env=os.environ | settings, text=True, **pipes)  # type: ignore[call-overload]
    # Not the peak that wait4() tells: it has this process's own in it, from before the exec.
    peak_mb = 0.0
    while process.poll() is None:
        with suppress(OSError, ValueError):  # it has just ended
            peak_mb = max(peak_mb, memory_mb(process.pid, "VmHWM"))
        time.sleep(SAMPLE_SECONDS)
    said = process.stdout.read()
    process.stdout.close()
    if process.returncode:
        raise DynamoDBError(f"{' '.join(command)}: {said}")
    return said, peak_mb


@contextmanager
def _instant() -> Iterator[str]:
    """The address of a DynamoDB that has latency and no work."""
    port = servers.free_port()
    command = [sys.executable, "-m", "bench.instant", str(port), str(ITEMS), str(DELAY_MS)]
    server = subprocess.Popen(command, cwd=servers.ROOT)
    try:
        connected(port).close()
        yield f"http://127.0.0.1:{port}"
    finally:
        servers.stop(server)
