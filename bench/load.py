"""A closed-loop HTTP/1.1 load generator: so many clients, each sends its next request when it has its answer.

It runs on the core of DynamoDB and not on the contestant's, and reports how busy that core was: at 100 % the figures
would be DynamoDB's and not the contestant's. Beside wrk 4.1 it found the same rates within 1 %, up to 50,000 requests
per second (10 µs each), and up to 5 % less for a server that closes every connection. It is here because wrk can't be
installed from where everything else comes, and measures whole seconds only.
"""

import os
import re
import select
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.machine import cpu_seconds
from bench.results import Window

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CLOSE = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)
STUCK_SECONDS = 10
RAMP_SECONDS = 0.1
"""Before the window opens, so that it starts in full swing."""


class LoadError(Exception):
    """A contestant gave a wrong answer or none."""


@dataclass(frozen=True)
class Request:
    """What to send, in turns, and the status that must come back."""

    messages: Sequence[bytes]
    status: int


@dataclass(frozen=True)
class Target:
    """A server under load, and whose CPU to read: its workers, and the helpers on the other core."""

    port: int
    workers: list[int]
    helpers: list[int]


@dataclass
class _Run:
    port: int
    request: Request
    poll: select.epoll = field(default_factory=select.epoll)
    clients: dict[int, "_Client"] = field(default_factory=dict)
    sent: int = 0
    sending: bool = True
    latencies: list[float] = field(default_factory=list)

    def next_message(self) -> bytes:
        self.sent += 1
        return self.request.messages[self.sent % len(self.request.messages)]

    def wait(self, until: float) -> None:
        """Let the clients work until then."""
        while (left := until - time.perf_counter()) > 0:
            for number, _ in self.poll.poll(left):
                self.clients[number].readable()

    def drain(self) -> None:
        """Let every client get its last answer."""
        self.sending = False
        deadline = time.perf_counter() + STUCK_SECONDS
        while self.clients:
            if time.perf_counter() > deadline:
                raise LoadError(f"no answer within {STUCK_SECONDS} s")
            for number, _ in self.poll.poll(1):
                self.clients[number].readable()


class _Client:
    def __init__(self, run: _Run) -> None:
        self._run = run
        self._connect()

    def _connect(self) -> None:
        # The connection is part of the wait: a server that closes after each answer makes every client pay for it.
        self._started = time.perf_counter()
        self._received = b""
        # The plain calls: socket.create_connection and a timeout would cost several times as much.
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.connect(("127.0.0.1", self._run.port))
        self._socket.sendall(self._run.next_message())
        self._run.clients[self._socket.fileno()] = self
        self._run.poll.register(self._socket.fileno(), select.EPOLLIN)

    def _close(self) -> None:
        # Closing takes it out of the poll as well.
        del self._run.clients[self._socket.fileno()]
        self._socket.close()

    def readable(self) -> None:
        piece = self._socket.recv(65536)
        if not piece:
            raise LoadError(f"connection closed after {self._received[:200]!r}")
        self._received += piece
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return
        length = _LENGTH.search(self._received, 0, end)
        if length is None:
            raise LoadError(f"no Content-Length: {self._received[:200]!r}")
        if len(self._received) >= end + 4 + int(length[1]):
            self._answered(end)

    def _answered(self, end: int) -> None:
        if int(self._received[9:12]) != self._run.request.status:
            raise LoadError(f"unexpected answer: {self._received[:1000]!r}")
        now = time.perf_counter()
        self._run.latencies.append(now - self._started)
        if not self._run.sending:
            self._close()
        elif _CLOSE.search(self._received, 0, end):
            self._close()
            self._connect()
        else:
            self._started, self._received = now, b""
            self._socket.sendall(self._run.next_message())


def measure(target: Target, request: Request, clients: int, seconds: float) -> Window:
    """Load the target for so many seconds. Raises LoadError."""
    run = _Run(target.port, request)
    for _ in range(clients):
        _Client(run)
    run.wait(time.perf_counter() + RAMP_SECONDS)
    helpers = [os.getpid(), *target.helpers]
    run.latencies.clear()
    started, used, helped = time.perf_counter(), cpu_seconds(target.workers), cpu_seconds(helpers)
    run.wait(started + seconds)
    while not run.latencies and time.perf_counter() < started + STUCK_SECONDS:
        # Something held up the machine or the contestant: it counts, so the round goes on.
        run.wait(time.perf_counter() + 0.1)
    lasted = time.perf_counter() - started
    used, helped = cpu_seconds(target.workers) - used, cpu_seconds(helpers) - helped
    latencies = sorted(run.latencies)
    run.drain()
    if not latencies:
        raise LoadError(f"no answer within {STUCK_SECONDS} s")
    return Window(
        rate=len(latencies) / lasted,
        cpu_us=used / len(latencies) * 1e6,
        p50_ms=latencies[len(latencies) // 2] * 1e3,
        p99_ms=latencies[int(len(latencies) * 0.99)] * 1e3,
        load_busy=helped / lasted,
    )
