"""The targets, and whether they are met."""

from bench import lists
from bench.bulk import DIRECT, LATE, PICUS_TENTH, PYNAMODB, RAW
from bench.cold_start import COLD
from bench.functions import ZAPPA_FUNCTION
from bench.lists import BARE, GZIP, LARGE, MIDDLE, SMALL, scenario
from bench.measurements import Results
from bench.servers import FLASK_GTHREAD, FLASK_SYNC, PICUS, PICUS_GTHREAD, STARLETTE
from bench.throughput import CORES, GET, GET_LATE, ONE_CORE, PUT, TWO_CORES

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
    (GET, "rate", FLASK_SYNC, 4.0),
    (PUT, "rate", FLASK_SYNC, 3.6),
    (GET, "rate", FLASK_GTHREAD, 2.5),
    (PUT, "rate", FLASK_GTHREAD, 1.7),
    (GET, "rate", STARLETTE, 1.8),
    (PUT, "rate", STARLETTE, 1.7),
    (GET_LATE, "rate", STARLETTE, 1.4),
    *((part, "p99_ms", peer, 1) for part in (GET, PUT) for peer in (FLASK_SYNC, STARLETTE)),
    (GET_LATE, "p99_ms", STARLETTE, 1),
    # The worker must earn its place.
    (GET, "rate", PICUS_GTHREAD, 1.2),
    (PUT, "rate", PICUS_GTHREAD, 1.1),
    (scenario(SMALL), "total_ms", BARE, 1.2),
    (scenario(MIDDLE), "total_ms", BARE, 1.2),
    (scenario(LARGE), "total_ms", BARE, 1.25),
    (scenario(MIDDLE), "cpu_us_per_item", FLASK_SYNC, 0.25),
    (DIRECT, "import_rate", RAW, 0.9),
    (DIRECT, "export_rate", RAW, 0.85),
    (LATE, "import_rate", PYNAMODB, 5),
    (LATE, "export_rate", PYNAMODB, 5),
    (COLD, "total_ms", ZAPPA_FUNCTION, 0.25),
]
# What, the most, its unit, scenario and metric of Picus, and the scenario and contestant whose figure is subtracted.
_LIMITS = [
    ("resident memory of a worker", 70, "MB", PUT, "resident_mb", None),
    ("first byte", 20, "ms", scenario(LARGE), "first_byte_ms", None),
    (f"peak memory above that for {SMALL:,} items", 20, "MB", scenario(LARGE), "peak_mb", (scenario(SMALL), PICUS)),
    ("peak memory of an import above that of a tenth", 20, "MB", DIRECT, "import_peak_mb", (DIRECT, PICUS_TENTH)),
    ("peak memory of an export above that of a tenth", 20, "MB", DIRECT, "export_peak_mb", (DIRECT, PICUS_TENTH)),
    ("size of the zip", 2, "MB", COLD, "zip_mb", None),
]
GZIP_RATIO, TWO_CORES_RATIO = 1.5, 1.9


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
    for size in lists.MOST_ROUNDS:
        if (name := scenario(size)) in results.scenarios and size != SMALL:
            ratio = results.ratio(name, GZIP, BARE, "total_ms")
            met = ratio.median <= GZIP_RATIO
            made.append((f"{name}: time with gzip, to {BARE}", f"≤ {GZIP_RATIO} ×", f"{ratio.text()} ×", _yes(met)))
    if CORES in results.scenarios:
        faster = 2 * results.ratio(CORES, ONE_CORE, TWO_CORES, "cpu_us").median
        what = "get: two workers on two cores, to one on one"
        made.append((what, f"≥ {TWO_CORES_RATIO} ×", f"{faster:.2f} ×", _yes(faster >= TWO_CORES_RATIO)))
    for what, most, unit, name, metric, base in _LIMITS:
        if name in results.scenarios:
            figure = results.peak(name, PICUS, metric) - (results.peak(*base, metric) if base else 0)
            made.append((f"{name}: {what}", f"≤ {most:g} {unit}", f"{figure:.1f} {unit}", _yes(figure <= most)))
    return made


def _yes(met: bool) -> str:
    return "yes" if met else "**no**"
