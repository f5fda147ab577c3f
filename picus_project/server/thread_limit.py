"""A limit on how many threads may wait for slow clients, so that other requests always find a thread."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class ThreadLimit:
    """Let at most ``count`` threads wait at once; call ``on_release`` each time one of them stops waiting."""

    def __init__(self, count: int, on_release: Callable[[], None]) -> None:
        self._semaphore = threading.Semaphore(count)
        self._on_release = on_release

    @contextmanager
    def try_acquire(self) -> Iterator[bool]:
        """Take a place for the ``with`` block without waiting for one. Yield True if there was a place."""
        acquired = self._semaphore.acquire(blocking=False)
        try:
            yield acquired
        finally:
            if acquired:
                self._semaphore.release()
                self._on_release()
