"""The tables of RESULTS.md; report_template.md has the text around them."""

from collections.abc import Iterable
from pathlib import Path

from bench import bulk, items, lists, targets, throughput
from bench.checkouts import BEFORE, PICUS
from bench.cold_start import COLD, PLAIN, WHOLE_STORE, ZAPPA_DEFAULTS
from bench.measurements import HEADINGS, Results, meets_bound, more_is_better, spread
from bench.throughput import CORES, GET, GET_WITH_LATENCY, PUT, SCALING, SCALING_WITH_LATENCY
from ecs import prices
from picus_api.core.values.item_size import item_size

TOLERANCE = 0.03
"""How much worse than the baseline a figure may be."""
VERSION_BYTES = 48
"""Picus adds a version attribute to each item."""
_MISSING = "(not measured)"

_LOAD = ["rate", "cpu_us", "p50_ms", "p99_ms", "load_percent", "resident_mib"]
_BULK = ["import_rate", "import_peak_mib", "export_rate", "export_peak_mib"]
# Table: its scenarios, the metrics in its columns, and the contestant that the first metric of all is divided by.
_TABLES: dict[str, tuple[list[str], list[str], str]] = {
    "load": ([GET, PUT, GET_WITH_LATENCY], _LOAD, PICUS),
    "scaling": ([CORES, SCALING, SCALING_WITH_LATENCY], ["cores_rate", *_LOAD], ""),
    "lists": (
        [lists.scenario(size) for size in lists.MAX_ROUNDS_BY_SIZE],
        ["total_ms", "first_byte_ms", "cpu_us_per_item", "peak_mib"],
        lists.BARE,
    ),
    "bulk": ([bulk.LOCAL, bulk.WITH_LATENCY], _BULK, ""),
    "cold": ([COLD], ["total_ms", "init_ms", "invoke_ms", "zip_mb"], ZAPPA_DEFAULTS),
}
# Scenario and the metrics that are compared with the baseline.
_BASELINE_METRICS = {
    GET: ["rate", "cpu_us"],
    PUT: ["rate", "cpu_us"],
    lists.scenario(lists.MIDDLE): ["total_ms"],
    bulk.WITH_LATENCY: ["import_rate", "export_rate"],
    COLD: ["total_ms", "zip_mb"],
}


def text(results: Results) -> str:
    """Return the whole page, without the sections that have no figures."""
    tables = {
        **{name: _contestants(results, *table) for name, table in _TABLES.items()},
        "targets": _table(["Picus", "target", "measured", "met"], targets.rows(results)),
        "baseline": _before_and_after(results),
        "prices": _prices(results),
        "machine": "\n".join(f"- {name}: {value}" for name, value in results.machine.items()),
    }
    modules = {"bulk": bulk, "lists": lists, "prices": prices, "throughput": throughput}
    # What TLS adds to the cold start, and what the whole certificate store would add, is the difference of contestants.
    times = [spread(results.values(COLD, name, "total_ms") or [0]).median for name in (PLAIN, PICUS, WHOLE_STORE)]
    tls_ms, store_ms = times[1] - times[0], times[2] - times[1]
    template = (Path(__file__).parent / "report_template.md").read_text()
    figures = {"minutes": results.seconds() / 60, "tls_ms": tls_ms, "store_ms": store_ms}
    page = template.format(results=results, tables=tables, **figures, **modules)
    return "\n## ".join(section for section in page.split("\n## ") if _MISSING not in section)


def _table(head: list[str], rows: Iterable[tuple[str, ...]]) -> str:
    """Return a Markdown table: the first column to the left, the others to the right."""
    lines = [head, ["---", *["--:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) if len(lines) > 2 else _MISSING


def _contestants(results: Results, scenarios: list[str], metrics: list[str], base: str) -> str:
    """Return a table with a row for each contestant of each scenario that was measured."""
    first, *others = metrics
    rows = []
    for scenario in scenarios:
        for name, samples in results.scenarios.get(scenario, {}).items():
            ratio = [results.ratio(scenario, name, base, first).text()] if base else []
            cells = [results.text(scenario, name, metric) for metric in metrics]
            rows.append((scenario, name, cells[0], *ratio, *cells[1:], f"{len(samples)}"))
    headings = [HEADINGS[metric] for metric in others]
    return _table(["", "", HEADINGS[first], *([f"÷ {base}"] if base else []), *headings, "rounds"], rows)


def _before_and_after(results: Results) -> str:
    rows = []
    for scenario, metrics in _BASELINE_METRICS.items():
        for metric in metrics if results.values(scenario, BEFORE, metrics[0]) else ():
            sides = [results.text(scenario, side, metric) for side in (BEFORE, PICUS)]
            ratio = results.ratio(scenario, PICUS, BEFORE, metric)
            kept = meets_bound(metric, ratio.median, 1 - TOLERANCE if more_is_better(metric) else 1 + TOLERANCE)
            rows.append((f"{scenario}: {HEADINGS[metric]}", *sides, ratio.text(), "yes" if kept else "**no**"))
    return _table(["", "before", "after", "after ÷ before", f"at most {TOLERANCE:.0%} worse"], rows)


def _prices(results: Results) -> str:
    size, count = item_size(items.wire_item(1)) + VERSION_BYTES, lists.MIDDLE
    reads = prices.DYNAMODB_MILLION_READ_UNITS * prices.read_units(size)
    writes = prices.DYNAMODB_MILLION_WRITE_UNITS * prices.write_units(size)
    scans = prices.DYNAMODB_MILLION_READ_UNITS * prices.read_units(size * count)
    # What there is a million of, the scenario and metric of its CPU, how often that counts, and DynamoDB's price.
    rows = []
    for name, scenario, metric, times, dynamodb in (
        ("gets", GET, "cpu_us", 1, reads),
        ("puts", PUT, "cpu_us", 1, writes),
        (f"lists of {count:,} items", lists.scenario(count), "cpu_us_per_item", count, scans),
    ):
        if scenario in results.scenarios:
            cpu_us = results.spread(scenario, PICUS, metric).median * times  # of one: seconds of a million
            fargate = prices.fargate_dollars(cpu_us)
            figures = (f"{cpu_us:,.0f}", f"{fargate:,.2f}", f"{dynamodb:,.2f}", f"{fargate + dynamodb:,.2f}")
            rows.append((f"a million {name}", *figures))
    return _table(["", "CPU µs each", "Fargate $", "DynamoDB $", "together $"], rows)
