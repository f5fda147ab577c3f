"""The faults of a soak: a DynamoDB that is slow, fails or is silent, workers that are killed, servers that stop."""

import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from itertools import cycle

from tests.faulty import AFTER, BEFORE, FaultyProxy
from tests.http_server import Request, dynamodb_response

# "stalled" lasts longer than the transport waits (3 s); "drip" takes too long for a mix.
MIX = sorted({*BEFORE, *AFTER} - {"none", "drip", "stalled before", "stalled after"})
STALLS = ("stalled before", "stalled after")
SLOW_SECONDS = (0.05, 0.4)

CALM, SLOW, FAILING, SILENT = "calm", "slow", "failing", "silent"
_SHARES = {CALM: 0.01, SLOW: 0.01, FAILING: 0.3, SILENT: 1.0}


class SoakProxy(FaultyProxy):
    """A proxy to DynamoDB with random faults by its ``mode``."""

    def __init__(self, url: str, seed: int) -> None:
        super().__init__(url)
        self.mode = CALM
        self._random = random.Random(seed)

    def next_fault(self, request: Request) -> str:
        """Return a random fault, or "none", for the mode of the moment."""
        if self._random.random() >= _SHARES[self.mode]:
            return "none"
        return self._random.choice(STALLS if self.mode == SILENT else MIX)

    def _forward(self, connection: socket.socket, request: Request) -> bool:
        # Kept by the base classes, for tests that are short.
        del self.requests[:-100]
        self.applied.clear()
        if self.mode == SLOW:
            time.sleep(self._random.uniform(*SLOW_SECONDS))
        # A write that arrives after its client has given up could undo a later one. DynamoDB is never so slow.
        return not _has_hung_up(connection) and super()._forward(connection, request)

    def _ask(self, request: Request) -> bytes:
        """Add DynamoDB's checksum, which tells a damaged response, to a response of a server that sends none."""
        reply = super()._ask(request)
        head, _, body = reply.partition(b"\r\n\r\n")
        return reply if b"crc32" in head else dynamodb_response(int(head.split(b" ", 2)[1]), body)


NOTHING, KILL, RESTART = "", "kill the worker", "restart"


def _has_hung_up(connection: socket.socket) -> bool:
    try:
        return not connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False


# Mode of DynamoDB, its seconds, and what happens to the first host at its beginning.
_STEPS = (
    (CALM, 4.0, NOTHING),
    (SLOW, 4.0, KILL),
    (FAILING, 5.0, NOTHING),
    (CALM, 3.0, RESTART),
    (SILENT, 1.5, NOTHING),
    (CALM, 4.0, KILL),
    (FAILING, 3.0, RESTART),
    (CALM, 3.5, NOTHING),
)
_SILENCES = (1.5, 8.0, 3.5)


def timetable() -> Iterator[tuple[str, float, str]]:
    """Yield the steps without end. The silences have different lengths."""
    silences = cycle(_SILENCES)
    for mode, seconds, action in cycle(_STEPS):
        yield mode, next(silences) if mode == SILENT else seconds, action


def inject(proxy: SoakProxy, act: Callable[[str], None], until: float, stopping: threading.Event) -> None:
    """Follow the timetable until a time (time.monotonic()) or an event, then leave DynamoDB calm."""
    for mode, seconds, action in timetable():
        left = until - time.monotonic()
        if left <= 0 or stopping.is_set():
            break
        proxy.mode = mode
        act(action)
        stopping.wait(min(seconds, left))
    proxy.mode = CALM
