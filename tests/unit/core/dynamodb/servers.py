"""Servers that misbehave on demand, on real sockets: a scripted one, and a proxy to a real DynamoDB."""

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
from urllib.parse import urlsplit

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
        return self.headers["x-amz-target"].partition(".")[2]


# What a script does with a request: it sends what it likes, and returns whether the connection stays open.
Script = Callable[[socket.socket, Request], bool]


class Server:
    """Serve each connection in a thread of its own, by a script."""

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
        while len(body) < int(headers["content-length"]):
            body += connection.recv(65536)
        with self._lock:
            request = Request(first, headers, body, len(self.requests) + 1, number)
            self.requests.append(request)
        return request


def until(condition: Callable[[], bool], seconds: float = 5) -> None:
    """Return as soon as something is so."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def answer(status: int, body: bytes, *headers: str, crc: bool = True) -> bytes:
    """The bytes of a whole answer as DynamoDB sends it."""
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Type: {JSON}", f"Content-Length: {len(body)}", *headers]
    lines.append("x-amzn-RequestId: REQUEST1")
    if crc:
        lines.append(f"x-amz-crc32: {zlib.crc32(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def error(code: str, message: str = "", status: int = 400, *headers: str) -> bytes:
    """An error as DynamoDB sends it."""
    body = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": message}
    return answer(status, json.dumps(body).encode(), *headers)


def replies(*answers: bytes) -> Script:
    """A script that sends these answers in turn, the last one for ever."""
    left = deque(answers)
    lock = threading.Lock()

    def script(connection: socket.socket, _: Request) -> bool:
        with lock:
            sent = left.popleft() if len(left) > 1 else left[0]
        connection.sendall(sent)
        return True

    return script


def reset(connection: socket.socket) -> None:
    """End a connection with RST instead of FIN."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class FaultyProxy(Server):
    """A proxy to a real DynamoDB that has one of `faults` at each request, then none.

    `operations`, if given, are the ones that have them. `applied` is what DynamoDB was asked, and answered.
    """

    def __init__(self, url: str, *faults: str, operations: tuple[str, ...] = ()) -> None:
        super().__init__(self._forward)
        self.faults = deque(faults)
        self.operations = operations
        self.applied: list[tuple[str, int]] = []  # operation and status
        self.meanwhile: Callable[[], object] = lambda: None  # what others do while an answer gets lost
        self._upstream = (urlsplit(url).hostname, urlsplit(url).port)

    def _forward(self, connection: socket.socket, request: Request) -> bool:
        faulty = self.faults and (not self.operations or request.operation in self.operations)
        fault = self.faults.popleft() if faulty else "none"
        if fault in BEFORE:
            return BEFORE[fault](self, connection)
        reply = self._ask(request)
        if fault != "none":
            self.meanwhile()
        return AFTER[fault](self, connection, reply)

    def _ask(self, request: Request) -> bytes:
        """Have DynamoDB answer, and return all of it."""
        lines = [request.head, *(f"{name}: {value}" for name, value in request.headers.items())]
        with socket.create_connection(self._upstream, 10) as upstream:
            upstream.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + request.body)
            data = b""
            while not is_complete(data):
                piece = upstream.recv(65536)
                assert piece
                data += piece
        self.applied.append((request.operation, int(data.split(b" ", 2)[1])))
        return data


def is_complete(data: bytes) -> bool:
    head, blank, body = data.partition(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return bool(blank) and len(body) == int(lengths[0])


def _close(_: FaultyProxy, __: socket.socket) -> bool:
    return False


def _reset(_: FaultyProxy, connection: socket.socket) -> bool:
    reset(connection)
    return False


def _stall(proxy: FaultyProxy, _: socket.socket) -> bool:
    proxy.stopping.wait(20)
    return False


def _fail(_: FaultyProxy, connection: socket.socket) -> bool:
    connection.sendall(error("InternalServerError", "before", 500))
    return True


def _throttle(_: FaultyProxy, connection: socket.socket) -> bool:
    connection.sendall(error("ProvisionedThroughputExceededException", "slower"))
    return True


def _send(connection: socket.socket, data: bytes) -> bool:
    connection.sendall(data)
    return False


def _drip(proxy: FaultyProxy, connection: socket.socket, reply: bytes) -> bool:
    for position in range(len(reply)):
        connection.sendall(reply[position : position + 1])
        if proxy.stopping.wait(0.1):
            break
    return False


def _wrong_crc(reply: bytes) -> bytes:
    head, _, body = reply.partition(b"\r\n\r\n")
    return head.replace(b"crc32: ", b"crc32: 1") + b"\r\n\r\n" + body


def _flipped(reply: bytes) -> bytes:
    """One bit of the body is wrong."""
    return reply[:-2] + bytes([reply[-2] ^ 1]) + reply[-1:]


BEFORE: dict[str, Callable[[FaultyProxy, socket.socket], bool]] = {
    "closed before": _close,
    "reset before": _reset,
    "stalled before": _stall,
    "500 before": _fail,
    "throttled": _throttle,
}
AFTER: dict[str, Callable[[FaultyProxy, socket.socket, bytes], bool]] = {
    "none": lambda _, connection, reply: _send(connection, reply) or True,
    "closed after": lambda proxy, connection, _: _close(proxy, connection),
    "reset after": lambda proxy, connection, _: _reset(proxy, connection),
    "stalled after": lambda proxy, connection, _: _stall(proxy, connection),
    "500 after": lambda proxy, connection, _: _fail(proxy, connection),
    "half a head": lambda _, connection, reply: _send(connection, reply[:20]),
    "no body": lambda _, connection, reply: _send(connection, reply.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"),
    "truncated": lambda _, connection, reply: _send(connection, reply[:-1]),
    "garbage": lambda _, connection, reply: _send(connection, b"\x16\x03\x01garbage\r\n\r\n" + reply),
    "wrong crc": lambda _, connection, reply: _send(connection, _wrong_crc(reply)) or True,
    "flipped bit": lambda _, connection, reply: _send(connection, _flipped(reply)) or True,
    "drip": _drip,
}
