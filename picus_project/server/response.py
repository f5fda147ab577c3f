"""Write an HTTP response to a client, and don't let slow clients block all threads."""

import errno
import select
import socket
import time
from collections.abc import Callable, Mapping
from email.utils import formatdate
from functools import lru_cache

from gunicorn.http import wsgi

from picus_project.server.request import ServerRequest
from picus_project.server.thread_limit import ThreadLimit

MAX_DISCARDED_BYTES = 64 * 1024
"""How much of an unread request body gunicorn discards to keep the connection open."""
PIECE_SECONDS = 5
"""How long a client may take for one piece of a response (384 KB of a list) beyond the limit of slow clients."""


def http_date() -> str:
    """Return the current time for a Date field (RFC 9110, section 5.6.7). It is formatted once a second."""
    return _format_date(int(time.time()))


@lru_cache(maxsize=2)
def _format_date(second: int) -> str:
    return formatdate(second, usegmt=True)


def _no_trailers() -> Mapping[str, str]:
    return {}


class ServerResponse(wsgi.Response):
    """gunicorn's response, but the head and the first piece of the body leave in one packet.

    ``slow_clients`` limits the threads that wait for clients.
    """

    _head = b""
    req: ServerRequest
    slow_clients: ThreadLimit
    _trailers: Callable[[], Mapping[str, str]] = staticmethod(_no_trailers)

    def send_trailers(self, trailers: Callable[[], Mapping[str, str]]) -> None:
        """Call ``trailers`` after a chunked body, and send the fields that it returns (RFC 9112, section 7.1.2)."""
        self._trailers = trailers

    @property
    def has_started(self) -> bool:
        """Return True if the client may have received a part of the response."""
        return self.headers_sent and not self._head

    def send_continue(self) -> None:
        """Send 100 Continue, unless the response has started."""
        if not self.has_started:
            self.sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")

    def default_headers(self) -> list[str]:
        """Return the status line and the connection's header fields. The date is formatted once a second."""
        if getattr(getattr(self.req.body, "reader", None), "length", 0) > MAX_DISCARDED_BYTES:
            self.force_close()
        minor = self.req.version[1]
        connection = "close" if self.should_close() else "keep-alive"
        lines = [
            f"HTTP/1.{minor} {self.status}\r\n",
            f"Date: {http_date()}\r\n",
            f"Connection: {connection}\r\n",
        ]
        return [*lines, "Transfer-Encoding: chunked\r\n"] if self.chunked else lines

    def send_headers(self) -> None:
        """Build the head. It is sent with the first piece of the body, or by ``close``."""
        if not self.headers_sent:
            lines = [*self.default_headers(), *(f"{name}: {value}\r\n" for name, value in self.headers), "\r\n"]
            self._head = "".join(lines).encode("latin-1")
            self.headers_sent = True

    def can_sendfile(self) -> bool:
        """Return False: sendfile would send the body before the head."""
        return False

    def close(self) -> None:
        """Send what is left: the head of a response without a body, or the last chunk and the trailers."""
        self.send_headers()
        if self.chunked:
            fields = "".join(f"{name}: {value}\r\n" for name, value in self._trailers().items())
            self._put(b"0\r\n%b\r\n" % fields.encode("latin-1"))
        else:
            self._put(b"")

    def _emit_body(self, data: bytes) -> None:
        self._put(b"%X\r\n%b\r\n" % (len(data), data) if self.chunked else data)

    def _put(self, data: bytes) -> None:
        head, self._head = self._head, b""
        if head or data:
            self._send(memoryview(head + data))

    def _send(self, data: memoryview) -> None:
        """Send all of ``data``. Raise OSError if the client is gone or too slow."""
        left = data[_send_available(self.sock, data) :]
        if not left:
            return
        with self.slow_clients.try_acquire() as acquired:
            if acquired:
                self.sock.sendall(left)
                return
        # The time limit is per piece, so that a long list to a fast enough client goes on.
        _send_within(self.sock, left, PIECE_SECONDS)


def _send_available(sock: socket.socket, data: memoryview) -> int:
    """Send what the kernel takes without waiting. Return how many bytes."""
    try:
        return sock.send(data, socket.MSG_DONTWAIT)
    except BlockingIOError:
        return 0


def _send_within(sock: socket.socket, data: memoryview, seconds: float) -> None:
    """Send all of ``data``. Raise BlockingIOError if the client does not take it within ``seconds``."""
    deadline = time.monotonic() + seconds
    writable = select.poll()
    writable.register(sock, select.POLLOUT)
    while data:
        left = deadline - time.monotonic()
        if left <= 0 or not writable.poll(left * 1000):
            raise BlockingIOError(errno.EAGAIN, "the client is too slow")
        data = data[_send_available(sock, data) :]
