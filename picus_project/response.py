"""An answer on its way to a client."""

import time
from collections.abc import Mapping
from email.utils import formatdate
from functools import lru_cache

from gunicorn.http import wsgi

from picus_project.sending import send_now, send_within
from picus_project.slots import Slots

DRAINED_BYTES = 64 * 1024
"""What gunicorn reads of a body that the application left, so that the connection can go on."""
HURRY_SECONDS = 5
"""How long a piece of an answer (384 KB of a list) may take while half of the threads wait for slow clients."""


@lru_cache(maxsize=2)
def _http_date(second: int) -> str:
    return formatdate(second, usegmt=True)


class Response(wsgi.Response):
    """gunicorn's, with the head and the first piece of the body in one packet."""

    _head = b""
    slots: Slots
    trailers: Mapping[str, str] = {}
    """What follows a chunked body (RFC 9112, section 7.1.2)."""

    @property
    def begun(self) -> bool:
        """Whether the client may have seen any of it."""
        return self.headers_sent and not self._head

    def default_headers(self) -> list[str]:
        """gunicorn's, the date made once a second."""
        if getattr(getattr(self.req.body, "reader", None), "length", 0) > DRAINED_BYTES:
            self.force_close()
        _, minor = self.req.version or (1, 1)
        connection = "close" if self.should_close() else "keep-alive"
        lines = [
            f"HTTP/1.{minor} {self.status}\r\n",
            f"Date: {_http_date(int(time.time()))}\r\n",
            f"Connection: {connection}\r\n",
        ]
        return [*lines, "Transfer-Encoding: chunked\r\n"] if self.chunked else lines

    def send_headers(self) -> None:
        """Make the head ready; it goes with the first piece, or at the end."""
        if not self.headers_sent:
            lines = [*self.default_headers(), *(f"{name}: {value}\r\n" for name, value in self.headers), "\r\n"]
            self._head = "".join(lines).encode("latin-1")
            self.headers_sent = True

    def can_sendfile(self) -> bool:
        """No: it would overtake the head, and what is served here is small."""
        return False

    def close(self) -> None:
        """The end."""
        self.send_headers()
        fields = "".join(f"{name}: {value}\r\n" for name, value in self.trailers.items())
        self._put(b"0\r\n%b\r\n" % fields.encode("latin-1") if self.chunked else b"")

    def _emit_body(self, data: bytes) -> None:
        self._put(b"%X\r\n%b\r\n" % (len(data), data) if self.chunked else data)

    def _put(self, data: bytes) -> None:
        head, self._head = self._head, b""
        if head or data:
            self._send(memoryview(head + data))

    def _send(self, data: memoryview) -> None:
        """Some threads may wait for as long as a client takes something at all; the others not for long."""
        left = data[send_now(self.sock, data) :]
        if not left:
            return
        with self.slots.taken() as taken:
            if taken:
                self.sock.sendall(left)
                return
        # Of each piece, and not of all: a long list to a good client must not end for others' sake.
        send_within(self.sock, left, HURRY_SECONDS)
