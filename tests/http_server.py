"""The one HTTP server of the tests: a script decides what each request gets, to the byte. tests/faulty.py has proxies.

A script sends what it likes on the connection, and returns True if the connection stays open. ``replies`` and
``responds`` make the usual ones; ``dynamodb_response`` and ``error`` are the bytes of DynamoDB's responses.
"""

import json
import socket
import ssl
import struct
import threading
import time
import zlib
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple, Self

JSON = "application/x-amz-json-1.0"


class Request(NamedTuple):
    """A request as the server read it; header names are lower case."""

    head: str
    headers: dict[str, str]
    body: bytes
    number: int  # of the request, from 1
    connection: int  # of the connection, from 1

    @property
    def operation(self) -> str:
        """Return the DynamoDB operation, such as "GetItem"."""
        return self.headers["x-amz-target"].partition(".")[2]


# A script sends any bytes in response to a request, and returns True if the connection stays open.
Script = Callable[[socket.socket, Request], bool]


class Server:
    """Serve each connection in a new thread, by a script. ``requests`` has all requests so far."""

    def __init__(self, script: Script, tls: ssl.SSLContext | None = None) -> None:
        self.script = script
        self.requests: list[Request] = []
        self.connections = 0
        self.stopping = threading.Event()
        self._tls = tls
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self.port}"
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self.drop_connections()
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive()
        self._listener.close()

    def drop_connections(self) -> None:
        """End all connections, as a server that restarts."""
        with self._lock:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                if self.stopping.is_set():
                    connection.close()
                    return
                self._open.append(connection)
                self.connections += 1
                thread = threading.Thread(target=self._serve, args=(connection, self.connections))
                self._threads.append(thread)
            thread.start()

    def _serve(self, raw: socket.socket, number: int) -> None:
        connection = raw
        try:
            if self._tls is not None:
                connection = self._tls.wrap_socket(raw, server_side=True)
                with self._lock:
                    self._open[self._open.index(raw)] = connection
            while (request := self._read(connection, number)) is not None:
                if not self.script(connection, request):
                    break
        except OSError:
            pass  # the client went away
        finally:
            with self._lock:
                self._open.remove(connection)
                connection.close()

    def _read(self, connection: socket.socket, number: int) -> Request | None:
        data = b""
        while b"\r\n\r\n" not in data:
            piece = connection.recv(65536)
            if not piece:
                return None
            data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        pieces, missing = [body], int(headers.get("content-length", "0")) - len(body)
        while missing > 0:
            piece = connection.recv(65536)
            if not piece:
                return None
            pieces.append(piece)
            missing -= len(piece)
        with self._lock:
            request = Request(first, headers, b"".join(pieces), len(self.requests) + 1, number)
            self.requests.append(request)
        return request


def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    """Return as soon as the condition holds; fail after some seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def dynamodb_response(status: int, body: bytes, *headers: str, crc: bool = True) -> bytes:
    """Return the bytes of a whole response as DynamoDB sends it."""
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Type: {JSON}", f"Content-Length: {len(body)}", *headers]
    lines.append("x-amzn-RequestId: REQUEST1")
    if crc:
        lines.append(f"x-amz-crc32: {zlib.crc32(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def error(code: str, message: str = "", status: int = 400, *headers: str) -> bytes:
    """Return the bytes of an error as DynamoDB sends it."""
    body = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": message}
    return dynamodb_response(status, json.dumps(body).encode(), *headers)


def replies(*responses: bytes) -> Script:
    """Return a script that sends these responses in turn, the last one for ever."""
    left = deque(responses)
    lock = threading.Lock()

    def script(connection: socket.socket, _: Request) -> bool:
        with lock:
            sent = left.popleft() if len(left) > 1 else left[0]
        connection.sendall(sent)
        return True

    return script


def responds(respond: Callable[[Request], bytes]) -> Script:
    """Return a script that sends the bytes that a function returns for each request."""

    def script(connection: socket.socket, request: Request) -> bool:
        connection.sendall(respond(request))
        return True

    return script


def reset(connection: socket.socket) -> None:
    """End a connection with RST instead of FIN."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
