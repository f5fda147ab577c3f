"""A DynamoDB that does no work and only adds latency.

``python -m bench.fake_dynamodb PORT ITEMS [MILLISECONDS [TLS_PORT AUTHORITY]]``. Like DynamoDB it serves any number of
requests at once. A local database can't: behind it all clients with more than one thread would be equally fast. It
accepts every write. GetItem knows the first items of the benchmark until they are deleted, and Scan returns ``ITEMS``
items in pages of 1 MB. On a second port it serves TLS; the certificate's authority is then in the file AUTHORITY.
"""

import asyncio
import json
import re
import selectors
import ssl
import sys
from contextlib import suppress
from functools import partial
from typing import Any

from bench import items

PAGE_ITEMS = 900  # about 1 MB
KNOWN_KEYS = 1000  # GetItem finds so many items, until they are deleted

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: %d\r\n\r\n"
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_TARGET = re.compile(rb"x-amz-target: *DynamoDB_20120810\.(\w+)", re.IGNORECASE)


class FakeTable:
    """Responses made once, and the latency that all connections share."""

    def __init__(self, count: int, latency_ms: float = 0) -> None:
        self.latency_seconds = latency_ms / 1000
        self._count = count
        made = [json.dumps(items.wire_item(number)).encode() for number in range(max(count, KNOWN_KEYS))]
        self._by_key = {items.key(number): b'{"Item":%s}' % made[number] for number in range(KNOWN_KEYS)}
        self._pages = [b",".join(made[at : min(at + PAGE_ITEMS, count)]) for at in range(0, count, PAGE_ITEMS)]

    def respond(self, operation: bytes, body: bytes) -> list[bytes]:
        """Return the parts of the response's body."""
        if operation == b"GetItem":
            # Other tables, for example the token table, are empty.
            key = json.loads(body)["Key"].get("object_id", {})
            return [self._by_key.get(key.get("S"), b"{}")]
        if operation == b"BatchWriteItem":
            return [b'{"UnprocessedItems":{}}']
        if operation == b"Scan":
            return self._scan(json.loads(body))
        if operation == b"DeleteItem":
            self._by_key.pop(json.loads(body)["Key"]["object_id"]["S"], None)
            return [b"{}"]
        return [b'{"Table":{"ItemCount":0,"TableName":"x","TableStatus":"ACTIVE"}}']

    def _scan(self, request: dict[str, Any]) -> list[bytes]:
        step = request.get("TotalSegments", 1)
        last = request.get("ExclusiveStartKey")
        page = int(last["object_id"]["S"]) + step if last else request.get("Segment", 0)
        if page >= len(self._pages):
            return [b'{"Count":0,"ScannedCount":0,"Items":[]}']
        more = b',"LastEvaluatedKey":{"object_id":{"S":"%d"}}' % page if page + step < len(self._pages) else b""
        count = min(PAGE_ITEMS, self._count - page * PAGE_ITEMS)
        return [b'{"Count":%d,"ScannedCount":%d,"Items":[' % (count, count), self._pages[page], b"]", more, b"}"]


async def serve(table: FakeTable, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Serve one connection: one request at a time, each response after the latency."""
    with suppress(asyncio.IncompleteReadError, ConnectionError):  # the client has closed it
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length, target = _LENGTH.search(head), _TARGET.search(head)
            body = await reader.readexactly(int(length[1]) if length else 0)
            parts = table.respond(target[1] if target else b"", body)
            await asyncio.sleep(table.latency_seconds)
            writer.writelines([_HEAD % sum(map(len, parts)), *parts])
    writer.close()


def _certificate(authority: str) -> ssl.SSLContext:
    import trustme  # noqa: PLC0415 - only this port needs it

    issuer, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issuer.issue_cert("127.0.0.1", key_type=trustme.KeyType.RSA).configure_cert(context)  # AWS's keys are RSA's
    issuer.cert_pem.write_to_path(authority)
    return context


async def main(port: str, count: str, latency_ms: str = "0", tls_port: str = "", authority: str = "") -> None:
    handle = partial(serve, FakeTable(int(count), float(latency_ms)))
    if tls_port:  # first: the plain port shows that the server is ready
        await asyncio.start_server(handle, "127.0.0.1", int(tls_port), ssl=_certificate(authority))
    server = await asyncio.start_server(handle, "127.0.0.1", int(port))
    await server.serve_forever()


if __name__ == "__main__":
    # epoll rounds its timeouts up to whole milliseconds; select does not.
    loop = asyncio.SelectorEventLoop(selectors.SelectSelector())
    loop.run_until_complete(main(*sys.argv[1:]))
