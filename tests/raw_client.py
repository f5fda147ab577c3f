"""A raw HTTP client: it sends exactly the bytes that it is given, and reads responses to the byte.

The standard library alone, because the contract suite runs against deployments too.
"""

import select
import socket
import ssl
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 60.0


@dataclass
class RawResponse:
    """A response as it was sent. ``complete`` is False if the connection ended before the response."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes = b""
    trailers: list[tuple[str, str]] = field(default_factory=list)
    complete: bool = True

    def header(self, name: str) -> str | None:
        """Return the value of the first header field with this name, whatever its case, or None."""
        return next((value for found, value in self.headers if found.lower() == name.lower()), None)


class RawConnection:
    """One connection to the server at a base URL, http or https. ``sock`` is its socket."""

    def __init__(self, base_url: str, timeout: float = TIMEOUT_SECONDS) -> None:
        """Connect. ``timeout``: seconds that each read and write may take."""
        parts = urlsplit(base_url)
        secure = parts.scheme == "https"
        port = parts.port or (443 if secure else 80)
        self.sock = socket.create_connection((parts.hostname or "", port), timeout=timeout)
        self._received = b""
        if secure:
            context = ssl.create_default_context()
            # TLS 1.3 sends tickets after the handshake, which would look like an early response.
            context.maximum_version = ssl.TLSVersion.TLSv1_2
            self.sock = context.wrap_socket(self.sock, server_hostname=parts.hostname)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()

    def send(self, data: bytes) -> None:
        """Send all of these bytes."""
        self.sock.sendall(data)

    def send_until_response(self, pieces: Iterable[bytes]) -> None:
        """Send the pieces until all are sent, or the server responds or closes the connection, as curl does."""
        for piece in pieces:
            if not self._sent(piece):
                return

    def close_sending(self) -> None:
        """End the sending direction of the connection."""
        self.sock.shutdown(socket.SHUT_WR)

    def read_head(self) -> bytes:
        """Return the next response up to its blank line, and read nothing behind it."""
        while b"\r\n\r\n" not in self._received:
            assert self._receive(), f"closed after {self._received!r}"
        return self._take(self._received.index(b"\r\n\r\n") + 4)

    def read_response(self, method: str = "GET") -> RawResponse:
        """Return the next response with its body, read by its framing (RFC 9112, section 6.3)."""
        status_line, headers = _fields(self.read_head())
        response = RawResponse(int(status_line.split(" ", 2)[1]), headers)
        if method == "HEAD" or response.status in (204, 304):
            return response
        if "chunked" in (response.header("Transfer-Encoding") or ""):
            self._read_chunks(response)
        elif (length := response.header("Content-Length")) is not None:
            response.body, response.complete = self._read(int(length))
        else:
            while self._receive():
                pass
            response.body = self._take(len(self._received))
        return response

    def is_closed(self) -> bool:
        """Wait for the server, and return True if it closes the connection without sending more."""
        return not self._received and not self._receive()

    def _read_chunks(self, response: RawResponse) -> None:
        while True:
            line = self._line()
            if line is None:
                response.complete = False
                return
            if (size := int(line.partition(b";")[0], 16)) == 0:
                break
            chunk, whole = self._read(size + 2)
            response.body += chunk[:size]
            if not whole:
                response.complete = False
                return
        while line := self._line():
            name, _, value = line.decode("latin-1").partition(":")
            response.trailers.append((name, value.strip()))

    def _line(self) -> bytes | None:
        while b"\r\n" not in self._received:
            if not self._receive():
                return None
        return self._take(self._received.index(b"\r\n") + 2)[:-2]

    def _read(self, count: int) -> tuple[bytes, bool]:
        """Return so many bytes, and True; fewer, and False, if the connection ends before."""
        while len(self._received) < count:
            if not self._receive():
                return self._take(len(self._received)), False
        return self._take(count), True

    def _take(self, count: int) -> bytes:
        taken, self._received = self._received[:count], self._received[count:]
        return taken

    def _receive(self) -> bool:
        piece = self.sock.recv(65536)
        self._received += piece
        return bool(piece)

    def _sent(self, piece: bytes) -> bool:
        """Send all of a piece; return False if the server responded or closed the connection first."""
        rest = memoryview(piece)
        while rest:
            readable, writable, _ = select.select([self.sock], [self.sock], [], TIMEOUT_SECONDS)
            if readable:
                return False
            if not writable:
                raise TimeoutError("the server neither reads nor responds")
            try:
                rest = rest[self.sock.send(rest[:65536]) :]
            except (BrokenPipeError, ConnectionResetError):
                return False
        return True


def _fields(head: bytes) -> tuple[str, list[tuple[str, str]]]:
    first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    parts = [line.partition(":") for line in lines]
    return first, [(name, value.strip()) for name, _, value in parts]
