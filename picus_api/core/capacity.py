"""What a request costs in DynamoDB's capacity units, counted only where somebody asked by Prefer (RFC 7240)."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

# Those that report it, of the operations that requests use.
REPORTING = frozenset(
    {
        "BatchGetItem",
        "BatchWriteItem",
        "DeleteItem",
        "GetItem",
        "PutItem",
        "Query",
        "Scan",
        "TransactGetItems",
        "TransactWriteItems",
        "UpdateItem",
    }
)


PREFERENCE = "consumed-capacity"
HEADER = "Picus-Consumed-Capacity"
TRAILERS_KEY = "picus.trailers"
"""Key in the WSGI environ of a function of the server, absent where it can't send trailers (HTTP/1.0).

Its argument is a function that the server calls after a chunked body, and that returns the trailers' names and values.
"""


class Meter:
    """The capacity units of all calls so far, of several threads maybe."""

    def __init__(self) -> None:
        self.units = 0.0
        self._lock = threading.Lock()

    @property
    def text(self) -> str:
        """As a header's value."""
        return f"{self.units:.15g}"

    def add(self, answer: dict[str, Any]) -> None:
        """Count what an answer reports."""
        reports = answer.get("ConsumedCapacity") or []
        for each in reports if isinstance(reports, list) else [reports]:
            with self._lock:
                self.units += float(each.get("CapacityUnits", 0))


active: ContextVar[Meter | None] = ContextVar("capacity_meter", default=None)


@contextmanager
def measured(meter: Meter | None = None) -> Iterator[Meter]:
    """Count the calls of this context (contextvars), on a new meter or this one."""
    meter = meter or Meter()
    token = active.set(meter)
    try:
        yield meter
    finally:
        active.reset(token)


def is_wanted(preferences: str | None) -> bool:
    """Whether a Prefer header asks; parameters mean nothing."""
    return any(each.partition(";")[0].strip().lower() == PREFERENCE for each in (preferences or "").split(","))


def report(meter: Meter) -> dict[str, str]:
    """The headers that answer it."""
    return {HEADER: meter.text, "Preference-Applied": PREFERENCE}
