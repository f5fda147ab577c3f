"""Import and export of many items, beside raw requests from as many threads and beside PynamoDB's own loops."""

import json
import os
import select
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import items
from bench.checkouts import HERE, PICUS, Checkout
from bench.dynamodb import Database, fake_dynamodb, local_dynamodb
from bench.machine import ROOT, SERVER_CORE, WORK, BenchError, memory_mib, start
from bench.measurements import Results, Sample
from bench.servers import environment

ITEMS = 100_000
PYNAMODB_ITEMS = 20_000  # its loops would take too long
LATENCY_MS = 5
THREADS, THREADS_WITH_LATENCY = 4, 8
RAW, PYNAMODB, PICUS_TENTH = "Raw requests", "PynamoDB", "Picus, a tenth of the items"
LOCAL, WITH_LATENCY = "import and export", f"import and export, {LATENCY_MS} ms"
BULK_TABLE = "bulk_items"
SAMPLE_SECONDS = 0.02


def run(results: Results, _: Database) -> None:
    """Measure with the local DynamoDB, which limits all contestants; then with latency."""
    contestants = {
        RAW: partial(_peer, "raw", ITEMS, THREADS),
        PICUS: partial(_commands, HERE, ITEMS, THREADS),
        PICUS_TENTH: partial(_commands, HERE, ITEMS // 10, THREADS),
    }
    # These take the most time, so they have fewer rounds than everything else, and do not warm up.
    local = {name: partial(_with_empty_table, contestant) for name, contestant in contestants.items()}
    results.record(LOCAL, local, max(1, results.rounds // 7), warm_up=False)
    with fake_dynamodb(ITEMS, LATENCY_MS) as fake:
        runs: dict[str, Callable[[], Sample]] = {PYNAMODB: partial(_peer, "pynamodb", PYNAMODB_ITEMS, 1, fake)}
        for name, checkout in results.checkouts.items():
            runs[name] = partial(_commands, checkout, ITEMS, THREADS_WITH_LATENCY, fake)
        results.record(WITH_LATENCY, runs, max(1, results.rounds * len(results.checkouts) // 5), warm_up=False)


def _with_empty_table(contestant: Callable[[Database], Sample]) -> Sample:
    """Give the contestant a new local DynamoDB. One that has held other tables is slower and would hide differences."""
    with local_dynamodb() as database:
        database.client.create_table(BULK_TABLE)
        return contestant(database)


def _commands(checkout: Checkout, count: int, threads: int, database: Database) -> Sample:
    """Measure `import_items` and `export_items`, from the start of each process to its end."""
    with TemporaryDirectory(dir=WORK) as folder:
        path, exported = Path(folder) / "items.ndjson", Path(folder) / "exported.ndjson"
        made = ({"object_id": items.key(number), **items.document(number)} for number in range(count))
        path.write_text("".join(f"{json.dumps(item)}\n" for item in made))
        manage = [checkout.python, "manage.py"]
        imports = [*manage, "import_items", str(path), "--threads", str(threads)]
        exports = [*manage, "export_items", str(exported), "--segments", str(threads)]
        figures = [_run_measured(command, checkout.root, database)[:2] for command in (imports, exports)]
        found = exported.read_bytes().count(b"\n")
    if found != count:
        raise BenchError(f"{found} of {count} items exported")
    return _sample(count, *figures)


def _peer(kind: str, count: int, threads: int, database: Database) -> Sample:
    """Measure a peer, which prints its own seconds: its preparation does not count."""
    figures = []
    for what in ("import", "export"):
        command = [HERE.python, "bench/peers/bulk.py", f"{kind}_{what}", str(count), str(threads)]
        _, peak_mib, printed = _run_measured(command, ROOT, database)
        figures.append((float(printed), peak_mib))
    return _sample(count, *figures)


def _sample(count: int, imported: tuple[float, float], exported: tuple[float, float]) -> Sample:
    rates = {"import_rate": count / imported[0], "export_rate": count / exported[0]}
    return {**rates, "import_peak_mib": imported[1], "export_peak_mib": exported[1]}


def _run_measured(command: list[str], folder: Path, database: Database) -> tuple[float, float, str]:
    """Run the command alone on the contestants' core. Return its seconds, its peak in MiB and its output."""
    log, peak_mib, begun = WORK / "bulk.log", 0.0, time.perf_counter()
    env = environment(f"http://127.0.0.1:{database.port}", BULK_TABLE)
    process = start(command, log, (SERVER_CORE,), folder, env)
    # Not the peak of wait4(): that includes this process's own, from before the exec.
    ended = os.pidfd_open(process.pid)
    while not select.select([ended], [], [], SAMPLE_SECONDS)[0]:
        peak_mib = max(peak_mib, memory_mib(process.pid, "VmHWM"))
    seconds = time.perf_counter() - begun
    os.close(ended)
    if process.wait():
        raise BenchError(f"{' '.join(command)}: {log.read_text()}")
    return seconds, peak_mib, log.read_text()
