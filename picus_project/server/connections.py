"""The connections of a worker, and which of them to close when it has too many connections, descriptors or bytes."""

import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from heapq import nsmallest

from picus_project.server.connection import ClientConnection
from picus_project.server.limits import MAX_UNFINISHED_BYTES, MAX_UNSENT_BYTES, MIN_BYTES_PER_SECOND

CLOSE_SECONDS = 2.0
"""How long a connection stays open for a client that does not close it after the last response."""
_CLOSED_AT_ONCE = 20


class Connections:
    """All open connections, at most about ``most``. Only the thread that has taken a connection may use it.

    ``idle``: the connections that no thread uses, by their descriptors.
    """

    def __init__(self, most: int) -> None:
        self.idle: dict[int, ClientConnection] = {}
        self._open: dict[int, ClientConnection] = {}
        self._closing: deque[ClientConnection] = deque()
        self._most = most

    def __bool__(self) -> bool:
        return bool(self._open)

    @property
    def is_over_full(self) -> bool:
        """Return True if the newest connection needs the place of another one."""
        return len(self._open) > self._most

    @property
    def in_use(self) -> int:
        """Return how many connections are used by a thread."""
        return len(self._open) - len(self.idle) - len(self._closing)

    def add(self, connection: ClientConnection) -> None:
        """Add an accepted connection, which this thread uses."""
        self._open[connection.fd] = connection

    def make_idle(self, connection: ClientConnection) -> None:
        """Let the thread of the next event use the connection. Others may close it as soon as it is armed."""
        connection.is_armed = False
        self.idle[connection.fd] = connection

    def _armed(self) -> list[ClientConnection]:
        return [each for each in list(self.idle.values()) if each.is_armed]

    def take(self, connection: ClientConnection) -> bool:
        """Let this thread use an idle connection. Return False if another one uses it."""
        taken = self.idle.pop(connection.fd, None)
        if taken is not None and taken is not connection:
            self.idle[taken.fd] = taken  # a new connection with the same descriptor
        return taken is connection

    def make_room(self) -> bool:
        """Close connections in favour of new ones. Return False if all are in use. For the main thread.

        Clients that leave their requests unfinished lose them first, several at once: to find them takes time.
        """
        with suppress(IndexError):
            self.close(self._closing.popleft())  # it has its last response
            return True
        now = time.monotonic()
        slow = [each for each in _unfinished(self._armed()) if _rate(each, now) < MIN_BYTES_PER_SECOND]
        if slow:
            slowest = nsmallest(_CLOSED_AT_ONCE, slow, key=lambda each: _rate(each, now))
            closed = [self._close_busy(each) for each in slowest]
            return any(closed)
        return self._evict(_most_dispensable)

    def limit_unfinished(self) -> None:
        """Close the slowest requests until all requests take no more than MAX_UNFINISHED_BYTES."""
        while sum(each.received for each in list(self._open.values())) > MAX_UNFINISHED_BYTES:
            if not self._evict(_slowest_request):
                return

    def limit_unsent(self) -> None:
        """Close the slowest readers until the responses that wait for readers take no more than MAX_UNSENT_BYTES."""
        while sum(each.responder.unsent_bytes for each in list(self._open.values())) > MAX_UNSENT_BYTES:
            if not self._evict(_slowest_reader):
                return

    def _evict(self, choose: Callable[[list[ClientConnection]], ClientConnection | None]) -> bool:
        """Close the idle connection that ``choose`` returns. Return False if there is none."""
        while (chosen := choose(self._armed())) is not None:
            if self._close_busy(chosen):
                return True
        return False

    def _close_busy(self, connection: ClientConnection) -> bool:
        """Close an idle connection with 503, if it has a request. Return False if a thread uses the connection."""
        if not self.take(connection):
            return False
        connection.send_timeout(busy=True)
        self.close(connection)
        return True

    def finish(self, connection: ClientConnection) -> None:
        """Close the connection after its last response, once the client has received all of it."""
        connection.shut_down()
        if connection.is_closed_by_client():
            self.close(connection)
            return
        connection.deadline = time.monotonic() + CLOSE_SECONDS
        self._closing.append(connection)

    def close_finished(self, now: float) -> None:
        """Close the connections whose clients have closed them, too. For the main thread."""
        for _ in range(len(self._closing)):
            connection = self._closing.popleft()
            if connection.is_closed_by_client() or connection.deadline < now:
                self.close(connection)
            else:
                self._closing.append(connection)

    def close_idle(self, now: float, *, unused: bool = False) -> None:
        """Close connections past their deadline, and with ``unused`` all that have no request under way."""
        for connection in self._armed():
            over = connection.deadline < now or (unused and connection.is_unused)
            if over and self.take(connection):
                connection.send_timeout()
                self.close(connection)

    def close(self, connection: ClientConnection) -> None:
        """Close a connection that this thread uses, at once."""
        if self._open.get(connection.fd) is connection:
            del self._open[connection.fd]
        connection.close()


def _unfinished(idle: list[ClientConnection]) -> list[ClientConnection]:
    """Return the connections with a request that is arriving."""
    return [each for each in idle if each.request_started is not None and each.turn_deadline is None]


def _slowest_request(idle: list[ClientConnection]) -> ClientConnection | None:
    """Return the connection whose request arrives at the lowest rate."""
    now = time.monotonic()
    return min(_unfinished(idle), key=lambda each: _rate(each, now), default=None)


def _slowest_reader(idle: list[ClientConnection]) -> ClientConnection | None:
    """Return the connection whose response has the least time left."""
    sending = [each for each in idle if each.responder.is_sending]
    return min(sending, key=lambda each: each.deadline, default=None)


def _most_dispensable(idle: list[ClientConnection]) -> ClientConnection | None:
    """Return the connection that has been without a request the longest, else the slowest request, else any."""
    unused = min((each for each in idle if each.is_unused), key=lambda each: each.deadline, default=None)
    return unused or _slowest_request(idle) or min(idle, key=lambda each: each.deadline, default=None)


def _rate(connection: ClientConnection, now: float) -> float:
    # A request that has just begun counts as fast.
    return connection.received / max(now - (connection.request_started or now), 0.05)
