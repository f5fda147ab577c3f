"""A circuit breaker: while DynamoDB does not respond at all, calls fail at once instead of waiting for their timeout.

Otherwise an outage would hold every thread for the longest time of a call, liveness checks would fail, and ECS would
replace healthy tasks. https://learn.microsoft.com/azure/architecture/patterns/circuit-breaker
"""

import threading
import time

FAILURES = 8
"""Calls in a row without a response that open the breaker. Any response closes it, an error too."""
OPEN_SECONDS = 1.0
"""Seconds without any call while the breaker is open. Then one call at a time probes."""


class CircuitBreaker:
    """The breaker of a transport, shared by its threads. ``longest_call``: seconds that a call can last."""

    def __init__(self, longest_call: float) -> None:
        self._longest_call = longest_call
        self._lock = threading.Lock()
        self._failures = 0
        self._open_until = 0.0  # time.monotonic()

    def admits(self) -> bool:
        """Return True if a call may be made now. While the breaker is open, such a call is the probe."""
        if self._failures < FAILURES:
            return True
        with self._lock:
            now = time.monotonic()
            if now < self._open_until:
                return False
            self._open_until = now + self._longest_call  # unless the probe ends earlier
            return True

    def record_response(self) -> None:
        """Record a response and close the breaker."""
        if self._failures:
            self._failures = 0

    def record_failure(self) -> None:
        """Record a call that ended without a response."""
        with self._lock:
            self._failures += 1
            self._open_until = time.monotonic() + OPEN_SECONDS
