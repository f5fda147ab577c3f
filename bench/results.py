"""What was measured, as it is kept in build/bench/results.json, and the statistics of it."""

import json
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Window:
    """One contestant under load for one round."""

    rate: float
    """Requests per second."""
    cpu_us: float
    """Worker CPU per request."""
    p50_ms: float
    p99_ms: float
    load_busy: float
    """How busy the core of clients, proxy and DynamoDB was, from 0 to 1."""


@dataclass(frozen=True)
class Listing:
    """One fetch of a whole list."""

    seconds: float
    first_byte_seconds: float
    """Until the first byte of the body."""
    cpu_seconds: float


@dataclass(frozen=True)
class BulkRun:
    """One import or export of many items."""

    rate: float
    """Items per second."""
    peak_mb: float


@dataclass(frozen=True)
class ColdStart:
    """One cold start and first delete, in seconds from the start of the process."""

    init: float
    total: float

    @property
    def invoke(self) -> float:
        return self.total - self.init


@dataclass
class Results:
    """All of it. What was not measured is empty."""

    machine: dict[str, str] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    settings: dict[str, float] = field(default_factory=dict)
    seconds: float = 0
    delays: dict[str, float] = field(default_factory=dict)
    """Asked for (ms, as text) to measured (ms)."""
    load: dict[str, dict[str, list[Window]]] = field(default_factory=dict)
    """Scenario, contestant, rounds."""
    resident: dict[str, float] = field(default_factory=dict)
    """Contestant to the MB of its worker after the rounds."""
    growth: dict[str, dict[str, list[Window]]] = field(default_factory=dict)
    """Scenario, "workers x threads", rounds."""
    growth_resident: dict[str, float] = field(default_factory=dict)
    """ "workers x threads" to the MB of all workers."""
    lists: dict[str, dict[str, list[Listing]]] = field(default_factory=dict)
    """Number of items as text, contestant, rounds."""
    page_items: int = 0
    """Of a page of Picus's Scan at most; 0: as many as fit into 1 MB."""
    list_peaks: dict[str, dict[str, float]] = field(default_factory=dict)
    """Number of items as text, contestant, peak MB of its worker."""
    bulk: dict[str, dict[str, list[BulkRun]]] = field(default_factory=dict)
    """Scenario, contestant, rounds."""
    bulk_tenth: dict[str, float] = field(default_factory=dict)
    """Scenario to Picus's peak MB with a tenth of the items."""
    cold: dict[str, list[ColdStart]] = field(default_factory=dict)
    packages: dict[str, float] = field(default_factory=dict)
    """Package to its size in MB of 10^6 bytes."""

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), indent=1))

    @classmethod
    def load_from(cls, path: Path) -> "Results":
        raw = json.loads(path.read_text())
        for name in ("load", "growth"):
            raw[name] = {a: {b: [Window(**w) for w in rounds] for b, rounds in c.items()} for a, c in raw[name].items()}
        raw["lists"] = {
            a: {b: [Listing(**w) for w in rounds] for b, rounds in c.items()} for a, c in raw["lists"].items()
        }
        raw["bulk"] = {a: {b: [BulkRun(**w) for w in r] for b, r in c.items()} for a, c in raw.get("bulk", {}).items()}
        raw["cold"] = {a: [ColdStart(**w) for w in rounds] for a, rounds in raw["cold"].items()}
        return cls(**raw)


@dataclass(frozen=True)
class Spread:
    """The median and the middle half of some figures."""

    median: float
    low: float
    high: float


def spread(values: Iterable[float]) -> Spread:
    """Median and quartiles."""
    ordered = sorted(values)
    if len(ordered) < 2:
        return Spread(ordered[0], ordered[0], ordered[0])
    low, middle, high = statistics.quantiles(ordered, n=4, method="inclusive")
    return Spread(middle, low, high)


def paired(ours: Sequence[float], theirs: Sequence[float]) -> Spread:
    """The ratio ours / theirs of each round, so that what slows the machine for a while touches both."""
    return spread(a / b for a, b in zip(ours, theirs, strict=True))
