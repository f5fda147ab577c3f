"""A DynamoDB that fails on demand: proxies in front of a working one.

``faulty_dynamodb`` decides by a function; ``FaultyProxy`` has a list of named faults, of the connection too. Both pass
on the read of the read-only switch, which comes before the first change by a process: it has no fault and no count.
"""

import json
import socket
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from tests.http_server import Request, Server, dynamodb_response, error, reset

Fault = Callable[[str, int], tuple[int, str] | None]
"""From operation and its count so far (from 1) to status and error code, or None to pass the call on."""

Rewrite = Callable[[str, int, dict[str, Any]], tuple[dict[str, Any], dict[str, Any]]]
"""From operation, its count and its request to the request to pass on, and what to add to the response."""


@contextmanager
def faulty_dynamodb(upstream: str, fault: Fault, rewrite: Rewrite | None = None) -> Iterator[str]:
    """Run a proxy, and give its address. A status of 0 closes the connection without a response."""
    counts: dict[str, int] = {}

    def script(connection: socket.socket, request: Request) -> bool:
        if reads_switch(request):
            connection.sendall(forward(upstream, request))
            return True
        operation = request.operation
        counts[operation] = counts.get(operation, 0) + 1
        failure = fault(operation, counts[operation])
        if failure is None:
            connection.sendall(_rewritten(upstream, request, rewrite, counts[operation]))
        elif failure[0]:
            connection.sendall(error(failure[1], "on demand", failure[0]))
        return failure is None or failure[0] > 0

    with Server(script) as server:
        yield server.url


def reads_switch(request: Request) -> bool:
    """Return True if the request reads the read-only switch."""
    return request.operation == "GetItem" and b'"read_only"' in request.body


def _rewritten(upstream: str, request: Request, rewrite: Rewrite | None, count: int) -> bytes:
    if rewrite is None:
        return forward(upstream, request)
    passed_on, added = rewrite(request.operation, count, json.loads(request.body))
    response = forward(upstream, request._replace(body=json.dumps(passed_on).encode()))
    head, _, body = response.partition(b"\r\n\r\n")
    return dynamodb_response(int(head.split(b" ", 2)[1]), json.dumps(json.loads(body) | added).encode())


def forward(url: str, request: Request) -> bytes:
    """Send the request to a server, and return the bytes of its whole response."""
    headers = request.headers | {"content-length": str(len(request.body))}
    lines = [request.head, *(f"{name}: {value}" for name, value in headers.items())]
    with socket.create_connection((urlsplit(url).hostname, urlsplit(url).port), 30) as upstream:
        upstream.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + request.body)
        return _whole_response(upstream)


def _whole_response(upstream: socket.socket) -> bytes:
    data = bytearray()
    expected = None
    while expected is None or len(data) < expected:
        piece = upstream.recv(65536)
        assert piece, "the upstream closed the connection"
        data += piece
        if expected is None and (end := data.find(b"\r\n\r\n")) >= 0:
            fields = [line.partition(b":") for line in bytes(data[:end]).lower().split(b"\r\n")]
            expected = end + 4 + next(int(value) for name, _, value in fields if name == b"content-length")
    return bytes(data)


class FaultyProxy(Server):
    """A proxy to a real DynamoDB that has one of ``faults`` at each request, then none.

    ``operations``, if given, are the only ones with faults. ``applied`` lists the operations that DynamoDB carried
    out, with the statuses of its responses.
    """

    def __init__(self, url: str, *faults: str, operations: tuple[str, ...] = ()) -> None:
        super().__init__(self._forward)
        self.faults = deque(faults)
        self.operations = operations
        self.applied: list[tuple[str, int]] = []  # operation and status
        self.meanwhile: Callable[[], object] = lambda: None  # what other clients do while a response gets lost
        self._upstream = url

    def _forward(self, connection: socket.socket, request: Request) -> bool:
        if reads_switch(request):
            self.requests.remove(request)
            return _send(connection, forward(self._upstream, request)) or True
        fault = self.next_fault(request)
        if fault in BEFORE:
            return BEFORE[fault](self, connection)
        reply = self._ask(request)
        if fault != "none":
            self.meanwhile()
        return AFTER[fault](self, connection, reply)

    def next_fault(self, request: Request) -> str:
        """Return the name of the fault that this request gets."""
        faulty = self.faults and (not self.operations or request.operation in self.operations)
        return self.faults.popleft() if faulty else "none"

    def _ask(self, request: Request) -> bytes:
        """Pass the request on to DynamoDB, and return its whole response."""
        data = forward(self._upstream, request)
        self.applied.append((request.operation, int(data.split(b" ", 2)[1])))
        return data


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
    """Return the response with one wrong bit in its body."""
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
