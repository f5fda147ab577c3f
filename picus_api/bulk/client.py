"""The calls of a bulk operation: patient, counted, and held to a limit of capacity."""

import gc
import re
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from picus_api.bulk.errors import Interrupted
from picus_api.core import environment
from picus_api.core.dynamodb import table
from picus_api.core.dynamodb.backoff import Backoff
from picus_api.core.dynamodb.retry import Limits
from picus_api.core.dynamodb.transport import CallResult, create_transport
from picus_api.core.errors import TableThrottled

# Nobody waits for a page: a slow line or a busy table is no reason to give up.
PATIENT = Limits(read_timeout=15, attempts=6, deadline=60)
LONGEST_WAIT = 20.0
"""The longest wait in seconds between two attempts of a throttled call."""
THROTTLED_SECONDS = 300.0
"""Seconds without progress after which a throttled operation gives up."""

_UNITS = re.compile(rb'"CapacityUnits"\s*:\s*([0-9.eE+-]+)')


class RateLimiter:
    """Capacity used, and a token bucket that keeps it below ``rate`` units a second (None: no limit).

    What a call will cost is reserved before it and corrected after it: over any period the use stays within the rate,
    but for the error of the estimates of the calls under way.
    """

    def __init__(self, rate: float | None, stop: threading.Event) -> None:
        self.used = 0.0
        self.rate = rate
        self._stop = stop
        self._lock = threading.Lock()
        self._tokens = 0.0
        self._filled = time.monotonic()

    def reserve(self, estimate: float) -> None:
        """Wait until so many units may be used. Raises Interrupted."""
        if self.rate and self._stop.wait(self._debt(estimate) / self.rate):
            raise Interrupted

    def settle(self, estimate: float, answer: bytes) -> float:
        """Correct a reservation by what the answer says it cost, which is returned."""
        found = _UNITS.search(answer)
        actual = float(found[1]) if found else estimate
        with self._lock:
            self._tokens += estimate - actual
            self.used += actual
        return actual

    def _debt(self, estimate: float) -> float:
        """Take the units; how many of them are not there yet. Unused ones are kept for a second."""
        assert self.rate
        with self._lock:
            now = time.monotonic()
            self._tokens = min(self.rate, self._tokens + (now - self._filled) * self.rate) - estimate
            self._filled = now
            return max(0.0, -self._tokens)


class BulkClient:
    """A transport of its own, with a connection per thread."""

    def __init__(self, threads: int) -> None:
        """Raises SettingError."""
        self.table = table.table_name()
        endpoint = environment.url("DYNAMODB_ENDPOINT_URL")
        with table.domain_errors():
            self._transport = create_transport(endpoint, limits=PATIENT, size=threads)
        self.place = {"table": self.table, "endpoint": self._transport.endpoint.url}
        self.stop = threading.Event()

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def send(self, operation: str, body: bytes) -> CallResult:
        """Carry out a call. Raises TableUnavailable, ItemTooLarge, ConditionFailed."""
        with table.domain_errors():
            return self._transport.call(operation, body)

    def send_patiently(self, operation: str, body: bytes) -> bytes:
        """Carry out a call, again while DynamoDB throttles; return the response. Raises Interrupted, too."""
        backoff = self.new_backoff()
        while True:
            try:
                return self.send(operation, body).body
            except TableThrottled:
                if not backoff.wait():
                    raise

    def new_backoff(self) -> Backoff:
        """Return the waits of one throttled call. A wait raises Interrupted."""
        return Backoff(0.1, LONGEST_WAIT, time.monotonic() + THROTTLED_SECONDS, self._sleep)

    def _sleep(self, seconds: float) -> None:
        if self.stop.wait(seconds):
            raise Interrupted


@contextmanager
def rare_collections() -> Iterator[None]:
    """The garbage collector looks at what is new a hundred times less often.

    Records are trees of many small objects that go without it, and are looked at again and again while they last: a
    third of the time of an export.
    """
    usual = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(100 * usual[0], *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)
        gc.unfreeze()


@contextmanager
def workers(count: int, stop: threading.Event) -> Iterator[ThreadPoolExecutor]:
    """Threads that finish what was submitted, but for an interrupt: then what they are at, and no more."""
    pool = ThreadPoolExecutor(count)
    try:
        yield pool
        pool.shutdown()
    except KeyboardInterrupt:
        stop.set()
        raise
    finally:
        pool.shutdown()
