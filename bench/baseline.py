"""Before and after: Picus as it is, beside another commit of this repository, in the same rounds.

Only public interfaces are used, so the commit may have another layout: `make`, gunicorn with the commit's own
configuration, `manage.py` and the handler that zappa_settings.json names.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import bulk, cold_start, lists, machine, throughput
from bench.dynamodb import Database, fake_dynamodb, local_dynamodb
from bench.functions import prepare, unpack
from bench.machine import ROOT, WORK
from bench.measurements import Recorder
from bench.servers import HERE, Checkout, Contestant, all_served, picus

PREFIX = "before and after, "
LIST, BULK, COLD = f"{PREFIX}list", f"{PREFIX}import and export", f"{PREFIX}cold start"
BEFORE, AFTER = "before", "after"
RESTARTS = 4
"""Two processes of the same code differ by a percent or two, by their memory layout and the seed of their hashes."""
LIST_ITEMS = 10_000
FIGURES = [
    ("get: requests/s", PREFIX + throughput.GET, "rate", 0, True),
    ("get: CPU µs/request", PREFIX + throughput.GET, "cpu_us", 0, False),
    ("put: requests/s", PREFIX + throughput.PUT, "rate", 0, True),
    ("put: CPU µs/request", PREFIX + throughput.PUT, "cpu_us", 0, False),
    (f"list of {LIST_ITEMS:,} items: ms", LIST, "total_ms", 0, False),
    (f"import, {bulk.LATENCY_MS} ms: items/s", BULK, "import_rate", 0, True),
    (f"export, {bulk.LATENCY_MS} ms: items/s", BULK, "export_rate", 0, True),
    ("cold start: ms", COLD, "total_ms", 1, False),
    ("zip: MB", COLD, "zip_mb", 3, False),
]
"""Name, scenario, metric, digits shown, and whether more is better."""


def run(recorder: Recorder) -> None:
    """Measure both. Raises BenchError if the commit, ``results.baseline``, can't be built."""
    recorder.say(f"building {recorder.results.baseline}")
    with _checked_out(recorder.results.baseline) as before, local_dynamodb() as database:
        both = {BEFORE: before, AFTER: HERE}
        _serve(recorder, database, [picus(name, checkout) for name, checkout in both.items()])
        _import_and_export(recorder, both)
        _start_cold(recorder, database, both)


def _serve(recorder: Recorder, database: Database, contestants: list[Contestant]) -> None:
    database.client.create_table(lists.TABLE)
    database.client.fill(lists.TABLE, 0, LIST_ITEMS)
    rounds = max(1, recorder.rounds * 2 // RESTARTS)
    requests = {PREFIX + name: request for name, request in throughput.REQUESTS.items()}
    for _ in range(RESTARTS):
        throughput.load(recorder, contestants, database, requests, rounds)
        with all_served(contestants, database, lists.TABLE) as targets:
            recorder.record(LIST, lists.fetches(targets, LIST_ITEMS), rounds)


def _import_and_export(recorder: Recorder, both: dict[str, Checkout]) -> None:
    with TemporaryDirectory(dir=WORK) as folder, fake_dynamodb(bulk.ITEMS) as database:
        database.set_latency(bulk.LATENCY_MS)
        path = bulk.write_items(Path(folder), bulk.ITEMS)
        runs = {
            name: partial(bulk.commands, checkout, path, bulk.ITEMS, bulk.LATE_THREADS, database)
            for name, checkout in both.items()
        }
        recorder.record(BULK, runs, max(1, recorder.rounds * 2 // 5))


def _start_cold(recorder: Recorder, database: Database, both: dict[str, Checkout]) -> None:
    prepare()
    functions = [unpack(name, checkout.package, checkout.handler) for name, checkout in both.items()]
    cold_start.start_in_turns(recorder, COLD, functions, database, recorder.rounds * 2)


@contextmanager
def _checked_out(revision: str) -> Iterator[Checkout]:
    """Check the commit out into a temporary worktree, and install and package it there with its own lock."""
    folder = WORK / "baseline"
    _remove(folder)
    machine.run("git", "worktree", "add", "--quiet", "--detach", str(folder), revision)
    try:
        uv, python = shutil.which("uv") or ROOT / ".uv/bin/uv", Path(HERE.python).resolve()
        # The same interpreter: what is compared is Picus.
        make = ["make", "--directory", str(folder), f"UV={uv}", f"UV_PYTHON={python}"]
        machine.run(*make, ".venv/.synced", "UV_COMPILE_BYTECODE=1")
        machine.run(*make, "package")
        checkout = Checkout(folder)
        for each in (checkout, HERE):
            # Otherwise the first run of one would compile its sources, and the other would find them compiled.
            machine.run(
                each.python, "-m", "compileall", "-q", str(each.root / "picus_api"), str(each.root / "picus_project")
            )
        yield checkout
    finally:
        _remove(folder)


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    machine.run("git", "worktree", "prune")
