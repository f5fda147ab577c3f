"""The barest client of DynamoDB: a raw socket, no signature, answers unread."""

import json
import re
import socket
from typing import Any

from bench import items

BATCH_ITEMS = 25

# A local server asks for a signature and does not check it.
_HEAD = (
    "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-amz-json-1.0\r\n"
    "X-Amz-Target: DynamoDB_20120810.{}\r\nX-Amz-Date: 20260101T000000Z\r\n"
    "Authorization: AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, "
    "SignedHeaders=host;x-amz-date;x-amz-target, Signature=0\r\nContent-Length: {}\r\n\r\n"
)
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_NEXT_KEY = b'"LastEvaluatedKey":'


class DynamoDBError(Exception):
    """The local DynamoDB refused a call."""


class RawClient:
    """One connection. Answers come as bytes, unread."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close(self) -> None:
        self._socket.close()

    def call(self, operation: str, parameters: dict[str, Any]) -> bytes:
        """The body of the answer. Raises DynamoDBError."""
        body = json.dumps(parameters).encode()
        self._socket.sendall(_HEAD.format(operation, len(body)).encode() + body)
        received = bytearray()
        while (end := received.find(b"\r\n\r\n")) < 0:
            self._receive(received)
        length = _LENGTH.search(received, 0, end)
        if length is None:
            raise DynamoDBError(f"{operation}: an answer without Content-Length")
        while len(received) < end + 4 + int(length[1]):
            self._receive(received)
        answer = bytes(memoryview(received)[end + 4 :])
        if not received.startswith(b"HTTP/1.1 200"):
            raise DynamoDBError(f"{operation}: {answer.decode()}")
        return answer

    def _receive(self, into: bytearray) -> None:
        piece = self._socket.recv(1 << 20)
        if not piece:
            raise DynamoDBError("the server closed the connection")
        into += piece

    def create_table(self, table: str) -> None:
        self.call(
            "CreateTable",
            {
                "TableName": table,
                "KeySchema": [{"AttributeName": "object_id", "KeyType": "HASH"}],
                "AttributeDefinitions": [{"AttributeName": "object_id", "AttributeType": "S"}],
                "BillingMode": "PAY_PER_REQUEST",
            },
        )

    def fill(self, table: str, start: int, stop: int) -> None:
        """Store the items from start up to stop."""
        for first in range(start, stop, BATCH_ITEMS):
            batch = range(first, min(first + BATCH_ITEMS, stop))
            puts = [{"PutRequest": {"Item": items.wire_item(number)}} for number in batch]
            self.call("BatchWriteItem", {"RequestItems": {table: puts}})

    def get(self, table: str, key: str) -> bytes:
        return self.call("GetItem", {"TableName": table, "Key": {"object_id": {"S": key}}})

    def scan(self, table: str, page_items: int = 0) -> int:
        """Fetch every page, one after the other, and throw it away: the bytes received.

        ``page_items`` is how many items a page has at most; 0: as many as fit into 1 MB.
        """
        parameters: dict[str, Any] = {"TableName": table, "ConsistentRead": True}
        if page_items:
            parameters["Limit"] = page_items
        total = 0
        while True:
            page = self.call("Scan", parameters)
            total += len(page)
            at = page.rfind(_NEXT_KEY)
            if at < 0:
                return total
            parameters["ExclusiveStartKey"] = json.JSONDecoder().raw_decode(page[at + len(_NEXT_KEY) :].decode())[0]
