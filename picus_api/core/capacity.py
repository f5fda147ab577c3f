"""Capacity units: their limit for bulk writes, and reports to clients (``Prefer: consumed-capacity``, RFC 7240)."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol

from picus_api.core.preferences import APPLIED, parse_prefer

# The operations that report their units.
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
HUNG_UP_KEY = "picus.has_hung_up"
"""Key in the WSGI environ of a function of the server that returns True if the client has closed the connection."""


class Limiter(Protocol):
    """Limits the write units per second (bulk/rate_limiter.py)."""

    def reserve(self, units: float) -> None:
        """Wait until the units may be used."""

    def settle(self, units: float, response: bytes) -> float:
        """Correct a reservation by the units that a response reports."""


class CapacityMeter:
    """The sum of capacity units of all calls so far; several threads may add."""

    def __init__(self) -> None:
        self.units = 0.0
        self._lock = threading.Lock()

    @property
    def text(self) -> str:
        """Return the units as the value of a header field."""
        return f"{self.units:.15g}"

    def add(self, response: dict[str, Any]) -> None:
        """Add the units that a response of DynamoDB reports."""
        reports = response.get("ConsumedCapacity") or []
        for report in reports if isinstance(reports, list) else [reports]:
            with self._lock:
                self.units += float(report.get("CapacityUnits", 0))


active: ContextVar[CapacityMeter | None] = ContextVar("capacity_meter", default=None)


@contextmanager
def measure(meter: CapacityMeter | None = None) -> Iterator[CapacityMeter]:
    """Add the units of all calls of this context (contextvars) to the meter, or to a new one."""
    meter = meter or CapacityMeter()
    token = active.set(meter)
    try:
        yield meter
    finally:
        active.reset(token)


def is_wanted(prefer: str | None) -> bool:
    """Return True if a Prefer field asks for the units, or for an exact count, whose cost its client must see."""
    preferences = parse_prefer(prefer)
    return PREFERENCE in preferences or preferences.get("count") == "exact"


def response_headers(meter: CapacityMeter, prefer: str | None, applied: str | None = None) -> dict[str, str]:
    """Return the header fields that report the units. ``applied``: the preferences that are honoured already."""
    if PREFERENCE not in parse_prefer(prefer):
        return {HEADER: meter.text}
    return {HEADER: meter.text, APPLIED: f"{applied}, {PREFERENCE}" if applied else PREFERENCE}
