"""One keep-alive HTTP/1.1 connection: it sends a request, reads the response, and knows if it can be used again."""

import select
import socket
import time
from collections.abc import Callable
from contextvars import ContextVar

from picus_api.core.dynamodb.http_parser import (
    MAX_BODY_BYTES,
    MAX_HEAD_BYTES,
    HttpReply,
    RequestNotSent,
    ResponseLost,
    body_length,
    chunk_length,
    parse_head,
)

MIN_BYTES_PER_SECOND = 128 * 1024  # a slower body counts as dead
RECEIVE_BYTES = 64 * 1024  # larger blocks cost 10 µs a call, as malloc maps each of them anew

on_sent: ContextVar[Callable[[], None] | None] = ContextVar("on_sent", default=None)
"""Called each time this context has sent a request, before the response is read. Lists set it to read ahead."""


class HttpConnection:
    """One socket, used by one thread at a time. It is closed after any failure."""

    __slots__ = ("_poll", "_read_timeout", "_socket", "_timeout", "last_used", "pooled", "reusable")

    def __init__(self, sock: socket.socket, read_timeout: float) -> None:
        sock.settimeout(read_timeout)
        self._socket = sock
        self._timeout = self._read_timeout = read_timeout
        self._poll = select.poll()
        self._poll.register(sock, select.POLLIN)
        self.last_used = time.time()  # wall time: the monotonic clock can stand still while a function is frozen
        self.pooled = False  # True if it has been idle in a pool, where it may have died
        self.reusable = True

    def close(self) -> None:
        """Close the socket. A second call does nothing."""
        self.reusable = False
        self._socket.close()

    def is_alive(self) -> bool:
        """Return True if an idle connection can still be used: nothing to read, or only records of TLS itself.

        A server that sends data without a request closes the connection. TLS 1.3 session tickets make a socket readable
        too, without data.
        """
        if not self._poll.poll(0):
            return True
        try:
            self._set_timeout(0.0)
            self._socket.recv(1)
        except OSError as error:
            return isinstance(error, BlockingIOError) or type(error).__name__ == "SSLWantReadError"
        return False

    def exchange(self, request: bytes, deadline: float) -> HttpReply:
        """Send one whole request and return the response, before ``deadline`` (time.monotonic()).

        Raises RequestNotSent, ResponseLost. After any other error (an interrupt) the connection is not reusable.
        """
        self.reusable = False
        now = time.monotonic()
        self._set_timeout(max(min(deadline - now, self._read_timeout), 0.001))
        try:
            self._socket.sendall(request)
        except OSError as error:
            self.close()
            raise RequestNotSent(f"sending failed: {_reason(error)}", stale=self.pooled) from error
        if (tell := on_sent.get()) is not None:
            tell()
        data = self._receive_first()
        try:
            return self._read_response(data, min(deadline, now + self._read_timeout), deadline)
        except ResponseLost:
            self.close()
            raise

    def _set_timeout(self, seconds: float) -> None:
        """Set the socket's timeout. A system call is made only if the timeout changes."""
        if seconds != self._timeout:
            self._timeout = seconds
            self._socket.settimeout(seconds)

    def _receive_first(self) -> bytes:
        """Read the first piece of a response."""
        try:
            data = self._socket.recv(RECEIVE_BYTES)
        except OSError as error:
            self.close()
            stale = self.pooled and not isinstance(error, TimeoutError)
            raise ResponseLost(f"no response: {_reason(error)}", stale=stale) from error
        if not data:
            self.close()
            raise ResponseLost("the connection was closed without a response", stale=self.pooled)
        return data

    def _read_response(self, data: bytes, head_by: float, deadline: float) -> HttpReply:
        status = 0
        try:
            while (end := data.find(b"\r\n\r\n")) < 0:
                if len(data) > MAX_HEAD_BYTES:
                    raise ValueError("a head without an end")
                data += self._receive(head_by)
            status, keep_alive, headers = parse_head(data[:end])
            if "content-length" in headers:
                length = body_length(headers["content-length"])
                by = min(deadline, head_by + length / MIN_BYTES_PER_SECOND)
                body, rest = self._read_sized(length, data, end + 4, by)
            else:
                body, rest = self._read_chunked(headers, data[end + 4 :], deadline)
        except (OSError, ValueError) as error:
            raise ResponseLost(f"no usable response: {_reason(error)}", status=status) from error
        self.last_used = time.time()
        self.reusable = keep_alive and not rest
        return HttpReply(status, headers, body)

    def _read_sized(self, length: int, data: bytes, start: int, deadline: float) -> tuple[bytes, bool]:
        """Return the body that starts in ``data``, and True if more bytes follow it."""
        missing = length - (len(data) - start)
        if missing <= 0:
            return data[start : start + length], missing < 0
        parts = [data[start:]]
        while missing > 0:  # read all bytes, or TLS keeps the rest where poll() can't see them
            part = self._receive(deadline)
            parts.append(part)
            missing -= len(part)
        body = b"".join(parts)
        return (body, False) if missing == 0 else (body[:length], True)

    def _read_chunked(self, headers: dict[str, str], data: bytes, deadline: float) -> tuple[bytes, bool]:
        """Read a chunked body. DynamoDB sends none; its local stand-ins may."""
        if headers.get("transfer-encoding", "").lower() != "chunked":
            raise ValueError("a response without a length")
        parts: list[bytes] = []
        total = 0
        while True:
            line, data = self._read_line(data, deadline)
            size = chunk_length(line)
            total += size
            if total > MAX_BODY_BYTES:
                raise ValueError("a response of too many bytes")
            if size == 0:
                break
            while len(data) < size + 2:
                data += self._receive(deadline)
            if data[size : size + 2] != b"\r\n":
                raise ValueError("a chunk of another length than it declares")
            parts.append(data[:size])
            data = data[size + 2 :]
        while line:  # trailers, up to an empty line
            line, data = self._read_line(data, deadline)
        return b"".join(parts), bool(data)

    def _read_line(self, data: bytes, deadline: float) -> tuple[bytes, bytes]:
        while b"\r\n" not in data:
            if len(data) > MAX_HEAD_BYTES:
                raise ValueError("a line without an end")
            data += self._receive(deadline)
        line, _, rest = data.partition(b"\r\n")
        return line, rest

    def _receive(self, deadline: float) -> bytes:
        """Read the next piece within the deadline and the read timeout."""
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._set_timeout(min(left, self._read_timeout))
        piece = self._socket.recv(RECEIVE_BYTES)
        if not piece:
            raise ValueError("the connection was closed within the response")
        return piece


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__
