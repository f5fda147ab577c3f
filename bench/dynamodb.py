"""The stand-ins for DynamoDB, and a minimal client: a raw socket that signs nothing and parses no response.

There are two stand-ins: dynoxide, which stores items in memory, and bench.fake_dynamodb, which only adds latency.
"""

import json
import socket
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import items
from bench.machine import ROOT, WORK, BenchError, start
from tests.dynamodb import free_port, started

BINARY = ROOT / "bench/node_modules/@dynoxide/linux-x64/dynoxide"
TABLE = "items"
ITEMS = 1000
"""How many items the table has for get and put."""
BATCH_ITEMS = 25

# A local server wants a signature and does not check it.
_HEAD = (
    "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-amz-json-1.0\r\n"
    "X-Amz-Target: DynamoDB_20120810.{}\r\nX-Amz-Date: 20260101T000000Z\r\n"
    "Authorization: AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, "
    "SignedHeaders=host;x-amz-date;x-amz-target, Signature=0\r\nContent-Length: {}\r\n\r\n"
)
_LENGTH, _NEXT_KEY = b"content-length:", b'"LastEvaluatedKey":'


class RawClient:
    """One connection to a local server on this port."""

    def __init__(self, port: int) -> None:
        with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            # The connection is open as long as this is.
            self._stream = connection.makefile("rwb")
        self.close = self._stream.close

    def call(self, operation: str, parameters: dict[str, Any]) -> bytes:
        """Return the body of the response. Raises BenchError if its status is not 200."""
        return self.send(operation, json.dumps(parameters).encode())

    def send(self, operation: str, body: bytes) -> bytes:
        """Return the body of the response to a request whose body is ready. Raises BenchError, as ``call`` does."""
        self._stream.write(_HEAD.format(operation, len(body)).encode() + body)
        self._stream.flush()
        status, length = self._stream.readline(), 0
        while (line := self._stream.readline()).strip():
            if line.lower().startswith(_LENGTH):
                length = int(line[len(_LENGTH) :])
        response: bytes = self._stream.read(length)
        if not status.startswith(b"HTTP/1.1 200") or len(response) < length:
            raise BenchError(f"{operation}: {status!r} {response[:1000]!r}")
        return response

    def create_table(self, table: str) -> None:
        key = {"AttributeName": "object_id"}
        schema = {"KeySchema": [key | {"KeyType": "HASH"}], "AttributeDefinitions": [key | {"AttributeType": "S"}]}
        self.call("CreateTable", {"TableName": table, "BillingMode": "PAY_PER_REQUEST", **schema})

    def fill(self, table: str, start: int, end: int) -> None:
        """Store the items with the numbers from ``start`` up to ``end``."""
        for body in items.batches(table, start, end, BATCH_ITEMS):
            self.send("BatchWriteItem", body)

    def get(self, table: str, key: str) -> bytes:
        return self.call("GetItem", {"TableName": table, "Key": {"object_id": {"S": key}}})

    def scan(self, table: str, **parameters: Any) -> None:
        """Fetch every page of a consistent Scan, one after the other. ``parameters`` are added to the request."""
        request = {"TableName": table, "ConsistentRead": True, **parameters}
        while True:
            page = self.call("Scan", request)
            at = page.rfind(_NEXT_KEY)
            if at < 0:
                return
            request["ExclusiveStartKey"] = json.JSONDecoder().raw_decode(page[at + len(_NEXT_KEY) :].decode())[0]


@dataclass
class Database:
    """A running server that stands for DynamoDB. ``tls_port`` is 0 if it has none."""

    port: int
    pid: int
    client: RawClient
    tls_port: int


@contextmanager
def local_dynamodb() -> Iterator[Database]:
    """Run dynoxide, in memory, with the table of get and put filled."""
    port = free_port()
    with _running([str(BINARY), "--host", "127.0.0.1", "--port", str(port)], port) as database:
        database.client.create_table(TABLE)
        database.client.fill(TABLE, 0, ITEMS)
        yield database


def fake_dynamodb(
    count: int = ITEMS, latency_ms: float = 0, authority: Path | None = None
) -> AbstractContextManager[Database]:
    """Run a fake DynamoDB whose Scan has ``count`` items.

    With ``authority`` it has a port with TLS too. The file then contains the authority of its certificate.
    """
    port, tls_port = free_port(), free_port() if authority else 0
    command = [sys.executable, "-m", "bench.fake_dynamodb", str(port), str(count), str(latency_ms)]
    return _running([*command, *([str(tls_port), str(authority)] if authority else [])], port, tls_port)


@contextmanager
def _running(command: list[str], port: int, tls_port: int = 0) -> Iterator[Database]:
    process = start(command, WORK / "dynamodb.log")
    with started(process, f"http://127.0.0.1:{port}"), closing(RawClient(port)) as client:
        yield Database(port, process.pid, client, tls_port)
