"""Read a request from its socket, within limits of time."""

import errno
import select
import socket
import time
from collections.abc import Callable

from gunicorn.http.unreader import SocketUnreader

from picus_project.server.limits import CONTENDED_BYTES_PER_SECOND, CONTENDED_SECONDS, READ_SECONDS, too_slow

_CHECK_SECONDS = 1.0
"""How often a thread that waits for bytes checks the limits."""


class LimitedUnreader(SocketUnreader):
    """gunicorn's reader of a socket, which raises TimeoutError for a client that is silent or too slow.

    The socket limits a single pause. ``limit_time`` limits a whole body: a client that sends a byte now and then must
    not keep a thread. ``yield_thread``: returns True if the thread of a slow body should go to another request.
    """

    yield_thread: Callable[[], bool] = staticmethod(lambda: False)
    _started = _measured_since = 0.0
    _deadline: float | None = None
    _received = _received_since = 0

    def limit_time(self, seconds: float | None) -> None:
        """Let reads raise TimeoutError from ``seconds`` on, and for a client that is too slow. None: no longer."""
        self._started = self._measured_since = time.monotonic()
        self._received = self._received_since = 0
        self._deadline = None if seconds is None else self._started + seconds

    def chunk(self, size_hint: int | None = None) -> bytes:
        """Receive the next bytes; none at the end. Raises TimeoutError, OSError."""
        if self._deadline is not None:
            self._wait_for_bytes()
        try:
            data: bytes = super().chunk(size_hint)  # type: ignore[call-arg]  # the stubs are older
        except BlockingIOError:
            raise TimeoutError(errno.ETIMEDOUT, "the client is silent") from None
        self._received += len(data)
        self._received_since += len(data)
        self._check()
        return data

    def _wait_for_bytes(self) -> None:
        poller = select.poll()
        poller.register(self.sock, select.POLLIN)
        silent_until = time.monotonic() + READ_SECONDS
        self._check()
        while not poller.poll(_CHECK_SECONDS * 1000):
            self._check()
            if time.monotonic() > silent_until:
                raise TimeoutError(errno.ETIMEDOUT, "the client is silent")

    def _check(self) -> None:
        if self._deadline is None:
            return
        now = time.monotonic()
        if now > self._deadline or too_slow(self._received, now - self._started):
            raise TimeoutError(errno.ETIMEDOUT, "the client is too slow")
        seconds = now - self._measured_since
        if seconds >= CONTENDED_SECONDS:
            if self._received_since < seconds * CONTENDED_BYTES_PER_SECOND and self.yield_thread():
                raise TimeoutError(errno.ETIMEDOUT, "the client is too slow while another one waits")
            self._measured_since, self._received_since = now, 0


def has_hung_up(sock: socket.socket) -> bool:
    """Return True if the client has closed the connection, or its sending side."""
    poller = select.poll()
    poller.register(sock, select.POLLRDHUP)
    return bool(poller.poll(0))
