"""What was measured: a sample per round, contestant and scenario, kept in build/bench/results.json."""

import json
import statistics
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from bench.machine import BenchError

Sample = dict[str, float]
"""Metric to figure. The name of a metric ends in its unit: ``p99_ms``, ``peak_mb``; ``rate`` is per second."""


@dataclass(frozen=True)
class Spread:
    """The median and the quartiles of some figures."""

    median: float
    low: float
    high: float

    def text(self, digits: int = 2) -> str:
        return f"{self.median:,.{digits}f} ({self.low:,.{digits}f}–{self.high:,.{digits}f})"


def spread(values: Iterable[float]) -> Spread:
    ordered = sorted(values)
    if len(ordered) == 1:
        return Spread(ordered[0], ordered[0], ordered[0])
    low, middle, high = statistics.quantiles(ordered, n=4, method="inclusive")
    return Spread(middle, low, high)


@dataclass
class Results:
    """All samples of a run, and what the report says about the run."""

    machine: dict[str, str] = field(default_factory=dict)
    settings: dict[str, float] = field(default_factory=dict)
    scenarios: dict[str, dict[str, list[Sample]]] = field(default_factory=dict)
    """Scenario, contestant, rounds."""
    baseline: str = ""
    """The revision that "before and after" compares with."""

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), indent=1))

    def values(self, scenario: str, contestant: str, metric: str) -> list[float]:
        return [sample[metric] for sample in self.scenarios[scenario][contestant]]

    def spread(self, scenario: str, contestant: str, metric: str) -> Spread:
        return spread(self.values(scenario, contestant, metric))

    def median(self, scenario: str, contestant: str, metric: str) -> float:
        return self.spread(scenario, contestant, metric).median

    def peak(self, scenario: str, contestant: str, metric: str) -> float:
        return max(self.values(scenario, contestant, metric))

    def ratio(self, scenario: str, ours: str, theirs: str, metric: str) -> Spread:
        """Return ours ÷ theirs, round by round. If they took part in fewer rounds, divide by the median of theirs."""
        above, below = self.values(scenario, ours, metric), self.values(scenario, theirs, metric)
        if len(below) != len(above):
            below = [spread(below).median] * len(above)
        return spread(a / b for a, b in zip(above, below, strict=True))


class Recorder:
    """Run contestants in turns, keep their samples and print their medians."""

    def __init__(self, results: Results) -> None:
        self.results = results
        self.rounds = int(results.settings["rounds"])
        self.seconds = results.settings["seconds"]
        self._started = time.perf_counter()

    def elapsed(self) -> float:
        return time.perf_counter() - self._started

    def say(self, text: str) -> None:
        print(f"{self.elapsed():4.0f} s {text}", flush=True)

    def record(
        self, scenario: str, runs: Mapping[str, Callable[[], Sample]], rounds: int, seldom: Collection[str] = ()
    ) -> None:
        """Run each contestant once a round, those in ``seldom`` every third round. Add to the scenario's samples.

        The order changes from round to round, so that what slows the machine for a while slows all contestants.
        """
        kept = self.results.scenarios.setdefault(scenario, {name: [] for name in runs})
        names = list(runs)
        for number in range(rounds):
            turn = number % len(names)
            order = names[turn:] + names[:turn]
            for name in reversed(order) if number // len(names) % 2 else order:
                if name in seldom and number % 3:
                    continue
                try:
                    kept[name].append(runs[name]())
                except (BenchError, OSError) as error:
                    raise BenchError(f"{scenario}, {name}: {error}") from error
        self.say(scenario)
        for name, samples in kept.items():
            medians = {metric: self.results.median(scenario, name, metric) for metric in samples[0]}
            self.say(f"    {name:28} " + "  ".join(f"{metric} {value:,.2f}" for metric, value in medians.items()))
