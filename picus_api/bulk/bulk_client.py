"""A DynamoDB client for imports and exports that waits longer than the service's, and a pool of threads."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager

from picus_api.bulk.errors import Interrupted
from picus_api.core import environment
from picus_api.core.dynamodb import table
from picus_api.core.dynamodb.backoff import Backoff
from picus_api.core.dynamodb.retry import Limits
from picus_api.core.dynamodb.transport import CallResult, create_transport
from picus_api.core.errors import TableThrottled

# No client waits here, so a slow network or a busy table is no reason to give up.
BULK_LIMITS = Limits(read_timeout=15, attempts=6, deadline=60)
_LONGEST_WAIT_SECONDS = 20.0
_NO_PROGRESS_SECONDS = 300.0
"""How long a call is repeated while DynamoDB throttles it."""

Check = Callable[[], None]
"""Raises an error if a command may not go on."""


class BulkClient:
    """Sends requests over a separate transport, with one connection per thread."""

    def __init__(self, threads: int) -> None:
        """Create the transport. Raises SettingError."""
        self.table = table.table_name()
        endpoint = environment.url("DYNAMODB_ENDPOINT_URL")
        with table.domain_errors():
            self._transport = create_transport(endpoint, limits=BULK_LIMITS, size=threads)
        self.place = {"table": self.table, "endpoint": self._transport.endpoint.url}
        self.stop = threading.Event()
        self.failure: BaseException | None = None
        self._lock = threading.Lock()

    def close(self) -> None:
        self._transport.close()

    def send(self, operation: str, request: bytes) -> CallResult:
        """Send one request. Raises ConditionFailed, ItemTooLarge, TableUnavailable."""
        with table.domain_errors():
            return self._transport.call(operation, request)

    def send_until_accepted(self, operation: str, request: bytes) -> bytes:
        """Send a request, repeat it while DynamoDB throttles it, and return the response.

        Raises Interrupted and what ``send`` raises.
        """
        backoff = self.new_backoff()
        while True:
            try:
                return self.send(operation, request).body
            except TableThrottled:
                if not backoff.wait():
                    raise

    @contextmanager
    def stop_on_error(self) -> Iterator[None]:
        """Keep the first error of a thread as ``failure``, and stop the other threads."""
        try:
            yield
        except Interrupted:
            pass
        except BaseException as error:
            with self._lock:
                self.failure = self.failure or error
            self.stop.set()

    def raise_failure(self) -> None:
        """Raise the first error of a thread, if there is one."""
        if self.failure:
            raise self.failure

    def new_backoff(self) -> Backoff:
        """Return the waits of one throttled request. A wait raises Interrupted when the command is stopped."""
        return Backoff(0.1, _LONGEST_WAIT_SECONDS, time.monotonic() + _NO_PROGRESS_SECONDS, self._sleep)

    def _sleep(self, seconds: float) -> None:
        if self.stop.wait(seconds):
            raise Interrupted


class WorkerPool:
    """Threads that run the tasks of one command."""

    def __init__(self, threads: int) -> None:
        self._pool = ThreadPoolExecutor(threads)
        self._unfinished: set[Future[object]] = set()

    def submit(self, task: Callable[..., object], *arguments: object) -> None:
        """Run the task in a thread, as soon as one is free. The task handles its errors."""
        future = self._pool.submit(task, *arguments)
        self._unfinished.add(future)
        future.add_done_callback(self._unfinished.discard)

    def wait(self) -> None:
        """Wait until all tasks are done.

        Not by shutdown(): before Python 3.13, Ctrl-C during Thread.join() makes a running thread look dead, and nothing
        waits for it any more (https://github.com/python/cpython/issues/90882).
        """
        wait(list(self._unfinished))

    def shutdown(self) -> None:
        """Wait until all tasks are done, and end the threads."""
        self.wait()
        self._pool.shutdown()


@contextmanager
def worker_pool(threads: int, stop: threading.Event) -> Iterator[WorkerPool]:
    """Yield a pool of threads, and wait at the end until all submitted tasks are done.

    On Ctrl-C ``stop`` is set: the tasks that run are finished, and the others must return at once.
    """
    pool = WorkerPool(threads)
    try:
        yield pool
        pool.wait()
    except KeyboardInterrupt:
        stop.set()
        raise
    finally:
        pool.shutdown()
