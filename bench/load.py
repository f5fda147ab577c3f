"""A closed-loop HTTP/1.1 load generator: each client sends its next request when it has its response.

It reports how busy it and DynamoDB were. Near 100 % their core, not the contestant, limits the rate. Compared with wrk
4.1 the rates were equal within 1 %, up to 50,000 requests per second, and up to 5 % less for a server that closes every
connection. wrk measures whole seconds only, and no package registry has it.
"""

import itertools
import os
import re
import select
import socket
import time
from dataclasses import dataclass
from typing import NamedTuple

from bench.machine import BenchError, cpu_seconds, memory_mib
from bench.measurements import Sample

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CLOSE = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)
STUCK_SECONDS = 10
RAMP_SECONDS = 0.1
"""All clients send for so long before the measurement begins."""


class RequestSet(NamedTuple):
    """The messages to send, in turns, and the status of a right response."""

    messages: list[bytes]
    status: int


class Target(NamedTuple):
    """A running contestant: its port, its workers, and the process of its DynamoDB."""

    port: int
    workers: list[int]
    database: int


@dataclass
class _Client:
    connection: socket.socket
    started: float
    received: bytes = b""


class _Load:
    """The clients that load one port."""

    def __init__(self, port: int, requests: RequestSet, clients: int) -> None:
        self._port = port
        self._status = b"%d" % requests.status
        self._next_message = itertools.cycle(requests.messages).__next__
        self._poll = select.epoll()
        self._clients: dict[int, _Client] = {}
        self.latencies: list[float] = []
        for _ in range(clients):
            self._connect()

    def _connect(self) -> None:
        # The connection is part of the latency: a server that closes after each response makes every client pay for it.
        started = time.perf_counter()
        # The plain calls: socket.create_connection and a timeout would cost several times as much.
        connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        connection.connect(("127.0.0.1", self._port))
        connection.sendall(self._next_message())
        self._clients[connection.fileno()] = _Client(connection, started)
        self._poll.register(connection.fileno(), select.EPOLLIN)

    def work(self, seconds: float) -> None:
        """Let the clients work for so long, and until there is a response; or, for 0 s, until each has its last one.

        Raises BenchError if none gets a response, or a wrong one.
        """
        ends = time.perf_counter() + seconds
        while self._clients and (not seconds or not self.latencies or time.perf_counter() < ends):
            ready = self._poll.poll(STUCK_SECONDS)
            if not ready:
                raise BenchError(f"no response within {STUCK_SECONDS} s")
            for number, _ in ready:
                if self._read(self._clients[number]):
                    self._handle_response(number, more=seconds > 0)

    def _read(self, client: _Client) -> bool:
        """Return True if the response is complete."""
        piece = client.connection.recv(65536)
        client.received += piece
        end = client.received.find(b"\r\n\r\n")
        length = _LENGTH.search(client.received, 0, end) if end >= 0 else None
        if not piece or (end >= 0 and length is None):
            raise BenchError(f"connection closed or no Content-Length: {client.received[:200]!r}")
        return length is not None and len(client.received) >= end + 4 + int(length[1])

    def _handle_response(self, number: int, more: bool) -> None:
        client = self._clients[number]
        if client.received[9:12] != self._status:
            raise BenchError(f"unexpected response: {client.received[:1000]!r}")
        now = time.perf_counter()
        self.latencies.append(now - client.started)
        if more and not _CLOSE.search(client.received, 0, client.received.find(b"\r\n\r\n")):
            client.started, client.received = now, b""
            client.connection.sendall(self._next_message())
            return
        # Closing takes it out of the poll as well.
        self._clients.pop(number).connection.close()
        if more:
            self._connect()


def measure(target: Target, requests: RequestSet, clients: int, seconds: float) -> Sample:
    """Load the target for so many seconds. Raises BenchError on a wrong response or none."""
    load = _Load(target.port, requests, clients)
    load.work(RAMP_SECONDS)
    load.latencies.clear()
    others = [os.getpid(), target.database]
    started, used, busy = time.perf_counter(), cpu_seconds(target.workers), cpu_seconds(others)
    load.work(seconds)
    lasted = time.perf_counter() - started
    used, busy = cpu_seconds(target.workers) - used, cpu_seconds(others) - busy
    latencies = sorted(load.latencies)
    cores = {core for pid in target.workers for core in os.sched_getaffinity(pid)}
    load.work(0)
    return {
        "rate": len(latencies) / lasted,
        "cpu_us": used / len(latencies) * 1e6,
        "cores_rate": len(latencies) / used * len(cores),
        "p50_ms": latencies[len(latencies) // 2] * 1e3,
        "p99_ms": latencies[int(len(latencies) * 0.99)] * 1e3,
        "load_percent": busy / lasted * 100,
        "resident_mib": sum(memory_mib(pid, "VmRSS") for pid in target.workers),
    }
