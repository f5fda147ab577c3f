"""Import and export of many items, beside raw requests from as many threads and beside PynamoDB's own loops."""

import json
import os
import select
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import items
from bench.dynamodb import Database, fake_dynamodb, local_dynamodb
from bench.machine import ROOT, SERVER_CORE, WORK, BenchError, memory_mb, pinned
from bench.measurements import Recorder, Sample
from bench.servers import HERE, PICUS, Checkout, environment

ITEMS = 100_000
PYNAMODB_ITEMS = 20_000
"""For PynamoDB's loops, which would take too long."""
LATENCY_MS = 5
THREADS, LATE_THREADS = 4, 8
RAW, PYNAMODB, PICUS_TENTH = "Raw requests", "PynamoDB", "Picus, a tenth of the items"
DIRECT, LATE = "import and export", f"import and export, {LATENCY_MS} ms"
TABLE = "bulk_items"
SAMPLE_SECONDS = 0.02


def run(recorder: Recorder) -> None:
    """Measure with the local DynamoDB, whose speed limits everybody; then with latency alone."""
    # These take the most time, so they have fewer rounds than everything else.
    direct, late = max(1, recorder.rounds // 7), max(1, recorder.rounds // 5)
    with TemporaryDirectory(dir=WORK) as folder:
        path, tenth = write_items(Path(folder), ITEMS), write_items(Path(folder), ITEMS // 10)
        contestants = {
            RAW: partial(_peer, "raw", ITEMS, THREADS),
            PICUS: partial(commands, HERE, path, ITEMS, THREADS),
            PICUS_TENTH: partial(commands, HERE, tenth, ITEMS // 10, THREADS),
        }
        recorder.record(DIRECT, {name: partial(_with_empty_table, run) for name, run in contestants.items()}, direct)
        with fake_dynamodb(ITEMS) as database:
            database.set_latency(LATENCY_MS)
            runs: dict[str, Callable[[], Sample]] = {
                PYNAMODB: partial(_peer, "pynamodb", PYNAMODB_ITEMS, LATE_THREADS, database)
            }
            runs[PICUS] = partial(commands, HERE, path, ITEMS, LATE_THREADS, database)
            recorder.record(LATE, runs, late)


def write_items(folder: Path, count: int) -> Path:
    """Write so many items as NDJSON. Return the file."""
    path = folder / f"{count}.ndjson"
    with path.open("w") as file:
        for number in range(count):
            file.write(json.dumps({"object_id": items.key(number), **items.document(number)}) + "\n")
    return path


def _with_empty_table(run: Callable[[Database], Sample]) -> Sample:
    """Give the run a new local DynamoDB: one that has held other tables is slower, by more than what is compared."""
    with local_dynamodb() as database:
        database.client.create_table(TABLE)
        return run(database)


def commands(checkout: Checkout, path: Path, count: int, threads: int, database: Database) -> Sample:
    """Measure `import_items` and `export_items`, from the start of each process to its end."""
    exported = path.with_name("exported.ndjson")
    manage = [checkout.python, "manage.py"]
    imports = [*manage, "import_items", str(path), "--threads", str(threads)]
    exports = [*manage, "export_items", str(exported), "--segments", str(threads), "--overwrite"]
    import_seconds, import_mb, _ = _finished(imports, checkout.root, database)
    export_seconds, export_mb, _ = _finished(exports, checkout.root, database)
    with exported.open("rb") as file:
        found = sum(1 for _ in file)
    if found != count:
        raise BenchError(f"{found} of {count} items exported")
    return _sample(count, import_seconds, import_mb, export_seconds, export_mb)


def _peer(kind: str, count: int, threads: int, database: Database) -> Sample:
    """Measure a peer, which prints its own seconds: its preparation does not count."""
    figures = []
    for what in ("import", "export"):
        command = [HERE.python, "bench/peers/bulk.py", f"{kind}-{what}", str(count), str(threads)]
        _, peak_mb, printed = _finished(command, ROOT, database)
        figures += [float(printed), peak_mb]
    return _sample(count, *figures)


def _sample(count: int, import_seconds: float, import_mb: float, export_seconds: float, export_mb: float) -> Sample:
    rates = {"import_rate": count / import_seconds, "export_rate": count / export_seconds}
    return {**rates, "import_peak_mb": import_mb, "export_peak_mb": export_mb}


def _finished(command: list[str], folder: Path, database: Database) -> tuple[float, float, str]:
    """Run the command alone on the contestants' core. Return its seconds, its peak in MB and its output."""
    log = WORK / "bulk.log"
    with log.open("wb") as output, pinned(SERVER_CORE):
        started = time.perf_counter()
        env = environment(database, TABLE)
        process = subprocess.Popen(command, cwd=folder, env=env, stdout=output, stderr=subprocess.STDOUT)
    # Not the peak of wait4(): that includes this process's own, from before the exec.
    peak_mb, ended = 0.0, os.pidfd_open(process.pid)
    while not select.select([ended], [], [], SAMPLE_SECONDS)[0]:
        with suppress(OSError, ValueError):  # it has just ended
            peak_mb = max(peak_mb, memory_mb(process.pid, "VmHWM"))
    seconds = time.perf_counter() - started
    os.close(ended)
    if process.wait():
        raise BenchError(f"{' '.join(command)}: {log.read_text()}")
    return seconds, peak_mb, log.read_text()
