"""What an answer that streams cost stands in a trailer field behind it (RFC 9112, section 7.1.2)."""

import json
import socket
from typing import Any

import h11
import pytest

from tests.contract.client import Client
from tests.dynamodb import new_table
from tests.faulty import faulty_dynamodb
from tests.service.conftest import gunicorn

LINES = b"".join(b'{"n": %d}\n' % number for number in range(120))


def exchange(
    client: Client, method: str, path: str, body: bytes, **headers: str
) -> tuple[h11.Response, h11.EndOfMessage, bytes]:
    """The head of an answer, its end, and its body."""
    connection = h11.Connection(h11.CLIENT)
    fields = [("Host", "127.0.0.1"), ("Content-Length", str(len(body))), *headers.items()]
    with client.connection() as opened:
        opened.connect()
        assert isinstance(opened.sock, socket.socket)
        request = h11.Request(method=method, target=path, headers=fields)
        for part in (request, h11.Data(data=body), h11.EndOfMessage()):
            opened.sock.sendall(connection.send(part) or b"")
        found: list[Any] = []
        while not any(isinstance(event, h11.EndOfMessage) for event in found):
            while (event := connection.next_event()) is not h11.NEED_DATA:
                found.append(event)
                if isinstance(event, h11.EndOfMessage):
                    break
            else:
                connection.receive_data(opened.sock.recv(65536))
    data = b"".join(event.data for event in found if isinstance(event, h11.Data))
    return found[0], found[-1], data


@pytest.mark.parametrize(
    ("method", "path", "headers", "body"),
    [
        ("GET", "/picus/list", {}, b""),
        ("GET", "/picus/list", {"Accept": "application/x-ndjson"}, b""),
        ("POST", "/picus/put", {"Content-Type": "application/x-ndjson"}, LINES),
    ],
    ids=["list", "lines out", "lines in"],
)
def test_the_trailer_is_the_sum_of_all_calls(
    dynamodb_url: str, method: str, path: str, headers: dict[str, str], body: bytes
) -> None:
    table = new_table(dynamodb_url)
    with table.batch_writer() as batch:
        for number in range(1000):
            batch.put_item(Item={"object_id": f"{number}", "filler": "x" * 1000})
    calls: list[tuple[str, object]] = []

    def count(operation: str, number: int, request: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        calls.append((operation, request.get("ReturnConsumedCapacity")))
        capacity = {"CapacityUnits": 10.25}
        return request, {"ConsumedCapacity": [capacity] if operation.startswith("Batch") else capacity}

    with (
        faulty_dynamodb(dynamodb_url, lambda operation, number: None, count) as url,
        gunicorn(DYNAMODB_TABLE_NAME=table.name, DYNAMODB_ENDPOINT_URL=url) as client,
    ):
        calls.clear()
        head, end, answer = exchange(client, method, path, body, **headers, Prefer="consumed-capacity")
        assert (b"trailer", b"Picus-Consumed-Capacity") in head.headers
        assert len(calls) > 2
        assert {asked for _, asked in calls} == {"TOTAL"}
        assert [*end.headers] == [(b"picus-consumed-capacity", f"{10.25 * len(calls):.15g}".encode())]
        assert len(json.loads(answer) if answer.startswith(b"[") else answer.splitlines()) in (120, 1000)
        calls.clear()
        head, end, _ = exchange(client, method, path, body, **headers)
        assert b"trailer" not in dict(head.headers)
        assert not [*end.headers]
        assert {asked for _, asked in calls} == {None}
