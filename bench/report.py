"""The tables of RESULTS.md; report_template.md has the text around them."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from bench import baseline, bulk, lists, targets, throughput
from bench.cold_start import COLD
from bench.functions import NOOP
from bench.measurements import Results
from bench.servers import PICUS
from bench.throughput import GET, GET_LATE, LATENCIES_MS, LATENCY_MS, PUT, SCALING

TASKS = (0.25, 0.5, 2)
"""vCPUs of the Fargate tasks in the table; a task of one vCPU does what one core does."""
TOLERANCE = 0.03
"""How much worse than the baseline a figure may be."""
_MISSING = "(not measured)"

Column = tuple[str, Callable[[Results, str, str], str]]
"""The head, and the cell for a scenario and a contestant."""


def text(results: Results) -> str:
    """Return the whole page, without the sections that have no figures."""
    tables = {
        "targets": _table(("Picus", "target", "measured", "met"), targets.rows(results)),
        "baseline": _before_and_after(results),
        "load": _contestants(results, [GET, PUT, GET_LATE], _LOAD),
        "tasks": _tasks(results),
        "scaling": _scaling(results),
        "lists": _contestants(results, map(lists.scenario, lists.MOST_ROUNDS), _LISTS),
        "bulk": _contestants(results, [bulk.DIRECT, bulk.LATE], _BULK),
        "cold": _contestants(results, [COLD], _COLD),
        "machine": "\n".join(f"- {name}: {value}" for name, value in results.machine.items()),
    }
    settings = defaultdict(float, results.settings)
    template = (Path(__file__).parent / "report_template.md").read_text()
    modules = {"baseline": baseline, "bulk": bulk, "lists": lists, "throughput": throughput}
    page = template.format(results=results, tables=tables, settings=settings, **modules)
    return "\n## ".join(section for section in page.split("\n## ") if _MISSING not in section)


def _table(head: Iterable[str], rows: Sequence[tuple[str, ...]]) -> str:
    """Return a Markdown table: the first column to the left, the others to the right."""
    lines = [tuple(head), *rows]
    lines.insert(1, ("---", *["--:"] * (len(lines[0]) - 1)))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) if rows else _MISSING


def _contestants(results: Results, scenarios: Iterable[str], columns: list[Column]) -> str:
    """Return a table with a row for each contestant of each scenario that was measured."""
    measured = [scenario for scenario in scenarios if scenario in results.scenarios]
    labelled = len(measured) > 1
    rows = [
        ((scenario, name) if labelled else (name,)) + tuple(cell(results, scenario, name) for _, cell in columns)
        for scenario in measured
        for name in results.scenarios[scenario]
    ]
    return _table((("", "") if labelled else ("",)) + tuple(head for head, _ in columns), rows)


def _figure(head: str, metric: str, digits: int = 0) -> Column:
    def cell(results: Results, scenario: str, name: str) -> str:
        measured = metric in results.scenarios[scenario][name][0]
        return results.spread(scenario, name, metric).text(digits) if measured else ""

    return head, cell


def _peak(head: str, metric: str, digits: int = 0) -> Column:
    def cell(results: Results, scenario: str, name: str) -> str:
        measured = results.scenarios[scenario][name][0].get(metric)
        return f"{results.peak(scenario, name, metric):,.{digits}f}" if measured else ""

    return head, cell


def _picus_ratio(metric: str) -> Column:
    return "Picus ÷ it", lambda results, scenario, name: results.ratio(scenario, PICUS, name, metric).text()


def _to_bare(results: Results, scenario: str, name: str) -> str:
    bare = results.median(scenario, lists.BARE, "total_ms")
    return f"{results.median(scenario, name, 'total_ms') / bare:.2f}"


def _above_noop(results: Results, scenario: str, name: str) -> str:
    return f"{results.median(scenario, name, 'total_ms') - results.median(scenario, NOOP, 'total_ms'):,.0f}"


_ROUNDS: Column = ("rounds", lambda results, scenario, name: str(len(results.scenarios[scenario][name])))
_LOAD = [
    _figure("requests/s", "rate"),
    _picus_ratio("rate"),
    _figure("CPU µs/request", "cpu_us"),
    _picus_ratio("cpu_us"),
    _figure("p50 ms", "p50_ms", 1),
    _figure("p99 ms", "p99_ms", 1),
    _figure("other core busy, %", "other_core_percent"),
    _peak("resident MB", "resident_mb"),
]
_LISTS = [
    _figure("ms", "total_ms"),
    ("÷ bare Scan", _to_bare),
    _figure("first byte ms", "first_byte_ms"),
    _figure("CPU µs/item", "cpu_us_per_item", 1),
    _peak("peak MB", "peak_mb"),
    _ROUNDS,
]
_BULK = [
    _figure("items/s imported", "import_rate"),
    _peak("peak MB", "import_peak_mb"),
    _figure("items/s exported", "export_rate"),
    _peak("peak MB", "export_peak_mb"),
    _ROUNDS,
]
_COLD = [
    _figure("to the end of the first delete, ms", "total_ms"),
    _figure("init ms", "init_ms"),
    _figure("invoke ms", "invoke_ms"),
    ("above a handler that does nothing, ms", _above_noop),
    _peak("zip MB", "zip_mb", 1),
    _ROUNDS,
]


def _before_and_after(results: Results) -> str:
    rows = []
    for name, scenario, metric, digits, more_is_better in baseline.FIGURES:
        if scenario in results.scenarios:
            sides = [results.spread(scenario, side, metric).text(digits) for side in (baseline.BEFORE, baseline.AFTER)]
            ratio = results.ratio(scenario, baseline.AFTER, baseline.BEFORE, metric)
            kept = ratio.median >= 1 - TOLERANCE if more_is_better else ratio.median <= 1 + TOLERANCE
            rows.append((name, *sides, ratio.text(3), "yes" if kept else "**no**"))
    return _table(("", "before", "after", "after ÷ before", f"at most {TOLERANCE:.0%} worse"), rows)


def _tasks(results: Results) -> str:
    rows = []
    for latency in LATENCIES_MS:
        scenario = f"get, {latency} ms"
        for name in results.scenarios.get(scenario, ()):
            rate, cpu = (results.median(scenario, name, metric) for metric in ("rate", "cpu_us"))
            tasks = [min(rate, vcpus / cpu * 1e6) if vcpus < 1 else vcpus * rate for vcpus in TASKS]
            rows.append((f"{latency} ms", name, *(f"{figure:,.0f}" for figure in (rate, *tasks))))
    return _table(("latency", "", "one core", *(f"task of {vcpus:g} vCPU" for vcpus in TASKS)), rows)


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
