"""How throughput and memory grow with threads and workers, all of them on one core as on a task of one vCPU."""

from contextlib import ExitStack

from bench.database import TABLE, Database
from bench.machine import memory_mb
from bench.results import Results
from bench.scenarios import DELAYED, GET, PUT, TARGET_DELAY_MS, Progress, rounds, warm_up
from bench.servers import picus, served

WORKERS = (1, 2)
THREADS = (1, 2, 4, 8, 12, 16)


def run(database: Database, results: Results, count: int, seconds: float, progress: Progress) -> None:
    """Get and put against DynamoDB as fast as it is, then get with a delay."""
    contestants = [picus(w, t, f"{w} x {t}") for w in WORKERS for t in THREADS]
    database.delay(TARGET_DELAY_MS)
    for port, scenarios in (
        (database.port, {"get": GET, "put": PUT}),
        (database.delayed_port, {DELAYED.format(TARGET_DELAY_MS): GET}),
    ):
        with ExitStack() as stack:
            targets = {c.name: stack.enter_context(served(c, port, TABLE, database.pids)) for c in contestants}
            warm_up(targets, GET)
            for scenario, request in scenarios.items():
                progress(f"  {scenario}, by workers x threads")
                results.growth[scenario] = rounds(targets, request, count, seconds, progress)
            for name, target in targets.items():
                results.growth_resident[name] = sum(memory_mb(pid, "VmRSS") for pid in target.workers)
