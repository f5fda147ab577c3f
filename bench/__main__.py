"""``make bench``: measure Picus beside its peers, into bench/RESULTS.md and bench/results.svg.

``--baseline REV`` adds another commit of Picus to the contestants. ``--only get,list`` measures a part, and its report
goes to build/bench/. A run of all parts replaces the published report, even with ``--rounds 1`` or ``--baseline``.
"""

import argparse
import os
import sys
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from bench import bulk, chart, cold_start, lists, report, throughput
from bench.checkouts import BEFORE, checked_out
from bench.dynamodb import Database, local_dynamodb
from bench.machine import ALLOWED_CORES, LOAD_CORE, WORK, BenchError, description, output_of
from bench.measurements import Results

PARTS: dict[str, Callable[[Results, Database], None]] = {
    **{part: partial(throughput.run, part) for part in throughput.SCENARIOS},
    "cores": throughput.run_cores,
    "list": lists.run,
    "bulk": bulk.run,
    "cold": cold_start.run,
}


def main() -> None:
    options = _options()
    WORK.mkdir(parents=True, exist_ok=True)
    try:
        results = _measure(options)
    except (AssertionError, BenchError, OSError) as error:
        sys.exit(f"bench: {error}")
    folder = WORK if set(options.only) < set(PARTS) else Path(__file__).parent
    (folder / "RESULTS.md").write_text(report.text(results))
    (folder / "results.svg").write_text(chart.svg(results))
    print(f"Written: {folder}/RESULTS.md and results.svg")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench BENCH=…", description="Measure Picus beside its peers.")
    parser.add_argument("--only", default=",".join(PARTS), help="some parts; default: %(default)s")
    parser.add_argument("--baseline", metavar="REV", help="compare with this commit as well")
    parser.add_argument("--rounds", type=int, default=15, help="rounds of get and put; default %(default)s")
    options = parser.parse_args()
    options.only = options.only.split(",")
    if unknown := set(options.only) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}; parts are {', '.join(PARTS)}")
    return options


def _measure(options: argparse.Namespace) -> Results:
    if len(ALLOWED_CORES) < 2:
        raise BenchError("one core is too few: the contestant has a core of its own.")
    results = Results(options.rounds, description())
    # Contestants are pinned to the other core as they start.
    os.sched_setaffinity(0, {LOAD_CORE})
    with ExitStack() as stack:
        if options.baseline:
            results.baseline = output_of("git", "rev-parse", "--verify", "--short", f"{options.baseline}^{{commit}}")
            results.print_progress(f"building {results.baseline}")
            results.checkouts = {BEFORE: stack.enter_context(checked_out(results.baseline)), **results.checkouts}
        database = stack.enter_context(local_dynamodb())
        for part in options.only:
            PARTS[part](results, database)
    return results


if __name__ == "__main__":
    main()
