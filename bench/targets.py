"""The targets, and whether they are met."""

from collections.abc import Callable
from dataclasses import dataclass

from bench.bulk import DIRECT, LATE, PYNAMODB, RAW, TENTH
from bench.cold_start import COLD
from bench.functions import ZAPPA_FUNCTION, ZAPPA_PYNAMODB
from bench.lists import BARE, scenario
from bench.measurements import Results, Spread, spread
from bench.servers import FLASK_GTHREAD, FLASK_SYNC, PICUS, PICUS_GTHREAD, STARLETTE
from bench.throughput import GET, GET_LATE, PUT


@dataclass(frozen=True)
class Row:
    """A target, its bound, and what was measured."""

    what: str
    bound: float
    at_least: bool
    measured: Spread
    unit: str

    @property
    def met(self) -> bool:
        return self.measured.median >= self.bound if self.at_least else self.measured.median <= self.bound

    def cells(self) -> tuple[str, str, str, str]:
        measured = self.measured.text() if self.unit == "×" else f"{self.measured.median:.1f}"
        bound = f"{'≥' if self.at_least else '≤'} {self.bound:g} {self.unit}"
        return self.what, bound, f"{measured} {self.unit}", "yes" if self.met else "**no**"


_LIST = scenario(10_000)
# Scenario, what is compared, its metric, the peer, the bound of Picus ÷ peer.
_AT_LEAST = [
    (GET, "requests/s", "rate", FLASK_SYNC, 3.0),
    (PUT, "requests/s", "rate", FLASK_SYNC, 3.0),
    (GET, "requests/s", "rate", FLASK_GTHREAD, 2.5),
    (PUT, "requests/s", "rate", FLASK_GTHREAD, 1.7),
    (GET, "requests/s", "rate", STARLETTE, 1.3),
    (PUT, "requests/s", "rate", STARLETTE, 1.1),
    (GET_LATE, "requests/s", "rate", STARLETTE, 1.4),
    (GET, "requests/s", "rate", PICUS_GTHREAD, 1.2),
    (PUT, "requests/s", "rate", PICUS_GTHREAD, 1.1),
    (DIRECT, "items/s imported", "import_rate", RAW, 0.9),
    (DIRECT, "items/s exported", "export_rate", RAW, 0.85),
    (LATE, "items/s imported", "import_rate", PYNAMODB, 5),
    (LATE, "items/s exported", "export_rate", PYNAMODB, 5),
]
_AT_MOST = [
    (GET, "p99", "p99_ms", STARLETTE, 1),
    (PUT, "p99", "p99_ms", STARLETTE, 1),
    (GET_LATE, "p99", "p99_ms", STARLETTE, 1),
    (_LIST, "time", "total_ms", BARE, 1.2),
    (_LIST, "CPU of the worker", "cpu_us_per_item", FLASK_SYNC, 0.25),
    (COLD, "time", "total_ms", ZAPPA_FUNCTION, 0.3),
    (COLD, "time", "total_ms", ZAPPA_PYNAMODB, 0.3),
]
# The scenario that must have been measured, what is compared, the bound, the figure.
_MB_AT_MOST: list[tuple[str, str, float, Callable[[Results], float]]] = [
    (PUT, "resident memory of a worker", 70, lambda r: r.peak(PUT, PICUS, "resident_mb")),
    (
        scenario(50_000),
        f"peak memory, above {scenario(1_000)}",
        20,
        lambda r: r.peak(scenario(50_000), PICUS, "peak_mb") - r.peak(scenario(1_000), PICUS, "peak_mb"),
    ),
    (
        TENTH,
        "peak memory of an import of all, above a tenth",
        20,
        lambda r: r.peak(DIRECT, PICUS, "import_peak_mb") - r.peak(TENTH, PICUS, "import_peak_mb"),
    ),
    (
        TENTH,
        "peak memory of an export of all, above a tenth",
        20,
        lambda r: r.peak(DIRECT, PICUS, "export_peak_mb") - r.peak(TENTH, PICUS, "export_peak_mb"),
    ),
    (COLD, "size of the zip", 2, lambda r: r.peak(COLD, PICUS, "zip_mb")),
]


def rows(results: Results) -> list[Row]:
    """Return a row for each target whose scenario was measured."""
    ratios = [
        Row(f"{name}: {what}, to {peer}", bound, at_least, results.ratio(name, PICUS, peer, metric), "×")
        for at_least, targets in ((True, _AT_LEAST), (False, _AT_MOST))
        for name, what, metric, peer, bound in targets
        if name in results.scenarios
    ]
    sizes = [
        Row(f"{name}: {what}", bound, False, spread([figure(results)]), "MB")
        for name, what, bound, figure in _MB_AT_MOST
        if name in results.scenarios
    ]
    return ratios + sizes
