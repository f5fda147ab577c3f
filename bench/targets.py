"""The targets, and whether they are met."""

from bench.bulk import LOCAL, PICUS_TENTH, PYNAMODB, RAW, WITH_LATENCY
from bench.checkouts import PICUS
from bench.cold_start import COLD, ZAPPA_DEFAULTS
from bench.lists import BARE, GZIP, LARGE, MIDDLE, SMALL, scenario
from bench.measurements import HEADINGS, Results, meets_bound, more_is_better
from bench.servers import FLASK_GTHREAD, FLASK_SYNC, PICUS_GTHREAD, STARLETTE
from bench.throughput import CORES, GET, GET_WITH_LATENCY, ONE_CORE, PUT, TWO_CORES

# Scenario, metric, contestant, the contestant that it is divided by, and the bound: the minimum for rates, and the
# maximum for other metrics.
_RATIOS = [
    (GET, "rate", PICUS, FLASK_SYNC, 4.0),
    (PUT, "rate", PICUS, FLASK_SYNC, 3.6),
    (GET, "rate", PICUS, FLASK_GTHREAD, 2.5),
    (PUT, "rate", PICUS, FLASK_GTHREAD, 1.7),
    (GET, "rate", PICUS, STARLETTE, 1.8),
    (PUT, "rate", PICUS, STARLETTE, 1.7),
    (GET_WITH_LATENCY, "rate", PICUS, STARLETTE, 1.4),
    *((part, "p99_ms", PICUS, peer, 1) for part in (GET, PUT) for peer in (FLASK_SYNC, STARLETTE)),
    (GET_WITH_LATENCY, "p99_ms", PICUS, STARLETTE, 1),
    # EpollWorker must be faster than gunicorn's own worker.
    (GET, "rate", PICUS, PICUS_GTHREAD, 1.2),
    (PUT, "rate", PICUS, PICUS_GTHREAD, 1.1),
    (CORES, "cores_rate", TWO_CORES, ONE_CORE, 1.9),
    (scenario(SMALL), "total_ms", PICUS, BARE, 1.2),
    (scenario(MIDDLE), "total_ms", PICUS, BARE, 1.2),
    (scenario(LARGE), "total_ms", PICUS, BARE, 1.25),
    (scenario(MIDDLE), "total_ms", GZIP, BARE, 1.5),
    (scenario(LARGE), "total_ms", GZIP, BARE, 1.5),
    (scenario(MIDDLE), "cpu_us_per_item", PICUS, FLASK_SYNC, 0.25),
    (LOCAL, "import_rate", PICUS, RAW, 0.9),
    (LOCAL, "export_rate", PICUS, RAW, 0.85),
    (WITH_LATENCY, "import_rate", PICUS, PYNAMODB, 5),
    (WITH_LATENCY, "export_rate", PICUS, PYNAMODB, 5),
    (COLD, "total_ms", PICUS, ZAPPA_DEFAULTS, 0.25),
]
# Scenario, metric of Picus, the maximum, and the scenario and contestant whose figure is subtracted.
_LIMITS = [
    (PUT, "resident_mib", 70, None),
    (scenario(LARGE), "first_byte_ms", 20, None),
    (scenario(LARGE), "peak_mib", 20, (scenario(SMALL), PICUS)),
    (LOCAL, "import_peak_mib", 20, (LOCAL, PICUS_TENTH)),
    (LOCAL, "export_peak_mib", 20, (LOCAL, PICUS_TENTH)),
    (COLD, "zip_mb", 2, None),
]


def rows(results: Results) -> list[tuple[str, ...]]:
    """Return target, bound, what was measured, and yes or no. Targets whose scenario was not measured are left out."""
    made = []
    for where, metric, ours, theirs, bound in _RATIOS:
        if where in results.scenarios:
            ratio, sign = results.ratio(where, ours, theirs, metric), "≥" if more_is_better(metric) else "≤"
            what = f"{where}: {HEADINGS[metric]}, {ours} ÷ {theirs}"
            made.append((what, f"{sign} {bound:g}", ratio.text(), meets_bound(metric, ratio.median, bound)))
    for where, metric, most, base in _LIMITS:
        if where in results.scenarios:
            figure = max(results.values(where, PICUS, metric)) - (max(results.values(*base, metric)) if base else 0)
            what = f"{where}: {HEADINGS[metric]}" + (f", above {' of '.join(base[::-1])}" if base else "")
            made.append((what, f"≤ {most}", f"{figure:.1f}", meets_bound(metric, figure, most)))
    return [(*row, "yes" if met else "**no**") for *row, met in made]
