"""The capacity of a streamed response stands in a trailer field (RFC 9112, section 7.1.2)."""

import json
from typing import Any

import pytest

from tests.contract.client import Client
from tests.dynamodb import new_table
from tests.faulty import faulty_dynamodb
from tests.raw_client import RawConnection, RawResponse
from tests.service.conftest import gunicorn

LINES = b"".join(b'{"n": %d}\n' % number for number in range(120))


def exchange(client: Client, method: str, path: str, body: bytes, **headers: str) -> RawResponse:
    fields = [f"{name}: {value}" for name, value in headers.items()]
    with RawConnection(client.base_url) as connection:
        connection.send(client.head_of(method, path, f"Content-Length: {len(body)}", *fields) + body)
        return connection.read_response(method)


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
        response = exchange(client, method, path, body, **headers, Prefer="consumed-capacity")
        assert response.header("Trailer") == "Picus-Consumed-Capacity"
        assert len(calls) > 2
        assert {asked for _, asked in calls} == {"TOTAL"}
        assert response.trailers == [("Picus-Consumed-Capacity", f"{10.25 * len(calls):.15g}")]
        is_array = response.body.startswith(b"[")
        assert len(json.loads(response.body) if is_array else response.body.splitlines()) in (120, 1000)
        calls.clear()
        response = exchange(client, method, path, body, **headers)
        assert (response.header("Trailer"), response.trailers) == (None, [])
        assert {asked for _, asked in calls} == {None}
