"""The stand-ins for DynamoDB, and a minimal client: a raw socket that signs nothing and parses no response.

There are two stand-ins: dynoxide, which stores items in memory, and bench.fake_dynamodb, which only adds latency.
"""

import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from bench import items
from bench.machine import ROOT, WORK, BenchError, free_port, stop
from bench.measurements import spread

BINARY = ROOT / "bench/node_modules/@dynoxide/linux-x64/dynoxide"
TABLE = "items"
ITEMS = 1000
"""How many items the table has for get and put."""
BATCH_ITEMS = 25
START_SECONDS = 30

# A local server wants a signature and does not check it.
_HEAD = (
    "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-amz-json-1.0\r\n"
    "X-Amz-Target: DynamoDB_20120810.{}\r\nX-Amz-Date: 20260101T000000Z\r\n"
    "Authorization: AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, "
    "SignedHeaders=host;x-amz-date;x-amz-target, Signature=0\r\nContent-Length: {}\r\n\r\n"
)
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_NEXT_KEY = b'"LastEvaluatedKey":'


class RawClient:
    """One connection to a local server on this port."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close(self) -> None:
        self._socket.close()

    def call(self, operation: str, parameters: dict[str, Any]) -> bytes:
        """Return the body of the response. Raises BenchError if its status is not 200."""
        return self.send(operation, json.dumps(parameters).encode())

    def send(self, operation: str, body: bytes) -> bytes:
        """Return the body of the response to a request whose body is ready. Raises BenchError, as ``call`` does."""
        self._socket.sendall(_HEAD.format(operation, len(body)).encode() + body)
        received = bytearray()
        while (end := received.find(b"\r\n\r\n")) < 0:
            self._receive(received)
        length = _LENGTH.search(received, 0, end)
        if length is None:
            raise BenchError(f"{operation}: a response without Content-Length")
        while len(received) < end + 4 + int(length[1]):
            self._receive(received)
        response = bytes(memoryview(received)[end + 4 :])
        if not received.startswith(b"HTTP/1.1 200"):
            raise BenchError(f"{operation}: {response.decode()}")
        return response

    def _receive(self, into: bytearray) -> None:
        piece = self._socket.recv(1 << 20)
        if not piece:
            raise BenchError("DynamoDB closed the connection")
        into += piece

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
    """A running server that stands for DynamoDB."""

    port: int
    pid: int
    client: RawClient

    def set_latency(self, milliseconds: float) -> float:
        """Set the latency of the fake DynamoDB. Return the median of what a call takes then, in ms."""
        self.client.call("SetLatency", {"Milliseconds": milliseconds})
        times = []
        for number in range(30):
            started = time.perf_counter()
            self.client.get(TABLE, items.key(number))
            times.append(time.perf_counter() - started)
        return spread(times).median * 1000


@contextmanager
def local_dynamodb() -> Iterator[Database]:
    """Run dynoxide, in memory, with the table of get and put filled."""
    port = free_port()
    with _running([str(BINARY), "--host", "127.0.0.1", "--port", str(port)], port) as database:
        database.client.create_table(TABLE)
        database.client.fill(TABLE, 0, ITEMS)
        yield database


@contextmanager
def fake_dynamodb(count: int = ITEMS) -> Iterator[Database]:
    """Run a fake DynamoDB whose Scan has ``count`` items. It has no latency until ``set_latency``."""
    port = free_port()
    with _running([sys.executable, "-m", "bench.fake_dynamodb", str(port), str(count)], port) as database:
        yield database


@contextmanager
def tls_endpoint(database: Database) -> Iterator[int]:
    """Run a TLS endpoint in front of a running database. Give its port."""
    port = free_port()
    with _running([sys.executable, "-m", "bench.tls_endpoint", str(port), str(database.port)], port):
        yield port


@contextmanager
def _running(command: list[str], port: int) -> Iterator[Database]:
    with (WORK / "dynamodb.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
    try:
        client = _connected(port)
        yield Database(port, process.pid, client)
        client.close()
    finally:
        stop(process)


def _connected(port: int) -> RawClient:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            return RawClient(port)
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
