"""The tables of RESULTS.md; report_template.md has the text around them."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from bench import baseline, bulk, items, lists, targets, throughput
from bench.cold_start import COLD, PLAIN, WHOLE_STORE
from bench.measurements import METRICS, Results, is_kept, more_is_better
from bench.servers import PICUS
from bench.throughput import CORES, GET, GET_LATE, PUT, SCALING, SCALING_LATE
from ecs import prices
from picus_api.core.values.item_size import item_size

TOLERANCE = 0.03
"""How much worse than the baseline a figure may be."""
MILLION = 1_000_000
VERSION_BYTES = 48
"""Picus adds a version attribute to each item."""
_MISSING = "(not measured)"


class Ratio(NamedTuple):
    """A column that compares each contestant with one of them, by a metric."""

    heading: str
    metric: str
    above: str = ""
    below: str = ""


_LOAD = ["cpu_us", "p50_ms", "p99_ms", "load_percent", "resident_mb"]
# Table: its scenarios, and its columns: metrics and ratios.
_TABLES: dict[str, tuple[list[str], list[str | Ratio]]] = {
    "load": ([GET, PUT, GET_LATE], ["rate", Ratio("Picus ÷ it", "rate", above=PICUS), *_LOAD]),
    "cores": ([CORES], ["cores_rate", "rate", *_LOAD]),
    "scaling": ([SCALING, SCALING_LATE], ["rate", *_LOAD]),
    "lists": (
        [lists.scenario(size) for size in lists.MOST_ROUNDS],
        ["total_ms", Ratio("÷ bare Scan", "total_ms", below=lists.BARE), "first_byte_ms", "cpu_us_per_item", "peak_mb"],
    ),
    "bulk": ([bulk.DIRECT, bulk.LATE], ["import_rate", "import_peak_mb", "export_rate", "export_peak_mb"]),
    "cold": ([COLD], ["total_ms", "init_ms", "invoke_ms", "zip_mb"]),
}


def text(results: Results) -> str:
    """Return the whole page, without the sections that have no figures."""
    tables = {
        **{name: _contestants(results, *table) for name, table in _TABLES.items()},
        "targets": _table(["Picus", "target", "measured", "met"], targets.rows(results)),
        "baseline": _before_and_after(results),
        "prices": _prices(results),
        "tls": _tls(results),
        "machine": "\n".join(f"- {name}: {value}" for name, value in results.machine.items()),
    }
    modules = {"baseline": baseline, "bulk": bulk, "lists": lists, "prices": prices, "throughput": throughput}
    template = (Path(__file__).parent / "report_template.md").read_text()
    page = template.format(results=results, minutes=results.seconds() / 60, tables=tables, **modules)
    return "\n## ".join(section for section in page.split("\n## ") if _MISSING not in section)


def _table(head: list[str], rows: Iterable[tuple[str, ...]]) -> str:
    """Return a Markdown table: the first column to the left, the others to the right."""
    lines = [head, ["---", *["--:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) if len(lines) > 2 else _MISSING


def _contestants(results: Results, scenarios: list[str], columns: list[str | Ratio]) -> str:
    """Return a table with a row for each contestant of each scenario that was measured."""
    rows = [
        (scenario, name, *(_cell(results, scenario, name, column) for column in columns))
        for scenario in scenarios
        for name in results.scenarios.get(scenario, ())
    ]
    headings = [METRICS[column].heading if isinstance(column, str) else column.heading for column in columns]
    return _table(["", "", *headings], rows)


def _cell(results: Results, scenario: str, name: str, column: str | Ratio) -> str:
    if isinstance(column, Ratio):
        return results.ratio(scenario, column.above or name, column.below or name, column.metric).text()
    if not results.values(scenario, name, column):
        return ""
    return results.spread(scenario, name, column).text(METRICS[column].digits)


def _before_and_after(results: Results) -> str:
    rows = []
    for scenario, metric in baseline.FIGURES:
        if scenario in results.scenarios:
            sides = [_cell(results, scenario, side, metric) for side in (baseline.BEFORE, baseline.AFTER)]
            ratio = results.ratio(scenario, baseline.AFTER, baseline.BEFORE, metric)
            kept = is_kept(metric, ratio.median, 1 - TOLERANCE if more_is_better(metric) else 1 + TOLERANCE)
            name = f"{scenario.removeprefix(baseline.PREFIX)}: {METRICS[metric].heading}"
            rows.append((name, *sides, ratio.text(3), "yes" if kept else "**no**"))
    return _table(["", "before", "after", "after ÷ before", f"at most {TOLERANCE:.0%} worse"], rows)


def _prices(results: Results) -> str:
    size, count = item_size(items.wire_item(1)) + VERSION_BYTES, lists.MIDDLE
    # What a million of, its scenario and metric, how often the metric counts for each, and the units of each.
    priced = [
        ("gets", GET, "cpu_us", 1, {"read_units": prices.consistent_reads(size)}),
        ("puts", PUT, "cpu_us", 1, {"write_units": prices.writes(size)}),
        (f"lists of {count:,} items", lists.scenario(count), "cpu_us_per_item", count,
         {"read_units": prices.consistent_scan(size * count)}),
    ]  # fmt: skip
    rows = []
    for name, scenario, metric, times, units in priced:
        if scenario in results.scenarios:
            cpu = results.spread(scenario, PICUS, metric).median * times
            cost = prices.cost(MILLION, cpu, **units)
            figures = (f"{cpu:,.0f}", f"{sum(units.values()):,.0f}", *(f"{each:,.2f}" for each in (*cost, cost.total)))
            rows.append((f"a million {name}", *figures))
    return _table(["", "CPU µs each", "units each", "Fargate $", "DynamoDB $", "together $"], rows)


def _tls(results: Results) -> str:
    """Return what TLS adds to the cold start, by the differences between contestants."""
    if COLD not in results.scenarios:
        return _MISSING
    plain, ours, whole = (results.spread(COLD, name, "total_ms").median for name in (PLAIN, PICUS, WHOLE_STORE))
    return (
        f"TLS costs Picus {ours - plain:.0f} ms: the import of `ssl`, Amazon's authorities and the handshake. "
        f"The whole certificate store would cost {whole - ours:.0f} ms more."
    )
