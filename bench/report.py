"""The tables of RESULTS.md; report_template.md has the text around them."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from bench import baseline, bulk, cold_start, items, lists, prices, targets, throughput
from bench.cold_start import COLD
from bench.measurements import Results
from bench.servers import PICUS
from bench.throughput import CORES, GET, GET_LATE, LATENCY_MS, ONE_CORE, PUT, SCALING, TWO_CORES
from picus_api.core.values.item_size import item_size

TOLERANCE = 0.03
"""How much worse than the baseline a figure may be."""
MILLION = 1_000_000
VERSION_BYTES = 48
"""Picus adds a version attribute to each item."""
_MISSING = "(not measured)"

Cell = Callable[[Results, str, str], str]
"""The text of a cell, by scenario and contestant."""


def text(results: Results) -> str:
    """Return the whole page, without the sections that have no figures."""
    tables = {
        "targets": _table(("Picus", "target", "measured", "met"), targets.rows(results)),
        "baseline": _before_and_after(results),
        "load": _contestants(results, [GET, PUT, GET_LATE], _LOAD),
        "prices": _prices(results),
        "cores": _cores(results),
        "scaling": _scaling(results),
        "lists": _contestants(results, map(lists.scenario, lists.MOST_ROUNDS), _LISTS),
        "bulk": _contestants(results, [bulk.DIRECT, bulk.LATE], _BULK),
        "cold": _contestants(results, [COLD], _COLD),
        "tls": _tls(results),
        "machine": "\n".join(f"- {name}: {value}" for name, value in results.machine.items()),
    }
    settings = defaultdict(float, results.settings)
    template = (Path(__file__).parent / "report_template.md").read_text()
    modules = {"baseline": baseline, "bulk": bulk, "lists": lists, "prices": prices, "throughput": throughput}
    page = template.format(results=results, tables=tables, settings=settings, **modules)
    return "\n## ".join(section for section in page.split("\n## ") if _MISSING not in section)


def _table(head: Iterable[str], rows: Sequence[tuple[str, ...]]) -> str:
    """Return a Markdown table: the first column to the left, the others to the right."""
    lines = [tuple(head), *rows]
    lines.insert(1, ("---", *["--:"] * (len(lines[0]) - 1)))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) if rows else _MISSING


def _contestants(results: Results, scenarios: Iterable[str], columns: Mapping[str, Cell]) -> str:
    """Return a table with a row for each contestant of each scenario that was measured."""
    rows = [
        (scenario, name, *(cell(results, scenario, name) for cell in columns.values()))
        for scenario in scenarios
        for name in results.scenarios.get(scenario, ())
    ]
    return _table(("", "", *columns), rows)


def _spread(metric: str, digits: int = 0) -> Cell:
    def cell(results: Results, scenario: str, name: str) -> str:
        measured = metric in results.scenarios[scenario][name][0]
        return results.spread(scenario, name, metric).text(digits) if measured else ""

    return cell


def _peak(metric: str, digits: int = 0) -> Cell:
    def cell(results: Results, scenario: str, name: str) -> str:
        measured = results.scenarios[scenario][name][0].get(metric)
        return f"{results.peak(scenario, name, metric):,.{digits}f}" if measured else ""

    return cell


def _rate_ratio(results: Results, scenario: str, name: str) -> str:
    return results.ratio(scenario, PICUS, name, "rate").text()


def _to_bare(results: Results, scenario: str, name: str) -> str:
    return f"{results.ratio(scenario, name, lists.BARE, 'total_ms').median:.2f}"


def _rounds(results: Results, scenario: str, name: str) -> str:
    return str(len(results.scenarios[scenario][name]))


_LOAD = {
    "requests/s": _spread("rate"),
    "Picus ÷ it": _rate_ratio,
    "CPU µs/request": _spread("cpu_us"),
    "p50 ms": _spread("p50_ms", 1),
    "p99 ms": _spread("p99_ms", 1),
    "other core busy, %": _spread("other_core_percent"),
    "resident MB": _peak("resident_mb"),
}
_LISTS = {
    "ms": _spread("total_ms"),
    "÷ bare Scan": _to_bare,
    "first byte ms": _spread("first_byte_ms"),
    "CPU µs/item": _spread("cpu_us_per_item", 1),
    "peak MB": _peak("peak_mb"),
    "rounds": _rounds,
}
_BULK = {
    "items/s imported": _spread("import_rate"),
    "peak MB": _peak("import_peak_mb"),
    "items/s exported": _spread("export_rate"),
    "peak MB ": _peak("export_peak_mb"),
    "rounds": _rounds,
}
_COLD = {
    "to the end of the first delete, ms": _spread("total_ms"),
    "init ms": _spread("init_ms"),
    "invoke ms": _spread("invoke_ms"),
    "zip MB": _peak("zip_mb", 1),
    "rounds": _rounds,
}


def _before_and_after(results: Results) -> str:
    rows = []
    for name, scenario, metric, digits, more_is_better in baseline.FIGURES:
        if scenario in results.scenarios:
            sides = [results.spread(scenario, side, metric).text(digits) for side in (baseline.BEFORE, baseline.AFTER)]
            ratio = results.ratio(scenario, baseline.AFTER, baseline.BEFORE, metric)
            kept = ratio.median >= 1 - TOLERANCE if more_is_better else ratio.median <= 1 + TOLERANCE
            rows.append((name, *sides, ratio.text(3), "yes" if kept else "**no**"))
    return _table(("", "before", "after", "after ÷ before", f"at most {TOLERANCE:.0%} worse"), rows)


def _prices(results: Results) -> str:
    size, count = item_size(items.wire_item(1)) + VERSION_BYTES, lists.MIDDLE
    whole_list = lists.scenario(count)
    # Name, scenario, metric and how often it counts for each request, and the units of a request.
    priced = [
        ("a million gets", GET, "cpu_us", 1, {"read_units": prices.consistent_reads(size)}),
        ("a million puts", PUT, "cpu_us", 1, {"write_units": prices.writes(size)}),
        (f"a million lists of {count:,} items", whole_list, "cpu_us_per_item", count,
         {"read_units": prices.consistent_scan(size * count)}),
    ]  # fmt: skip
    rows = []
    for name, scenario, metric, times, units in priced:
        if scenario in results.scenarios:
            cpu = results.median(scenario, PICUS, metric) * times
            cost = prices.cost(MILLION, cpu, **units)
            figures = (f"{cpu:,.0f}", f"{sum(units.values()):,.0f}", *(f"{each:,.2f}" for each in (*cost, cost.total)))
            rows.append((name, *figures))
    return _table(("", "CPU µs each", "units each", "Fargate $", "DynamoDB $", "together $"), rows)


def _cores(results: Results) -> str:
    rows = []
    for count, name in enumerate((ONE_CORE, TWO_CORES), start=1):
        if CORES in results.scenarios:
            cpu, share = results.spread(CORES, name, "cpu_us"), results.median(CORES, name, "least_share")
            rows.append((name, cpu.text(0), f"{share:.0%}", f"{count / cpu.median * 1e6:,.0f}"))
    return _table(("", "CPU µs/request", "the less busy one's share", "requests/s of as many whole cores"), rows)


def _scaling(results: Results) -> str:
    parts = {part: results.scenarios.get(f"{SCALING}, {part}", {}) for part in (GET, PUT, GET_LATE)}
    late = f"{SCALING}, {GET_LATE}"
    rows = []
    for name in parts[GET_LATE]:
        rates = [results.spread(f"{SCALING}, {part}", name, "rate").text(0) for part in parts]
        p99, resident = results.spread(late, name, "p99_ms"), results.peak(late, name, "resident_mb")
        rows.append((name, *rates, p99.text(1), f"{resident:.0f}"))
    heads = [f"{part}: requests/s" for part in parts]
    return _table(("workers × threads", *heads, f"p99 ms at {LATENCY_MS} ms", "MB of all workers"), rows)


def _tls(results: Results) -> str:
    """Return what TLS adds to the cold start, by the differences between contestants."""
    if COLD not in results.scenarios:
        return _MISSING
    plain, ours, whole = (
        results.median(COLD, name, "total_ms") for name in (cold_start.PLAIN, PICUS, cold_start.WHOLE_STORE)
    )
    return (
        f"TLS costs Picus {ours - plain:.0f} ms: the import of `ssl`, Amazon's authorities and the handshake. "
        f"The whole certificate store would cost {whole - ours:.0f} ms more."
    )
