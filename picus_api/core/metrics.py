"""Metrics of each request, inside its log line: CloudWatch's embedded metric format.

CloudWatch Logs makes metrics of the members that `_aws` names. Both computes use the same names, and the variable
METRICS_NAMESPACE; without it there are no metrics, and nothing is counted.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import os
import re
import time
from contextvars import ContextVar
from typing import Any

NAMESPACE = os.environ.get("METRICS_NAMESPACE", "")
UNITS = {
    "requests": "Count",
    "errors": "Count",
    "duration_ms": "Milliseconds",
    "dynamodb_calls": "Count",
    "dynamodb_retries": "Count",
    "dynamodb_throttles": "Count",
    "consumed_capacity": "Count",
}
_DEFINITIONS = [{"Name": name, "Unit": unit} for name, unit in UNITS.items()]
# A key before a number occurs in reports only: in items each value is an object, and strings have escaped quotes.
_CAPACITY_UNITS = re.compile(rb'"CapacityUnits" ?: ?([0-9.eE+-]+)')


class CallCounts:
    """Count the DynamoDB calls of one request."""

    __slots__ = ("calls", "retries", "throttles", "units")

    def __init__(self) -> None:
        self.calls = self.retries = self.throttles = 0
        self.units = 0.0

    def add_call(self, attempts: int, throttles: int) -> None:
        """Count a call by its attempts, and by the responses that throttled it."""
        self.calls += 1
        self.retries += attempts - 1
        self.throttles += throttles

    def add_units(self, response: bytes) -> None:
        """Add the capacity units that a response of DynamoDB reports."""
        self.units += sum(map(float, _CAPACITY_UNITS.findall(response)))


active: ContextVar[CallCounts | None] = ContextVar("call_counts", default=None)


def start() -> CallCounts | None:
    """Count the calls of a new request in this context, if metrics are on."""
    counts = CallCounts() if NAMESPACE else None
    active.set(counts)
    return counts


def line_fields(counts: CallCounts | None, compute: str, status: int) -> dict[str, Any]:
    """Return the members that make metrics of a request's log line, which has `duration_ms` already."""
    if counts is None:
        return {}
    directive = {"Namespace": NAMESPACE, "Dimensions": [["compute"]], "Metrics": _DEFINITIONS}
    return {
        "compute": compute,
        "requests": 1,
        "errors": int(status >= 500),
        "dynamodb_calls": counts.calls,
        "dynamodb_retries": counts.retries,
        "dynamodb_throttles": counts.throttles,
        "consumed_capacity": counts.units,
        "_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]},
    }
