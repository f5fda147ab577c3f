"""Before and after: Picus as it is, beside another commit of this repository, in the same rounds.

Only public interfaces are used, so the commit may have another layout: `make`, gunicorn with the commit's own
configuration, `manage.py` and the handler that zappa_settings.json names.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from bench import bulk, cold_start, lists, machine, throughput
from bench.dynamodb import Database
from bench.machine import ROOT, WORK
from bench.measurements import Results
from bench.servers import HERE, Checkout, all_served, picus

PREFIX = "before and after, "
LIST_ITEMS, TABLE = 10_000, "baseline"
GET, PUT, LIST = (PREFIX + name for name in (throughput.GET, throughput.PUT, lists.scenario(LIST_ITEMS)))
BULK, COLD = PREFIX + bulk.LATE, PREFIX + cold_start.COLD
BEFORE, AFTER = "before", "after"
RESTARTS = 4
"""Two processes of the same code differ by a percent or two, by their memory layout and the seed of their hashes."""
FIGURES = {
    **dict.fromkeys((GET, PUT), ("rate", "cpu_us")),
    LIST: ("total_ms",),
    BULK: ("import_rate", "export_rate"),
    COLD: ("total_ms", "zip_mb"),
}
"""Scenario to metrics."""


def run(results: Results, database: Database) -> None:
    """Measure both. Raises BenchError if the commit, ``results.baseline``, can't be built."""
    results.say(f"building {results.baseline}")
    with _checked_out(results.baseline) as before:
        both = {BEFORE: before, AFTER: HERE}
        _serve(results, database, both)
        commands = {name: partial(bulk.commands, each, bulk.ITEMS, bulk.LATE_THREADS) for name, each in both.items()}
        bulk.with_latency(results, BULK, commands, max(1, results.rounds * 2 // 5))
        cold_start.compare(results, COLD, both)


def _serve(results: Results, database: Database, both: dict[str, Checkout]) -> None:
    database.client.create_table(TABLE)
    database.client.fill(TABLE, 0, LIST_ITEMS)
    contestants = [picus(name, checkout) for name, checkout in both.items()]
    rounds = max(1, results.rounds * 2 // RESTARTS)
    for _ in range(RESTARTS):
        for scenario, request in ((GET, throughput.GETS), (PUT, throughput.PUTS)):
            throughput.measure_load(throughput.Load(scenario, request, contestants), results, database, rounds)
        with all_served(contestants, database, TABLE) as targets:
            results.record(LIST, lists.fetches(targets, LIST_ITEMS), rounds)


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
            machine.run(each.python, "-m", "compileall", "-q", "picus_api", "picus_project", folder=each.root)
        yield checkout
    finally:
        _remove(folder)


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    machine.run("git", "worktree", "prune")
