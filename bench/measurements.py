"""What was measured: a sample for each round, contestant and scenario."""

import statistics
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from bench.machine import BenchError

Sample = dict[str, float]
"""Metric to figure. The name of a metric ends in its unit: ``p99_ms``, ``peak_mb``; ``rate`` is per second."""


class Metric(NamedTuple):
    """How a metric is shown."""

    heading: str
    digits: int = 0


METRICS = {
    "rate": Metric("requests/s"),
    "cpu_us": Metric("CPU µs/request"),
    "cores_rate": Metric("requests per CPU second × workers"),
    "p50_ms": Metric("p50 ms", 1),
    "p99_ms": Metric("p99 ms", 1),
    "load_percent": Metric("load + DynamoDB, % of a core"),
    "resident_mb": Metric("resident MB"),
    "total_ms": Metric("ms", 1),
    "first_byte_ms": Metric("first byte ms", 1),
    "cpu_us_per_item": Metric("CPU µs/item", 1),
    "peak_mb": Metric("peak MB"),
    "import_rate": Metric("items/s imported"),
    "import_peak_mb": Metric("peak MB of the import"),
    "export_rate": Metric("items/s exported"),
    "export_peak_mb": Metric("peak MB of the export"),
    "init_ms": Metric("init ms", 1),
    "invoke_ms": Metric("invoke ms", 1),
    "zip_mb": Metric("zip MB", 3),
}


def more_is_better(metric: str) -> bool:
    return metric.endswith("rate")


def is_kept(metric: str, figure: float, bound: float) -> bool:
    """Return True if the figure is not worse than the bound."""
    return figure >= bound if more_is_better(metric) else figure <= bound


class Spread(NamedTuple):
    """The median and the quartiles of some figures."""

    median: float
    low: float
    high: float

    def text(self, digits: int = 2) -> str:
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
    """The revision that "before and after" compares with."""
    page_items: int = 0
    """How many items a page of Picus's Scan has."""
    _started: float = field(default_factory=time.perf_counter)

    def seconds(self) -> float:
        return time.perf_counter() - self._started

    def say(self, text: str) -> None:
        print(f"{self.seconds():4.0f} s {text}", flush=True)

    def record(self, scenario: str, runs: Mapping[str, Callable[[], Sample]], rounds: int) -> None:
        """Run each contestant once a round, and add to the scenario's samples.

        The order changes from round to round, so that what slows the machine for a while slows all contestants.
        """
        kept = self.scenarios.setdefault(scenario, {name: [] for name in runs})
        names = list(runs)
        for number in range(rounds):
            turn = number % len(names)
            order = names[turn:] + names[:turn]
            for name in reversed(order) if number // len(names) % 2 else order:
                try:
                    kept[name].append(runs[name]())
                except (BenchError, OSError) as error:
                    raise BenchError(f"{scenario}, {name}: {error}") from error
        self.say(scenario)
        for name, samples in kept.items():
            medians = (f"{metric} {self.spread(scenario, name, metric).median:,.2f}" for metric in samples[0])
            self.say(f"    {name:28} {'  '.join(medians)}")

    def values(self, scenario: str, contestant: str, metric: str) -> list[float]:
        """Return the figures, one for each round; none if the contestant has no such metric or took no part."""
        samples = self.scenarios.get(scenario, {}).get(contestant, [])
        return [sample[metric] for sample in samples if metric in sample]

    def spread(self, scenario: str, contestant: str, metric: str) -> Spread:
        return spread(self.values(scenario, contestant, metric))

    def ratio(self, scenario: str, ours: str, theirs: str, metric: str) -> Spread:
        """Return ours ÷ theirs, round by round: what slows a round slows both."""
        pairs = zip(self.values(scenario, ours, metric), self.values(scenario, theirs, metric), strict=True)
        return spread(above / below for above, below in pairs)
