"""A TCP proxy that hands on every answer some milliseconds late: ``python -m bench.delay PORT TARGET_PORT``.

It stands between the contestants and the local DynamoDB. Each line on standard input is a new delay in milliseconds,
answered by a line on standard output: how many items a page the last Scan asked for, 0 for as many as fit into 1 MB.
"""

import asyncio
import re
import selectors
import sys
from collections import deque

_LIMIT = re.compile(rb'"Limit": *(\d+)')


class Shared:
    """What all connections share."""

    delay_seconds = 0.0
    page_items = 0


class Upstream(asyncio.Protocol):
    """The side of DynamoDB: what comes from here is late."""

    def __init__(self, client: asyncio.Transport) -> None:
        self._client = client
        self._late: deque[bytes] = deque()
        self._loop = asyncio.get_running_loop()

    def data_received(self, data: bytes) -> None:
        self._late.append(data)
        self._loop.call_later(Shared.delay_seconds, self._release)

    def _release(self) -> None:
        self._client.write(self._late.popleft())

    def connection_lost(self, error: Exception | None) -> None:
        self._loop.call_later(Shared.delay_seconds, self._client.close)


class Client(asyncio.Protocol):
    """The side of a contestant: what comes from here goes on at once."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._early = b""
        self._upstream: asyncio.Transport | None = None
        self._connecting: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._connecting = asyncio.get_running_loop().create_task(self._connect(transport))

    async def _connect(self, transport: asyncio.Transport) -> None:
        loop = asyncio.get_running_loop()
        self._upstream, _ = await loop.create_connection(lambda: Upstream(transport), "127.0.0.1", self._target)
        self._upstream.write(self._early)

    def data_received(self, data: bytes) -> None:
        if limit := _LIMIT.search(data):
            Shared.page_items = int(limit[1])
        if self._upstream:
            self._upstream.write(data)
        else:
            self._early += data

    def connection_lost(self, error: Exception | None) -> None:
        if self._upstream:
            self._upstream.close()


def _read_delay() -> None:
    line = sys.stdin.readline()
    if not line:
        asyncio.get_running_loop().stop()
        return
    Shared.delay_seconds = float(line) / 1000
    print(Shared.page_items, flush=True)


def main() -> None:
    # epoll's timeouts are whole milliseconds, rounded up; select's are exact.
    loop = asyncio.SelectorEventLoop(selectors.SelectSelector())
    asyncio.set_event_loop(loop)
    port, target = map(int, sys.argv[1:])
    loop.run_until_complete(loop.create_server(lambda: Client(target), "127.0.0.1", port))
    loop.add_reader(sys.stdin, _read_delay)
    loop.run_forever()


if __name__ == "__main__":
    main()
