"""What a request costs in DynamoDB's capacity units, counted only where somebody asked."""

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


class Meter:
    """The capacity units of all calls so far."""

    def __init__(self) -> None:
        self.units = 0.0

    def add(self, answer: dict[str, Any]) -> None:
        """Count what an answer reports."""
        reports = answer.get("ConsumedCapacity") or []
        for report in reports if isinstance(reports, list) else [reports]:
            self.units += float(report.get("CapacityUnits", 0))


active: ContextVar[Meter | None] = ContextVar("capacity_meter", default=None)


@contextmanager
def measured() -> Iterator[Meter]:
    """Count the calls of this thread."""
    meter = Meter()
    token = active.set(meter)
    try:
        yield meter
    finally:
        active.reset(token)
