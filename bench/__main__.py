"""``make bench``: measure Picus beside its peers, into bench/RESULTS.md and bench/results.svg.

``--baseline REV`` adds a comparison with another commit. ``--only get,list --rounds 5`` measures a part, and its report
goes to build/bench/. ``--report`` writes the report of the last whole run again.
"""

import argparse
import json
import os
import sys
from pathlib import Path

from bench import baseline, bulk, chart, cold_start, lists, report, throughput
from bench.dynamodb import BINARY, local_dynamodb
from bench.machine import CORES, LOAD_CORE, WORK, BenchError, description, run
from bench.measurements import Recorder, Results
from bench.servers import HERE

PARTS = (throughput.GET, throughput.PUT, "latency", "cores", "scaling", "list", "bulk", "cold", "baseline")


def main() -> None:
    options = _options()
    WORK.mkdir(parents=True, exist_ok=True)
    kept, folder = WORK / "results.json", Path(__file__).parent
    if options.report:
        _write(Results(**json.loads(kept.read_text())), folder)
        return
    try:
        _check_machine()
        results = _measure(options)
    except (BenchError, OSError) as error:
        sys.exit(f"bench: {error}")
    if set(options.only) < set(PARTS):
        folder = WORK
    else:
        results.save(kept)
    _write(results, folder)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench BENCH=…", description="Measure Picus beside its peers.")
    parser.add_argument("--only", type=_parts, default=PARTS, help=f"some of {','.join(PARTS)}; default: all")
    parser.add_argument("--baseline", metavar="REV", help="compare with this commit as well")
    parser.add_argument("--rounds", type=int, default=15, help="rounds of get, put and list; default 15")
    parser.add_argument("--report", action="store_true", help="write the report of the last whole run again")
    options = parser.parse_args()
    if options.only == ("baseline",) and not options.baseline:
        parser.error("which commit is the baseline? --baseline REV")
    return options


def _parts(text: str) -> tuple[str, ...]:
    parts = tuple(text.split(","))
    if unknown := set(parts) - set(PARTS):
        raise argparse.ArgumentTypeError(f"there is no part {', '.join(sorted(unknown))}; parts are {', '.join(PARTS)}")
    return parts


def _check_machine() -> None:
    if len(CORES) < 2:
        raise BenchError("one core is too few: the contestant has a core of its own.")
    for needed in (BINARY, HERE.package):
        if not needed.is_file():
            raise BenchError(f"{needed} is missing: run `make bench`. Linux x64 only.")


def _measure(options: argparse.Namespace) -> Results:
    settings = {"rounds": options.rounds, "seconds": throughput.ROUND_SECONDS, "clients": throughput.CLIENTS}
    results = Results(description(), settings)
    if options.baseline:  # a wrong name fails now, not after all other parts
        results.baseline = run("git", "rev-parse", "--verify", "--short", f"{options.baseline}^{{commit}}")
    recorder = Recorder(results)
    # Contestants are pinned to the other core as they start.
    os.sched_setaffinity(0, {LOAD_CORE})
    with local_dynamodb() as database:
        parts = {
            "latency": lambda: throughput.with_latency(recorder),
            "cores": lambda: throughput.cores(recorder),
            "scaling": lambda: throughput.scaling(recorder, database),
            "list": lambda: lists.run(recorder, database),
            "bulk": lambda: bulk.run(recorder),
            "cold": lambda: cold_start.run(recorder, database),
        }
        throughput.get_and_put(recorder, database, options.only)
        for name in options.only:
            parts.get(name, lambda: None)()
    if results.baseline and "baseline" in options.only:
        baseline.run(recorder)
    settings["minutes"] = recorder.elapsed() / 60
    return results


def _write(results: Results, folder: Path) -> None:
    (folder / "RESULTS.md").write_text(report.text(results))
    (folder / "results.svg").write_text(chart.svg(results))
    print(f"Written: {folder}/RESULTS.md and results.svg")


if __name__ == "__main__":
    main()
