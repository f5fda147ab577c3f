"""The targets, and whether they are met."""

from bench.bulk import DIRECT, LATE, PICUS_TENTH, PYNAMODB, RAW
from bench.cold_start import COLD
from bench.functions import ZAPPA_FUNCTION, ZAPPA_PYNAMODB
from bench.lists import BARE, scenario
from bench.measurements import Results
from bench.servers import FLASK_GTHREAD, FLASK_SYNC, PICUS, PICUS_GTHREAD, STARLETTE
from bench.throughput import GET, GET_LATE, PUT

_LIST = scenario(10_000)
_LABELS = {
    "rate": "requests/s",
    "import_rate": "items/s imported",
    "export_rate": "items/s exported",
    "p99_ms": "p99",
    "total_ms": "time",
    "cpu_us_per_item": "CPU of the worker",
}
# Scenario, metric, peer, and the bound of Picus ÷ peer: for a rate the least, for anything else the most.
_RATIOS = [
    (GET, "rate", FLASK_SYNC, 3.0),
    (PUT, "rate", FLASK_SYNC, 3.0),
    (GET, "rate", FLASK_GTHREAD, 2.5),
    (PUT, "rate", FLASK_GTHREAD, 1.7),
    (GET, "rate", STARLETTE, 1.3),
    (PUT, "rate", STARLETTE, 1.1),
    (GET_LATE, "rate", STARLETTE, 1.4),
    (GET, "p99_ms", STARLETTE, 1),
    (PUT, "p99_ms", STARLETTE, 1),
    (GET_LATE, "p99_ms", STARLETTE, 1),
    # The worker must earn its place.
    (GET, "rate", PICUS_GTHREAD, 1.2),
    (PUT, "rate", PICUS_GTHREAD, 1.1),
    (_LIST, "total_ms", BARE, 1.2),
    (_LIST, "cpu_us_per_item", FLASK_SYNC, 0.25),
    (DIRECT, "import_rate", RAW, 0.9),
    (DIRECT, "export_rate", RAW, 0.85),
    (LATE, "import_rate", PYNAMODB, 5),
    (LATE, "export_rate", PYNAMODB, 5),
    (COLD, "total_ms", ZAPPA_FUNCTION, 0.3),
    (COLD, "total_ms", ZAPPA_PYNAMODB, 0.3),
]
# What, the most MB, scenario and metric of Picus, and the scenario and contestant whose figure is subtracted.
_MEMORY = [
    ("resident memory of a worker", 70, PUT, "resident_mb", None),
    ("peak memory above that for 1,000 items", 20, scenario(50_000), "peak_mb", (scenario(1_000), PICUS)),
    ("peak memory of an import above that of a tenth", 20, DIRECT, "import_peak_mb", (DIRECT, PICUS_TENTH)),
    ("peak memory of an export above that of a tenth", 20, DIRECT, "export_peak_mb", (DIRECT, PICUS_TENTH)),
    ("size of the zip", 2, COLD, "zip_mb", None),
]


def rows(results: Results) -> list[tuple[str, str, str, str]]:
    """Return target, bound, what was measured, and yes or no. Targets whose scenario was not measured are left out."""
    made = []
    for name, metric, peer, bound in _RATIOS:
        if name in results.scenarios:
            ratio = results.ratio(name, PICUS, peer, metric)
            least = metric.endswith("rate")
            met = ratio.median >= bound if least else ratio.median <= bound
            what = f"{name}: {_LABELS[metric]}, to {peer}"
            made.append((what, f"{'≥' if least else '≤'} {bound:g} ×", f"{ratio.text()} ×", _yes(met)))
    for what, most, name, metric, base in _MEMORY:
        if name in results.scenarios:
            megabytes = results.peak(name, PICUS, metric) - (results.peak(*base, metric) if base else 0)
            made.append((f"{name}: {what}", f"≤ {most:g} MB", f"{megabytes:.1f} MB", _yes(megabytes <= most)))
    return made


def _yes(met: bool) -> str:
    return "yes" if met else "**no**"
