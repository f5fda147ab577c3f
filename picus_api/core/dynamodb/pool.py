"""The pool of idle connections: bounded, shared by all threads, with the last used connection first."""

import threading
import time
from collections.abc import Callable

from picus_api.core.dynamodb.http_connection import HttpConnection
from picus_api.core.dynamodb.http_parser import RequestNotSent

MAX_IDLE_SECONDS = (
    50.0  # load balancers and DynamoDB close idle connections after a minute or more; NAT drops them silently
)


class ConnectionPool:
    """A stack of ``size`` slots, each with an idle connection, or None for a connection that is not open.

    No more than ``size`` connections exist; a thread that finds no slot waits. Taking and giving back are atomic list
    operations, so that the usual path needs no lock.
    """

    def __init__(self, opener: Callable[[float], HttpConnection], size: int) -> None:
        self._open = opener
        self._size = size
        self._slots: list[HttpConnection | None] = [None] * size
        self._freed = threading.Condition()
        self._waiting = 0

    def reset_after_fork(self) -> None:
        """Drop the connections and the lock of the parent process."""
        idle, self._slots = self._slots, [None] * self._size
        self._freed = threading.Condition()
        self._waiting = 0
        for connection in filter(None, idle):
            connection.close()  # only the handle of this process: the parent's stays open

    def take(self, deadline: float, *, fresh: bool = False) -> HttpConnection:
        """Return a connection: an idle one that works, or else, or if ``fresh``, a new one. Raises RequestNotSent."""
        try:
            connection = self._slots.pop()
        except IndexError:
            connection = self._wait_for_slot(deadline)
        if connection is not None:
            if not fresh and _is_usable(connection):
                return connection
            connection.close()
        try:
            return self._open(deadline)
        except BaseException:
            self._put(None)
            raise

    def give_back(self, connection: HttpConnection) -> None:
        """Take back a connection of ``take``, in any state."""
        if connection.reusable:
            connection.pooled = True
            self._put(connection)
        else:
            connection.close()
            self._put(None)

    def close(self) -> None:
        """Close the idle connections."""
        for _ in range(self._size):
            try:
                connection = self._slots.pop()
            except IndexError:  # the rest are in use
                return
            if connection is not None:
                connection.close()
            self._put(None)

    def _put(self, slot: HttpConnection | None) -> None:
        if slot is None:
            self._slots.insert(0, None)  # below the open ones
        else:
            self._slots.append(slot)
        if self._waiting:
            with self._freed:
                self._freed.notify()

    def _wait_for_slot(self, deadline: float) -> HttpConnection | None:
        with self._freed:
            self._waiting += 1
            try:
                while True:
                    try:
                        return self._slots.pop()
                    except IndexError:
                        left = deadline - time.monotonic()
                        if left <= 0:
                            raise RequestNotSent(f"all {self._size} connections are busy") from None
                        self._freed.wait(left)
            finally:
                self._waiting -= 1


def _is_usable(connection: HttpConnection) -> bool:
    """Return True if an idle connection may be used. A clock that jumped counts as too long a wait."""
    return 0 <= time.time() - connection.last_used < MAX_IDLE_SECONDS and connection.is_alive()
