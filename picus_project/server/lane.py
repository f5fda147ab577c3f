"""A limit on the threads for one kind of request, so that other requests always find a thread."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from picus_project.server.connection import ClientConnection


class Lane:
    """At most ``count`` threads, and the connections whose requests wait for one of them."""

    def __init__(self, count: int) -> None:
        self._count = self._free = count
        self._lock = threading.Lock()
        self._waiting: deque[ClientConnection] = deque()

    @contextmanager
    def try_acquire(self) -> Iterator[bool]:
        """Take a place for the ``with`` block without waiting for one. Yield True if there was a place."""
        with self._lock:
            acquired = self._free > 0
            self._free -= acquired
        try:
            yield acquired
        finally:
            with self._lock:
                self._free += acquired

    @property
    def is_unused(self) -> bool:
        """Return True if no thread has a place."""
        return self._free == self._count

    def waiting(self) -> "list[ClientConnection]":
        """Return the connections that wait for a place. Some of them may be closed."""
        return list(self._waiting)

    def wait(self, connection: "ClientConnection", *, first: bool) -> None:
        """Let a connection wait behind the others. ``first``: before them, because it has waited already."""
        if first:
            self._waiting.appendleft(connection)
        else:
            self._waiting.append(connection)

    def next(self) -> "ClientConnection | None":
        """Return the connection that has waited the longest, if there is one. It does not wait any more."""
        try:
            return self._waiting.popleft()
        except IndexError:
            return None
