"""A DynamoDB that has no work to do, only latency: ``python -m bench.instant PORT ITEMS MILLISECONDS``.

Like DynamoDB itself it serves any number of requests at once, which a local database can't: behind that, all clients
with more than one thread would be as fast as it. It takes whatever is written, and scans give ``ITEMS`` of the
benchmark's items in pages of 1 MB.
"""

import asyncio
import json
import re
import selectors
import sys

from bench import items

PAGE_ITEMS = 900
"""About 1 MB."""
WRITTEN = b'{"UnprocessedItems":{}}'

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: %d\r\n\r\n"
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


class Table:
    """Pages made once, and which of them a request is for."""

    def __init__(self, count: int) -> None:
        self._count = count
        self.pages = [
            b",".join(
                json.dumps(items.wire_item(number)).encode() for number in range(first, min(first + PAGE_ITEMS, count))
            )
            for first in range(0, count, PAGE_ITEMS)
        ]

    def answer(self, head: bytes, body: bytes) -> list[bytes]:
        """The parts of the answer's body."""
        if b".BatchWriteItem" in head:
            return [WRITTEN]
        if b".Scan" not in head:
            return [b'{"Table":{"ItemCount":0,"TableName":"x","TableStatus":"ACTIVE"}}']
        request = json.loads(body)
        step = request.get("TotalSegments", 1)
        last = request.get("ExclusiveStartKey")
        page = int(last["object_id"]["S"]) + step if last else request.get("Segment", 0)
        if page >= len(self.pages):
            return [b'{"Count":0,"ScannedCount":0,"Items":[]}']
        more = b',"LastEvaluatedKey":{"object_id":{"S":"%d"}}' % page if page + step < len(self.pages) else b""
        count = min(PAGE_ITEMS, self._count - page * PAGE_ITEMS)
        return [b'{"Count":%d,"ScannedCount":%d,"Items":[' % (count, count), self.pages[page], b"]", more, b"}"]


class Connection(asyncio.Protocol):
    """One request at a time, answered late."""

    def __init__(self, table: Table, delay: float) -> None:
        self._table = table
        self._delay = delay
        self._data = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._data += data
        end = self._data.find(b"\r\n\r\n")
        length = _LENGTH.search(self._data, 0, end) if end >= 0 else None
        if length is None or len(self._data) < end + 4 + int(length[1]):
            return
        parts = self._table.answer(bytes(self._data[:end]), bytes(self._data[end + 4 :]))
        self._data.clear()
        head = _HEAD % sum(map(len, parts))
        asyncio.get_running_loop().call_later(self._delay, self._transport.writelines, [head, *parts])


def main() -> None:
    port, count, milliseconds = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    table = Table(count)
    # epoll's timeouts are whole milliseconds, rounded up; select's are exact.
    loop = asyncio.SelectorEventLoop(selectors.SelectSelector())
    asyncio.set_event_loop(loop)
    loop.run_until_complete(loop.create_server(lambda: Connection(table, milliseconds / 1000), "127.0.0.1", port))
    loop.run_forever()


if __name__ == "__main__":
    main()
