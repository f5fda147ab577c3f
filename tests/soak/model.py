"""What responses must say: the possible states of each item, and the count of everything that contradicts them."""

import math
import threading
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple

Document = dict[str, Any]
SETTLE_SECONDS = 4.0
"""After this long, a write whose response was lost is carried out or never will be."""


class State(NamedTuple):
    """An item that may be stored. ``document`` is None for no item; ``etag`` is None if no response told it."""

    document: Document | None
    etag: str | None = None

    def agrees(self, document: Document | None, etag: str | None) -> bool:
        """Return True if a response with this document and ETag, None if it has none, can be of this state."""
        return self.document == document and (None in (self.etag, etag) or self.etag == etag)


@dataclass
class Tracked:
    """An item that only one client changes: the states that its writes and their responses leave possible."""

    key: str
    possible: list[State]
    settled_at: float = 0.0
    history: deque[str] = field(default_factory=lambda: deque(maxlen=8))
    """What was noted last, for the report of a contradiction."""

    @property
    def known(self) -> State | None:
        """Return the state if there is only one."""
        return self.possible[0] if len(self.possible) == 1 else None

    @property
    def settled(self) -> bool:
        return time.monotonic() >= self.settled_at

    def acknowledge(self, state: State) -> None:
        """Note a write that a response confirmed."""
        self._note("acknowledged", state.document)
        self.possible = [state]

    def doubt(self, document: Document | None) -> None:
        """Note a write without a response, or with one that leaves the outcome open."""
        self._note("open", document)
        self.possible.append(State(document))
        self.settled_at = time.monotonic() + SETTLE_SECONDS

    def observe(self, document: Document | None, etag: str | None) -> bool:
        """Note what a read returned. Return False if it contradicts every possible state."""
        self._note("found", document)
        matching = [state for state in self.possible if state.agrees(document, etag)]
        self.possible = [State(document, etag or (matching[0].etag if len(matching) == 1 else None))]
        return bool(matching)

    def _note(self, what: str, document: Document | None) -> None:
        about = document and {name: document.get(name) for name in ("born", "patched")}
        self.history.append(f"{time.strftime('%H:%M:%S')} {what} {about}")


@dataclass
class Tally:
    """Requests by their kind and status, and every contradiction, shared by all clients."""

    responses: Counter[tuple[str, str]] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, kind: str, status: str) -> None:
        """Count a request of a kind, such as ``patch``, by its status or "none"."""
        with self.lock:
            self.responses[kind, status] += 1

    @property
    def requests(self) -> int:
        return self.responses.total()

    def share(self, *prefixes: str) -> float:
        """Return the share of the requests whose status begins so."""
        found = sum(count for (_, status), count in self.responses.items() if status.startswith(prefixes))
        return found / max(1, self.requests)


class Slope(NamedTuple):
    """The growth of memory in MB an hour, with its standard error, from a number of MB."""

    per_hour: float
    error: float
    start: float
    seconds: float


def slope(samples: Sequence[tuple[float, float]], bucket_seconds: float = 20.0) -> Slope:
    """Return the regression line of memory samples (seconds, MB).

    Each bucket counts by its smallest sample: requests in flight, and garbage until it is collected, come and go within
    seconds, and a leak stays. Neighbouring samples are alike: independent samples would have a smaller error. The
    correlation of the residuals corrects it (https://en.wikipedia.org/wiki/Effective_sample_size, first-order
    autoregression).
    """
    start = samples[0][0]
    buckets: dict[int, tuple[float, float]] = {}
    for seconds, size in samples:
        number = int((seconds - start) / bucket_seconds)
        buckets[number] = min(buckets.get(number, (seconds, math.inf)), (seconds, size), key=lambda each: each[1])
    points = [((seconds - start) / 3600, size) for seconds, size in buckets.values()]
    count = len(points)
    if count < 3:
        return Slope(math.nan, math.nan, samples[0][1], samples[-1][0] - start)
    mean_x, mean_y = (sum(values) / count for values in zip(*points, strict=True))
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    rise = sum((x - mean_x) * (y - mean_y) for x, y in points) / spread
    residuals = [y - mean_y - rise * (x - mean_x) for x, y in points]
    squares = sum(each**2 for each in residuals)
    alike = sum(first * second for first, second in pairwise(residuals)) / squares if squares else 0.0
    alike = min(max(alike, 0.0), 0.9)
    error = math.sqrt(squares / (count - 2) / spread * (1 + alike) / (1 - alike))
    return Slope(rise, error, points[0][1], samples[-1][0] - start)
