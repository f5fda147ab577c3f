"""The local DynamoDB (dynoxide: native, in memory), with and without a delay in front of it."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import items, servers
from bench.dynamodb import RawClient
from bench.results import spread

BINARY = Path(__file__).parent / "node_modules/@dynoxide/linux-x64/dynoxide"
TABLE = "items"
"""The table of get and put."""
ITEMS = 1000
"""How many items it has at the start."""


@dataclass
class Database:
    """The processes that stand for DynamoDB."""

    port: int
    delayed_port: int
    server: subprocess.Popen[bytes]
    proxy: subprocess.Popen[bytes]
    client: RawClient

    @property
    def pids(self) -> list[int]:
        return [self.server.pid, self.proxy.pid]

    def delay(self, milliseconds: float) -> float:
        """Delay the answers on the delayed port from now on. Returns what a call takes longer there, in ms."""
        self._tell(milliseconds)
        late = RawClient(self.delayed_port)
        longer = _call_ms(late) - _call_ms(self.client)
        late.close()
        return longer

    def page_items(self) -> int:
        """How many items a page the last Scan on the delayed port asked for; 0: as many as fit into 1 MB."""
        return self._tell(0)

    def _tell(self, milliseconds: float) -> int:
        assert self.proxy.stdin
        assert self.proxy.stdout
        self.proxy.stdin.write(f"{milliseconds}\n".encode())
        self.proxy.stdin.flush()
        return int(self.proxy.stdout.readline())


def _call_ms(client: RawClient) -> float:
    """The median of some calls."""
    times = []
    for number in range(30):
        started = time.perf_counter()
        client.get(TABLE, items.key(number))
        times.append(time.perf_counter() - started)
    return spread(times).median * 1000


@contextmanager
def running() -> Iterator[Database]:
    """Both, with the table of get and put filled. They run on the caller's core."""
    port, delayed_port = servers.free_port(), servers.free_port()
    log = (servers.WORK / "dynamodb.log").open("wb")
    server = subprocess.Popen([BINARY, "--host", "127.0.0.1", "--port", str(port)], stdout=log, stderr=log)
    command = [sys.executable, "-m", "bench.delay", str(delayed_port), str(port)]
    proxy = subprocess.Popen(command, cwd=servers.ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)
    try:
        connected(delayed_port).close()
        client = connected(port)
        client.create_table(TABLE)
        client.fill(TABLE, 0, ITEMS)
        yield Database(port, delayed_port, server, proxy, client)
    finally:
        servers.stop(proxy)
        servers.stop(server)
        log.close()


def connected(port: int) -> RawClient:
    """A connection, as soon as the server is up."""
    deadline = time.monotonic() + servers.START_SECONDS
    while True:
        try:
            return RawClient(port)
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
