"""Pages under a filter: bounded work, and what DynamoDB itself refuses."""

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from django.test import RequestFactory, override_settings
from django.urls import resolve

from picus_api import list_stream
from picus_api.core.dynamodb import table as core_table
from tests.contract.expect import assert_error
from tests.contract.lists import NDJSON, items_of, next_target, target
from tests.dynamodb import new_table
from tests.faulty import faulty_dynamodb
from tests.service.conftest import gunicorn

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table


@pytest.fixture(scope="module")
def many(dynamodb_url: str) -> "Table":
    """Create a table of 2,000 small items, one of them rare."""
    table = new_table(dynamodb_url)
    with table.batch_writer() as batch:
        for number in range(2000):
            batch.put_item(Item={"object_id": f"{number}", "n": number, "odd": number % 2 == 1})
    return table


def test_selective_filter_finds_all_across_pages(dynamodb_url: str, many: "Table") -> None:
    def slowly(operation: str, count: int) -> None:
        time.sleep(0.6)

    with (
        faulty_dynamodb(dynamodb_url, slowly) as url,
        gunicorn(DYNAMODB_TABLE_NAME=many.name, DYNAMODB_ENDPOINT_URL=url, SEARCH_SECONDS="1") as client,
    ):
        path: str | None = target(limit=10, filter="n = 1234")
        found, requests = [], 0
        while path:
            response = client.request("GET", path)
            assert response.seconds < 10
            found += items_of(response)
            path = next_target(response)
            requests += 1
    assert [item["object_id"] for item in found] == ["1234"]
    assert requests > 1


def test_common_filter_reads_little_for_a_page(dynamodb_url: str, many: "Table") -> None:
    scans = 0

    def count(operation: str, number: int) -> None:
        nonlocal scans
        scans = number

    with (
        faulty_dynamodb(dynamodb_url, count) as url,
        gunicorn(DYNAMODB_TABLE_NAME=many.name, DYNAMODB_ENDPOINT_URL=url) as client,
    ):
        assert len(items_of(client.request("GET", target(limit=10, filter="odd = true")))) == 10
        assert scans == 1
        assert len(items_of(client.request("GET", target(limit=10, filter="n = 1234")))) == 1
        assert scans > 2


def test_page_of_large_items_ends_early_with_link(dynamodb_url: str) -> None:
    table = new_table(dynamodb_url)
    with table.batch_writer() as batch:
        for number in range(20):
            batch.put_item(Item={"object_id": f"{number}", "filler": "x" * 390_000})
    with gunicorn(DYNAMODB_TABLE_NAME=table.name, DYNAMODB_ENDPOINT_URL=dynamodb_url) as client:
        sizes = []
        path: str | None = target(limit=1000)
        while path:
            response = client.request("GET", path)
            sizes.append(len(items_of(response)))
            path = next_target(response)
    assert sum(sizes) == 20
    assert len(sizes) > 1
    assert all(sizes)
    assert max(sizes) < 15


def test_refused_filter_is_400_and_outage_503(dynamodb_url: str, many: "Table") -> None:
    code = "ValidationException"

    def refuses(operation: str, count: int) -> tuple[int, str]:
        return 400, code

    with (
        faulty_dynamodb(dynamodb_url, refuses) as url,
        gunicorn(DYNAMODB_TABLE_NAME=many.name, DYNAMODB_ENDPOINT_URL=url) as client,
    ):
        for parameters in ({"filter": "n = 1"}, {"filter": "n = 1", "limit": 1}, {"fields": "n"}):
            assert_error(client.request("GET", target(**parameters)), 400)
        assert_error(client.request("GET", target(limit=1)), 503)
        code = "AccessDeniedException"
        assert_error(client.request("GET", target(filter="n = 1")), 503)


def test_capacity_is_sum_of_all_calls(dynamodb_url: str, many: "Table") -> None:
    asked = []

    def count(operation: str, number: int, request: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        asked.append(request.get("ReturnConsumedCapacity"))
        return request, {"ConsumedCapacity": {"CapacityUnits": 1000.5}}

    with (
        faulty_dynamodb(dynamodb_url, lambda operation, number: None, count) as url,
        gunicorn(DYNAMODB_TABLE_NAME=many.name, DYNAMODB_ENDPOINT_URL=url) as client,
    ):
        # No index could help with this filter, so that the table is not described.
        path = target(limit=10, filter="n >= 1234 AND n <= 1234")
        response = client.request("GET", path, headers={"Prefer": "consumed-capacity"})
        assert response.header("Picus-Consumed-Capacity") == f"{1000.5 * len(asked):.15g}"
        assert len(asked) > 1
        assert set(asked) == {"TOTAL"}
        asked.clear()
        client.request("GET", path)
        assert set(asked) == {None}


@pytest.mark.parametrize("lines", [False, True])
def test_long_search_sends_spaces_and_whole_list(table: "Table", monkeypatch: pytest.MonkeyPatch, lines: bool) -> None:
    monkeypatch.setattr(list_stream, "SILENCE_SECONDS", 0)
    with table.batch_writer() as batch:
        for number in range(12):
            batch.put_item(Item={"object_id": f"{number}", "filler": "x" * 390_000, "n": number})
    request = RequestFactory().get(target(filter="n = 5"), headers=NDJSON if lines else {}, SERVER_NAME="localhost")
    with override_settings(ALLOWED_HOSTS=["localhost"]):
        response = resolve("/picus/list").func(request)
    pieces = [piece.decode() for piece in response.streaming_content]
    core_table.shared_transport().close()
    assert pieces.count(" ") >= 3
    text = "".join(pieces)
    assert [item["n"] for item in ([json.loads(text)] if lines else json.loads(text))] == [5]
