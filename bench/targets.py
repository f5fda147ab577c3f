"""What must be true, and whether it is."""

from collections.abc import Callable
from dataclasses import dataclass

from bench import bulk, packages
from bench.lists import BARE
from bench.results import Results, Spread, Window, paired, spread
from bench.scenarios import DELAYED, TARGET_DELAY_MS
from bench.servers import AIOBOTOCORE, OLD_GTHREAD, OLD_SYNC, PICUS

GET_DELAYED = DELAYED.format(TARGET_DELAY_MS)


@dataclass(frozen=True)
class Row:
    """One target, its bound, and what was measured."""

    what: str
    bound: float
    at_least: bool
    measured: Spread
    unit: str = ""

    @property
    def met(self) -> bool:
        return self.measured.median >= self.bound if self.at_least else self.measured.median <= self.bound

    @property
    def bound_text(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.bound:g}{self.unit}"


_RATES = [
    ("get", OLD_SYNC, 3.0),
    ("put", OLD_SYNC, 3.0),
    ("get", OLD_GTHREAD, 2.5),
    ("put", OLD_GTHREAD, 1.7),
    ("get", AIOBOTOCORE, 1.3),
    ("put", AIOBOTOCORE, 1.1),
    (GET_DELAYED, AIOBOTOCORE, 1.4),
]
RESIDENT_MB = 70
LIST_SIZE = "10000"


def rows(results: Results) -> list[Row]:
    """A row per target of which everything was measured."""
    return [*_load(results), *_lists(results), *_bulk(results), *_cold(results)]


def ratio(results: Results, scenario: str, peer: str, of: Callable[[Window], float]) -> Spread:
    """Ours to theirs, round by round."""
    rounds = results.load[scenario]
    return paired([of(w) for w in rounds[PICUS]], [of(w) for w in rounds[peer]])


def _load(results: Results) -> list[Row]:
    made = [
        Row(f"{scenario}: requests/s, to {peer}", bound, True, ratio(results, scenario, peer, lambda w: w.rate), " ×")
        for scenario, peer, bound in _RATES
        if scenario in results.load
    ]
    made += [
        Row(f"{scenario}: p99, to {AIOBOTOCORE}", 1, False, ratio(results, scenario, AIOBOTOCORE, _p99), " ×")
        for scenario in ("get", "put", GET_DELAYED)
        if scenario in results.load
    ]
    if PICUS in results.resident:
        made.append(Row("Resident memory of a worker", RESIDENT_MB, False, spread([results.resident[PICUS]]), " MB"))
    return made


def _p99(window: Window) -> float:
    return window.p99_ms


def _lists(results: Results) -> list[Row]:
    if LIST_SIZE not in results.lists:
        return []
    listings = results.lists[LIST_SIZE]
    seconds = paired([f.seconds for f in listings[PICUS]], [f.seconds for f in listings[BARE]])
    old = spread(f.cpu_seconds for f in listings[OLD_SYNC]).median
    cpu = spread(f.cpu_seconds / old for f in listings[PICUS])
    more = results.list_peaks["50000"][PICUS] - results.list_peaks["1000"][PICUS]
    return [
        Row("list of 10,000 items: time, to the bare Scan", 1.2, False, seconds, " ×"),
        Row(f"list of 10,000 items: worker CPU, to {OLD_SYNC}", 0.25, False, cpu, " ×"),
        Row("list: peak memory for 50,000 items above that for 1,000", 20, False, spread([more]), " MB"),
    ]


_BULK = [
    (bulk.IMPORT, bulk.RAW, 0.9),
    (bulk.EXPORT, bulk.RAW, 0.85),
    (bulk.LATE.format(bulk.IMPORT, bulk.DELAY_MS), bulk.PYNAMODB, 5),
    (bulk.LATE.format(bulk.EXPORT, bulk.DELAY_MS), bulk.PYNAMODB, 5),
]
FLAT_MB = 20


def _bulk(results: Results) -> list[Row]:
    made = []
    for scenario, peer, bound in _BULK:
        if runs := results.bulk.get(scenario):
            measured = paired([r.rate for r in runs[bulk.PICUS]], [r.rate for r in runs[peer]])
            made.append(Row(f"{scenario}: items/s, to {peer}", bound, True, measured, " ×"))
    for scenario, tenth in results.bulk_tenth.items():
        more = max(r.peak_mb for r in results.bulk[scenario][bulk.PICUS]) - tenth
        made.append(Row(f"{scenario}: peak memory above that for a tenth", FLAT_MB, False, spread([more]), " MB"))
    return made


def _cold(results: Results) -> list[Row]:
    if not results.cold:
        return []
    ours = [s.total for s in results.cold[packages.PICUS]]
    made = [
        Row(f"cold start, to {name}", 0.3, False, paired(ours, [s.total for s in results.cold[name]]), " ×")
        for name in (packages.ZAPPA_FUNCTION, packages.ZAPPA_PYNAMODB)
    ]
    return [*made, Row("Size of the function's zip", 2, False, spread([results.packages[packages.PICUS]]), " MB")]
