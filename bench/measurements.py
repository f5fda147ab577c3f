"""What was measured: a sample for each round, contestant and scenario."""

import statistics
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from bench.checkouts import HERE, PICUS, Checkout
from bench.machine import BenchError

Sample = dict[str, float]
"""Metric to figure. The name of a metric ends in its unit: ``p99_ms``, ``peak_mib``; ``rate`` is per second."""

HEADINGS = {
    "rate": "requests/s",
    "cpu_us": "CPU µs/request",
    "cores_rate": "requests per CPU second × cores",
    "p50_ms": "p50 ms",
    "p99_ms": "p99 ms",
    "load_percent": "load + DynamoDB, % of a core",
    "resident_mib": "resident MiB",
    "total_ms": "ms",
    "first_byte_ms": "first byte ms",
    "cpu_us_per_item": "CPU µs/item",
    "peak_mib": "peak MiB",
    "import_rate": "items/s imported",
    "import_peak_mib": "peak MiB of the import",
    "export_rate": "items/s exported",
    "export_peak_mib": "peak MiB of the export",
    "init_ms": "init ms",
    "invoke_ms": "invoke ms",
    "zip_mb": "zip MB",
}


def more_is_better(metric: str) -> bool:
    return metric.endswith("rate")


def meets_bound(metric: str, figure: float, bound: float) -> bool:
    """Return True if the figure is not worse than the bound."""
    return figure >= bound if more_is_better(metric) else figure <= bound


class Spread(NamedTuple):
    """The median and the quartiles of some figures."""

    median: float
    low: float
    high: float

    def text(self) -> str:
        """Return the figures with about three digits, and without quartiles that say nothing."""
        digits = next((digits for digits, least in enumerate((100, 10, 2)) if self.median >= least), 3)
        median, low, high = (f"{figure:,.{digits}f}" for figure in self)
        return median if low == high else f"{median} ({low}–{high})"


def spread(values: Iterable[float]) -> Spread:
    figures = list(values)
    low, middle, high = statistics.quantiles(figures, method="inclusive") if len(figures) > 1 else figures * 3
    return Spread(middle, low, high)


@dataclass
class Results:
    """All samples of a run, and what the report says about the run."""

    rounds: int
    machine: dict[str, str] = field(default_factory=dict)
    scenarios: dict[str, dict[str, list[Sample]]] = field(default_factory=dict)
    """Scenario, contestant, rounds."""
    baseline: str = ""
    """The revision of the second checkout."""
    checkouts: dict[str, Checkout] = field(default_factory=lambda: {PICUS: HERE})
    """Contestant to its commit of Picus."""
    page_items: int = 0
    """How many items a page of Picus's Scan has."""
    _started: float = field(default_factory=time.perf_counter)

    def seconds(self) -> float:
        return time.perf_counter() - self._started

    def print_progress(self, text: str) -> None:
        print(f"{self.seconds():4.0f} s {text}", flush=True)

    def record(
        self, scenario: str, runs: Mapping[str, Callable[[], Sample]], rounds: int, *, warm_up: bool = True
    ) -> None:
        """Run each contestant once to warm up, then once a round. Add to the scenario's samples.

        The order changes from round to round, so that what slows the machine for a while slows all contestants.
        """
        kept = self.scenarios.setdefault(scenario, {name: [] for name in runs})
        names = list(runs)
        for number in range(-1 if warm_up else 0, rounds):
            turn = number % len(names)
            order = names[turn:] + names[:turn]
            for name in reversed(order) if number // len(names) % 2 else order:
                try:
                    sample = runs[name]()
                except (AssertionError, BenchError, OSError) as error:
                    raise BenchError(f"{scenario}, {name}: {error}") from error
                if number >= 0:
                    kept[name].append(sample)
        self.print_progress(scenario)
        for name, samples in kept.items():
            medians = (f"{metric} {self.spread(scenario, name, metric).median:,.2f}" for metric in samples[0])
            self.print_progress(f"    {name:28} {'  '.join(medians)}")

    def values(self, scenario: str, contestant: str, metric: str) -> list[float]:
        """Return the figures, one for each round; none if the contestant has no such metric or took no part."""
        samples = self.scenarios.get(scenario, {}).get(contestant, [])
        return [sample[metric] for sample in samples if metric in sample]

    def spread(self, scenario: str, contestant: str, metric: str) -> Spread:
        return spread(self.values(scenario, contestant, metric))

    def text(self, scenario: str, contestant: str, metric: str) -> str:
        """Return the figures as a table shows them; nothing if there are none."""
        values = self.values(scenario, contestant, metric)
        return spread(values).text() if values else ""

    def ratio(self, scenario: str, ours: str, theirs: str, metric: str) -> Spread:
        """Return ours ÷ theirs, round by round: what slows a round slows both."""
        pairs = zip(self.values(scenario, ours, metric), self.values(scenario, theirs, metric), strict=True)
        return spread(above / below for above, below in pairs)
