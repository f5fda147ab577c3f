"""Idempotency-Key between processes, with lost responses, and without its table."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.contract.client import Client
from tests.contract.exact import Response
from tests.contract.expect import assert_error
from tests.dynamodb import new_table, resource
from tests.faulty import FaultyProxy
from tests.service.conftest import gunicorn
from tests.service.test_commands import manage

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table


@pytest.fixture(scope="module")
def tables(dynamodb_url: str) -> tuple["Table", "Table"]:
    """Create an item table as an operator made it, and its idempotency table by the command."""
    items = new_table(dynamodb_url)
    made = manage("create_table", DYNAMODB_TABLE_NAME=items.name, DYNAMODB_ENDPOINT_URL=dynamodb_url)
    created = "".join(f"Table {items.name}_{name}: created and active.\n" for name in ("idempotency", "tokens"))
    assert made.stdout == f"Table {items.name}: exists already.\n{created}"
    return items, resource(dynamodb_url).Table(f"{items.name}_idempotency")


@pytest.fixture(scope="module")
def two(tables: tuple["Table", "Table"], dynamodb_url: str) -> Iterator[tuple[Client, Client]]:
    """Run two services on the same tables."""
    settings = {"DYNAMODB_TABLE_NAME": tables[0].name, "DYNAMODB_ENDPOINT_URL": dynamodb_url}
    with gunicorn(**settings) as first, gunicorn(**settings) as second:
        yield first, second


def test_records_expire_by_dynamodbs_ttl(tables: tuple["Table", "Table"]) -> None:
    records = tables[1]
    found = records.meta.client.describe_time_to_live(TableName=records.name)["TimeToLiveDescription"]
    assert found["TimeToLiveStatus"] in ("ENABLED", "ENABLING")
    assert found["AttributeName"] == "expires_at"


def test_two_processes_write_once_together(tables: tuple["Table", "Table"], two: tuple[Client, Client]) -> None:
    def send(number: int) -> Response:
        group = marks[number % 5]
        return two[number // 5 % 2].put(f'{{"mark": "{group}"}}', Idempotency_Key=group)

    marks = [str(uuid4()) for _ in range(5)]
    with ThreadPoolExecutor(20) as threads:
        responses = list(threads.map(send, range(80)))
    assert {response.status for response in responses} == {201}
    assert len({response.body for response in responses}) == 5
    found = [item.get("mark") for item in tables[0].scan(ConsistentRead=True)["Items"]]
    assert [found.count(mark) for mark in marks] == [1] * 5


def test_record_lasts_a_day_and_has_no_content(tables: tuple["Table", "Table"], two: tuple[Client, Client]) -> None:
    created = two[0].put('{"secret": "content"}', Idempotency_Key="my-own-key").object["object_id"]
    [record] = [record for record in tables[1].scan()["Items"] if record["object_id"] == created]
    assert 23.9 * 3600 < float(str(record["expires_at"])) - time.time() <= 24 * 3600
    assert "my-own-key" not in str(record)
    assert "content" not in str(record)


def test_a_record_that_has_expired_counts_as_gone(tables: tuple["Table", "Table"], two: tuple[Client, Client]) -> None:
    key = str(uuid4())
    first = two[0].put("{}", Idempotency_Key=key).object["object_id"]
    [record] = [record for record in tables[1].scan()["Items"] if record["object_id"] == first]
    tables[1].put_item(Item={**record, "expires_at": int(time.time()) - 1})
    responses = [two[0].put('{"other": "body"}', Idempotency_Key=key) for _ in range(2)]
    assert [response.status for response in responses] == [201, 201]
    assert responses[0].object["object_id"] == responses[1].object["object_id"] != first


@pytest.mark.parametrize("fault", ["closed after", "500 after", "wrong crc", "closed before"])
def test_transaction_with_lost_response_runs_once(
    tables: tuple["Table", "Table"], dynamodb_url: str, fault: str
) -> None:
    mark = str(uuid4())
    with (
        FaultyProxy(dynamodb_url, fault, operations=("TransactWriteItems",)) as proxy,
        gunicorn(DYNAMODB_TABLE_NAME=tables[0].name, DYNAMODB_ENDPOINT_URL=proxy.url) as client,
    ):
        responses = [client.put(f'{{"mark": "{mark}"}}', Idempotency_Key=mark) for _ in range(2)]
        assert not proxy.faults
    assert {(response.status, response.body) for response in responses} == {(201, responses[0].body)}
    assert [item.get("mark") for item in tables[0].scan(ConsistentRead=True)["Items"]].count(mark) == 1


def test_missing_idempotency_table_is_503_with_key_only(dynamodb_url: str, capfd: pytest.CaptureFixture[str]) -> None:
    items = new_table(dynamodb_url)
    with gunicorn(DYNAMODB_TABLE_NAME=items.name, DYNAMODB_ENDPOINT_URL=dynamodb_url) as client:
        error = assert_error(client.put('{"a": 1}', Idempotency_Key="x"), 503)
        assert "nothing was stored" in str(error["error"])
        assert items.scan()["Items"] == []
        assert client.put('{"a": 1}').status == 201
    log = capfd.readouterr().err
    assert f"./picus create_table creates {items.name} and {items.name}_idempotency" in log


def test_idempotency_table_may_have_another_name(tables: tuple["Table", "Table"], dynamodb_url: str) -> None:
    items = new_table(dynamodb_url)
    settings = {"DYNAMODB_TABLE_NAME": items.name, "DYNAMODB_IDEMPOTENCY_TABLE_NAME": tables[1].name}
    with gunicorn(**settings, DYNAMODB_ENDPOINT_URL=dynamodb_url) as client:
        responses = [client.put("{}", Idempotency_Key="another name") for _ in range(2)]
        assert [response.status for response in responses] == [400, 400]
        responses = [client.put("{}", Idempotency_Key='"another name"') for _ in range(2)]
        assert [response.status for response in responses] == [201, 201]
    assert len(items.scan()["Items"]) == 1
