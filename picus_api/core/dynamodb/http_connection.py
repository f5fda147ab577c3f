"""One keep-alive HTTP/1.1 connection: sends a request, reads its answer, knows if it can be used again."""

import select
import socket
import time

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

MIN_BYTES_PER_SECOND = 128 * 1024  # a body that drips more slowly is a dead one
RECEIVE_BYTES = 64 * 1024  # more costs 10 µs a call: malloc maps larger blocks anew each time


class HttpConnection:
    """One socket, for one thread at a time. After any failure it is closed."""

    __slots__ = ("_poll", "_read_timeout", "_socket", "_timeout", "last_used", "pooled", "reusable")

    def __init__(self, sock: socket.socket, read_timeout: float) -> None:
        sock.settimeout(read_timeout)
        self._socket = sock
        self._timeout = self._read_timeout = read_timeout
        self._poll = select.poll()
        self._poll.register(sock, select.POLLIN)
        self.last_used = time.time()  # wall time: the monotonic clock can stand still while a function is frozen
        self.pooled = False  # whether it has waited in a pool, and may have died there
        self.reusable = True

    def close(self) -> None:
        """Close the socket; harmless when done twice."""
        self.reusable = False
        self._socket.close()

    def is_alive(self) -> bool:
        """Tell whether an idle connection is still good: nothing to read, or only what TLS says to itself.

        What a server sends unasked is its farewell. TLS 1.3 session tickets make a socket readable, too,
        without data.
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
        """Send one whole request and return its answer, by `deadline` (of time.monotonic()).

        Raises RequestNotSent or ResponseLost. An error of any other kind (an interrupt) leaves it marked as not
        reusable.
        """
        self.reusable = False
        now = time.monotonic()
        self._set_timeout(max(min(deadline - now, self._read_timeout), 0.001))
        try:
            self._socket.sendall(request)
        except OSError as error:
            self.close()
            raise RequestNotSent(f"sending failed: {_reason(error)}", stale=self.pooled) from error
        data = self._receive_first()
        try:
            return self._read_answer(data, min(deadline, now + self._read_timeout), deadline)
        except ResponseLost:
            self.close()
            raise

    def _set_timeout(self, seconds: float) -> None:
        """Set the socket's timeout, at the price of a system call only if it changes."""
        if seconds != self._timeout:
            self._timeout = seconds
            self._socket.settimeout(seconds)

    def _receive_first(self) -> bytes:
        """Read the first piece of an answer."""
        try:
            data = self._socket.recv(RECEIVE_BYTES)
        except OSError as error:
            self.close()
            stale = self.pooled and not isinstance(error, TimeoutError)
            raise ResponseLost(f"no answer: {_reason(error)}", stale=stale) from error
        if not data:
            self.close()
            raise ResponseLost("the connection was closed without an answer", stale=self.pooled)
        return data

    def _read_answer(self, data: bytes, head_by: float, deadline: float) -> HttpReply:
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
            raise ResponseLost(f"no usable answer: {_reason(error)}", status=status) from error
        self.last_used = time.time()
        self.reusable = keep_alive and not rest
        return HttpReply(status, headers, body)

    def _read_sized(self, length: int, data: bytes, start: int, deadline: float) -> tuple[bytes, bool]:
        """Return the body that starts in `data`, and whether anything follows it."""
        missing = length - (len(data) - start)
        if missing <= 0:
            return data[start : start + length], missing < 0
        parts = [data[start:]]
        while missing > 0:  # read all there is, or TLS keeps a surplus where poll() can't see it
            part = self._receive(deadline)
            parts.append(part)
            missing -= len(part)
        body = b"".join(parts)
        return (body, False) if missing == 0 else (body[:length], True)

    def _read_chunked(self, headers: dict[str, str], data: bytes, deadline: float) -> tuple[bytes, bool]:
        """The same for a chunked body. DynamoDB sends none; its stand-ins may."""
        if headers.get("transfer-encoding", "").lower() != "chunked":
            raise ValueError("an answer without a length")
        parts: list[bytes] = []
        total = 0
        while True:
            line, data = self._read_line(data, deadline)
            size = chunk_length(line)
            total += size
            if total > MAX_BODY_BYTES:
                raise ValueError("an answer of too many bytes")
            if size == 0:
                break
            while len(data) < size + 2:
                data += self._receive(deadline)
            if data[size : size + 2] != b"\r\n":
                raise ValueError("a chunk that does not end where it says")
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
        """Read the next piece, within the deadline as well as the read timeout."""
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._set_timeout(min(left, self._read_timeout))
        piece = self._socket.recv(RECEIVE_BYTES)
        if not piece:
            raise ValueError("the connection was closed within the answer")
        return piece


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__
