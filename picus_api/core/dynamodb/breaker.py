"""A circuit breaker: while DynamoDB does not answer at all, calls fail at once instead of each waiting its time out.

Otherwise an outage takes every thread for as long as a call may last, and with them the liveness check, for which ECS
would replace tasks that are well. https://learn.microsoft.com/azure/architecture/patterns/circuit-breaker
"""

import threading
import time

FAILURES = 8
"""So many calls in a row without any answer open it. An answer that is an error closes it as well as a good one."""
OPEN_SECONDS = 1.0
"""How long nobody tries; then one call at a time does."""


class CircuitBreaker:
    """Shared by all threads of a transport. `patience`: seconds that a call lasts at most."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._lock = threading.Lock()
        self._failures = 0
        self._open_until = 0.0  # of time.monotonic(), for those who want to try

    def admits(self) -> bool:
        """Tell whether a call may be made now; one that may while it is open is the probe."""
        if self._failures < FAILURES:
            return True
        with self._lock:
            now = time.monotonic()
            if now < self._open_until:
                return False
            self._open_until = now + self._patience  # unless the probe ends before
            return True

    def answered(self) -> None:
        """DynamoDB is there."""
        if self._failures:
            self._failures = 0

    def failed(self) -> None:
        """A call ended without an answer."""
        with self._lock:
            self._failures += 1
            self._open_until = time.monotonic() + OPEN_SECONDS
