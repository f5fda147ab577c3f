"""Keep a bulk operation below a number of DynamoDB capacity units per second."""

import re
import threading
import time

from picus_api.bulk.errors import Interrupted

_UNITS = re.compile(rb'"CapacityUnits"\s*:\s*([0-9.eE+-]+)')


class RateLimiter:
    """A token bucket that also counts the units used. Its tokens are capacity units.

    A caller reserves the estimated units of a request before it sends the request, and settles the difference after the
    response. Over any period the use stays within the rate, except for the errors of the estimates that are not settled
    yet. The bucket holds at most the units of one second.
    """

    def __init__(self, rate: float | None, stop: threading.Event) -> None:
        """Take the units per second, or None for no limit. ``stop`` ends the waits."""
        self.used = 0.0
        self.rate = rate
        self._stop = stop
        self._lock = threading.Lock()
        self._tokens = 0.0
        self._filled_at = time.monotonic()

    def reserve(self, units: float) -> None:
        """Wait until the units may be used. Raises Interrupted."""
        if self.rate and self._stop.wait(self._take(units) / self.rate):
            raise Interrupted

    def settle(self, units: float, response: bytes) -> float:
        """Correct a reservation by the units that a response reports, and return the reported units."""
        match = _UNITS.search(response)
        reported = float(match[1]) if match else units
        with self._lock:
            self._tokens += units - reported
            self.used += reported
        return reported

    def _take(self, units: float) -> float:
        """Take the units from the bucket, and return how many of them it did not hold."""
        assert self.rate
        with self._lock:
            now = time.monotonic()
            refilled = self._tokens + (now - self._filled_at) * self.rate
            self._tokens = min(self.rate, refilled) - units
            self._filled_at = now
            return max(0.0, -self._tokens)
