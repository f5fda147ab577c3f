"""The calls of a bulk operation: patient, counted, and held to a limit of capacity."""

import gc
import random
import re
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from picus_api.core import environment, table
from picus_api.core.bulk.errors import Interrupted
from picus_api.core.dynamodb.retrying import Limits
from picus_api.core.dynamodb.transport import create_transport
from picus_api.core.table import TableThrottled

# Nobody waits for a page: a slow line or a busy table is no reason to give up.
PATIENT = Limits(read_timeout=15, attempts=6, deadline=60)
MAX_PAUSE = 20.0
"""Seconds between two attempts of a throttled write at most."""
MAX_THROTTLED = 300.0
"""Seconds without any progress, after which a throttled operation gives up."""

_UNITS = re.compile(rb'"CapacityUnits"\s*:\s*([0-9.eE+-]+)')


class Meter:
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


class Patience:
    """The pauses of one throttled call: longer each time, random, and not for ever."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self.progressed()

    def progressed(self) -> None:
        """Something was written: begin with short pauses again."""
        self._attempts = 0
        self._since = time.monotonic()

    def pause(self) -> None:
        """Wait before another attempt. Raises TableThrottled after too long, Interrupted."""
        if time.monotonic() - self._since > MAX_THROTTLED:
            raise TableThrottled
        self._attempts += 1
        if self._stop.wait(random.uniform(0.5, 1) * min(MAX_PAUSE, 0.05 * 2**self._attempts)):  # noqa: S311 no secret
            raise Interrupted


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

    def call(self, operation: str, body: bytes) -> bytes:
        """The answer's body. Raises TableUnavailable, ItemTooLarge, ItemConflict."""
        with table.domain_errors():
            return self._transport.call_raw(operation, body)

    def call_patiently(self, operation: str, body: bytes) -> bytes:
        """The same, and again while DynamoDB throttles. Raises Interrupted, too."""
        patience = Patience(self.stop)
        while True:
            try:
                return self.call(operation, body)
            except TableThrottled:
                patience.pause()


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
