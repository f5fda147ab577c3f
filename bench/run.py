"""``make bench``: everything side by side, into bench/RESULTS.md and bench/results.svg.

``--only get,list --rounds 5`` measures a part and leaves those two alone: its report goes to build/bench/.
``--report`` writes the report of the last whole run again, without measuring.
"""

import argparse
import os
import sys
import time
from contextlib import ExitStack
from pathlib import Path

from bench import bulk, chart, cold_start, database, growth, lists, report, versions
from bench.database import TABLE, Database
from bench.dynamodb import DynamoDBError
from bench.load import LoadError
from bench.machine import CORES, LOAD_CORE, description, memory_mb
from bench.results import Results
from bench.scenarios import CLIENTS, DELAYED, GET, LATENCIES_MS, PUT, TARGET_DELAY_MS, rounds, warm_up
from bench.servers import CONTESTANTS, WORK, StartError, served

FOLDER = Path(__file__).parent
PARTS = ("get", "put", "delayed", "latency", "growth", "list", "bulk", "cold")
_started = time.perf_counter()


def main() -> None:
    options = _options()
    WORK.mkdir(parents=True, exist_ok=True)
    kept = WORK / "results.json"
    if options.report:
        _write(Results.load_from(kept), FOLDER)
        return
    _check_machine()
    try:
        results = _measure(options)
    except (LoadError, StartError, DynamoDBError, cold_start.ColdStartError, OSError) as error:
        sys.exit(f"bench: {error}")
    if set(options.only) == set(PARTS):
        results.save(kept)
        _write(results, FOLDER)
    else:
        _write(results, WORK)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure Picus beside its peers.")
    parser.add_argument("--only", type=_parts, default=PARTS, help=f"some of {','.join(PARTS)}; default: all")
    parser.add_argument("--rounds", type=int, default=15, help="paired rounds of get, put and list; default 15")
    parser.add_argument("--seconds", type=float, default=0.5, help="length of a round; default 0.5")
    parser.add_argument("--report", action="store_true", help="only write the report of the last whole run again")
    return parser.parse_args()


def _parts(text: str) -> tuple[str, ...]:
    parts = tuple(text.split(","))
    if unknown := set(parts) - set(PARTS):
        raise argparse.ArgumentTypeError(f"there is no {', '.join(sorted(unknown))}")
    return parts


def _check_machine() -> None:
    if len(CORES) < 2:
        sys.exit("bench: one core is too few: the contestant has one of its own.")
    if not database.BINARY.is_file():
        sys.exit("bench: the local DynamoDB is missing: run `make bench`, or `npm ci --prefix bench`. Linux x64 only.")


def _say(text: str) -> None:
    print(f"{time.perf_counter() - _started:4.0f} s {text}", flush=True)


def _measure(options: argparse.Namespace) -> Results:
    results = Results(description(), versions.all_of_them())
    results.settings = {"rounds": options.rounds, "seconds": options.seconds, "clients": CLIENTS}
    # Contestants are pinned elsewhere as they start.
    os.sched_setaffinity(0, {LOAD_CORE})
    with database.running() as local:
        _direct(local, results, options)
        _delayed(local, results, options)
        if "growth" in options.only:
            _say("threads and workers")
            growth.run(local, results, max(3, options.rounds // 5), options.seconds, _say)
        if "list" in options.only:
            _say("list")
            lists.run(local, results, options.rounds, _say)
        if "bulk" in options.only:
            _say("import and export")
            bulk.run(results, options.rounds, _say)
        if "cold" in options.only:
            _say("cold start")
            cold_start.run(local, results, _say)
    results.seconds = time.perf_counter() - _started
    return results


def _direct(local: Database, results: Results, options: argparse.Namespace) -> None:
    """Get and put against DynamoDB as fast as it is."""
    scenarios = {name: request for name, request in (("get", GET), ("put", PUT)) if name in options.only}
    if not scenarios:
        return
    with ExitStack() as stack:
        targets = {c.name: stack.enter_context(served(c, local.port, TABLE, local.pids)) for c in CONTESTANTS}
        for name, request in scenarios.items():
            _say(name)
            warm_up(targets, request)
            results.load[name] = rounds(targets, request, options.rounds, options.seconds, _say)
        for name, target in targets.items():
            results.resident[name] = max(memory_mb(pid, "VmRSS") for pid in target.workers)


def _delayed(local: Database, results: Results, options: argparse.Namespace) -> None:
    """Get with some latency of DynamoDB: the target's in all rounds, the table's in some."""
    wanted = {TARGET_DELAY_MS: options.rounds} if "delayed" in options.only else {}
    if "latency" in options.only:
        wanted |= dict.fromkeys(LATENCIES_MS, max(3, options.rounds // 3))
    if not wanted:
        return
    with ExitStack() as stack:
        targets = {c.name: stack.enter_context(served(c, local.delayed_port, TABLE, local.pids)) for c in CONTESTANTS}
        warm_up(targets, GET)
        for delay, count in wanted.items():
            results.delays[str(delay)] = local.delay(delay)
            _say(f"get, DynamoDB {results.delays[str(delay)]:.1f} ms slower")
            results.load[DELAYED.format(delay)] = rounds(targets, GET, count, options.seconds, _say)


def _write(results: Results, folder: Path) -> None:
    (folder / "RESULTS.md").write_text(report.text(results))
    (folder / "results.svg").write_text(chart.svg(results))
    print(f"Written: {folder}/RESULTS.md and results.svg")


if __name__ == "__main__":
    main()
