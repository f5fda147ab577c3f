"""Write an HTTP response to a client without waiting for it."""

import socket
import time
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

from gunicorn.http import wsgi

from picus_project.server.request import ServerRequest

MAX_DISCARDED_BYTES = 64 * 1024
"""How much of an unread request body gunicorn discards to keep the connection open."""

MAX_CHECKED_FIELDS = 256
_CONSTANT_FIELDS = frozenset(
    {"Accept-Post", "Allow", "Cache-Control", "Content-Type", "Vary", "X-Content-Type-Options"}
)
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_checked_fields: set[tuple[str, str]] = set()


def http_date() -> str:
    """Return the current time for a Date field (RFC 9110, section 5.6.7). It is formatted once a second."""
    return _format_date(int(time.time()))


@lru_cache(maxsize=2)
def _format_date(second: int) -> str:
    # Not by email.utils: datetime's C code makes two new attribute names for each date, which Python's cache keeps.
    now = time.gmtime(second)
    day, month = _DAYS[now.tm_wday], _MONTHS[now.tm_mon - 1]
    clock = f"{now.tm_hour:02}:{now.tm_min:02}:{now.tm_sec:02}"
    return f"{day}, {now.tm_mday:02} {month} {now.tm_year} {clock} GMT"


def _no_trailers() -> Mapping[str, str]:
    return {}


class ServerResponse(wsgi.Response):
    """gunicorn's response, but the head and the first piece of the body leave in one packet.

    ``unsent``: what the socket has not taken yet. Call ``flush`` when the socket is writable, before the next piece.
    """

    headers: list[tuple[str, str]]
    _head = b""
    unsent = memoryview(b"")
    req: ServerRequest
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
            # A client that takes nothing of its responses before gets no 100, and no thread waits for it.
            self.sock.send(b"HTTP/1.1 100 Continue\r\n\r\n", socket.MSG_DONTWAIT)

    def process_headers(self, headers: Iterable[tuple[str, str]]) -> None:
        """Check and take the application's fields. A field that most responses have is checked once."""
        for field in headers:
            if field in _checked_fields:
                self.headers.append(field)
                continue
            super().process_headers([field])
            if field[0] in _CONSTANT_FIELDS and len(_checked_fields) < MAX_CHECKED_FIELDS:
                _checked_fields.add((field[0], field[1].strip(" \t")))

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
            self.unsent = memoryview(self.unsent.tobytes() + head + data if self.unsent else head + data)
            self.flush()

    def flush(self) -> bool:
        """Send what the socket takes. Return True if nothing is left. Raises OSError if the client is gone."""
        try:
            while self.unsent:
                self.unsent = self.unsent[self.sock.send(self.unsent, socket.MSG_DONTWAIT) :]
        except BlockingIOError:
            return False
        return True
