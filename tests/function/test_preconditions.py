"""If-Match on the packaged function, whose role may delete and nothing else."""

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from picus_api.core.etag import etag
from picus_project.local.events import rest_proxy_event
from tests.faulty import FaultyProxy
from tests.function.function import REQUEST_ID, Function, expected, running_function

if TYPE_CHECKING:
    from pathlib import Path

    from mypy_boto3_dynamodb.service_resource import Table

GONE = '{"error": "Item with key \\"absent\\" is not there to match", "code": "precondition_failed"}'
CHANGED = '{"error": "Item with key \\"x\\" has changed: get it again", "code": "precondition_failed"}'
DELETED = '{"message": "Item with key \\"x\\" deleted successfully"}'


def delete(function: Function, key: str, *if_match: str, field: str = "If-Match") -> dict[str, Any]:
    headers = [("X-Amz-Cf-Id", REQUEST_ID), *((field, value) for value in if_match)]
    return function(rest_proxy_event(method="DELETE", path=f"/picus/{key}", headers=headers))


def tag(table: "Table", key: str = "x") -> str:
    """Return the ETag that the service would send."""
    low_level = boto3.client(
        "dynamodb",
        endpoint_url=table.meta.client.meta.endpoint_url,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    item: Any = low_level.get_item(TableName=table.name, Key={"object_id": {"S": key}})["Item"]
    return etag(item)


@pytest.fixture
def item(table: "Table") -> "Table":
    values: dict[str, Any] = {
        "number": Decimal("1.25"),
        "set": {"b", "a"},
        "binary": b"\x00\xff",
        "binaries": {b"1", b"2"},
    }
    table.put_item(Item={"object_id": "x", "a": 1, **values, "picus_version": "v1:" + "0" * 32})
    return table


@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', "*"])
def test_delete_with_current_etag_succeeds(function: Function, item: "Table", form: str) -> None:
    assert delete(function, "x", form.replace("{}", tag(item))) == expected(200, DELETED)
    assert "Item" not in item.get_item(Key={"object_id": "x"})


def test_repeated_header_field_is_one_list(function: Function, item: "Table") -> None:
    assert delete(function, "x", tag(item), '"other"') == expected(200, DELETED)


@pytest.mark.parametrize("change", [{"a": 2}, {"d": 1}, {"picus_version": "v1:" + "1" * 32}])
def test_other_etag_is_412_and_item_stays(function: Function, item: "Table", change: dict[str, Any]) -> None:
    old = tag(item)
    item.put_item(Item={**item.get_item(Key={"object_id": "x"})["Item"], **change})
    assert delete(function, "x", old) == expected(412, CHANGED)
    assert "Item" in item.get_item(Key={"object_id": "x"})


@pytest.mark.parametrize("value", ["*", '"x"'])
def test_if_match_on_absent_item_is_412(function: Function, value: str) -> None:
    assert delete(function, "absent", value) == expected(412, GONE)


def test_if_none_match_protects_named_item(function: Function, item: "Table") -> None:
    sentence = '{"error": "Item with key \\"x\\" exists already", "code": "precondition_failed"}'
    assert delete(function, "x", "*", field="If-None-Match") == expected(412, sentence)
    assert delete(function, "x", '"other"', field="If-None-Match") == expected(200, DELETED)
    assert delete(function, "x", '"other"', field="If-None-Match")["statusCode"] == 404


@pytest.mark.parametrize("value", ["", "abc", '"a', '*, "a"'])
def test_a_malformed_field_is_400(function: Function, item: "Table", value: str) -> None:
    error = "The If-Match header is malformed: send * or ETags in their quotes."
    body = f'{{"error": "{error}", "code": "invalid_header"}}'
    assert delete(function, "x", value) == expected(400, body)
    assert "Item" in item.get_item(Key={"object_id": "x"})


def operations(proxy: FaultyProxy) -> list[str]:
    return [request.operation for request in proxy.requests]


def test_delete_makes_one_call_or_two_with_etag(fresh: "Path", item: "Table", dynamodb_url: str) -> None:
    with (
        FaultyProxy(dynamodb_url) as proxy,
        running_function(fresh, DYNAMODB_TABLE_NAME=item.name, DYNAMODB_ENDPOINT_URL=proxy.url) as function,
    ):
        assert delete(function, "absent")["statusCode"] == 404
        assert operations(proxy) == ["DeleteItem"]
        assert delete(function, "absent", "*")["statusCode"] == 412
        assert operations(proxy) == ["DeleteItem"] * 2
        assert delete(function, "x", tag(item))["statusCode"] == 200
        assert operations(proxy)[2:] == ["DeleteItem", "TransactWriteItems"]


@pytest.mark.parametrize("faults", [["closed after"], ["none", "closed after"], ["500 after", "none", "wrong crc"]])
def test_lost_response_does_not_change_outcome(
    fresh: "Path", item: "Table", dynamodb_url: str, faults: list[str]
) -> None:
    with (
        FaultyProxy(dynamodb_url, *faults) as proxy,
        running_function(fresh, DYNAMODB_TABLE_NAME=item.name, DYNAMODB_ENDPOINT_URL=proxy.url) as function,
    ):
        assert delete(function, "x", tag(item)) == expected(200, DELETED)
        assert not proxy.faults
    assert "Item" not in item.get_item(Key={"object_id": "x"})


def test_change_between_two_calls_is_not_deleted(fresh: "Path", item: "Table", dynamodb_url: str) -> None:
    with (
        FaultyProxy(dynamodb_url, "none", "500 before") as proxy,
        running_function(fresh, DYNAMODB_TABLE_NAME=item.name, DYNAMODB_ENDPOINT_URL=proxy.url) as function,
    ):
        old = tag(item)
        ask = proxy._ask

        def changed_after_the_first(request: Any) -> bytes:
            reply = ask(request)
            item.put_item(Item={"object_id": "x", "a": "theirs"})
            return reply

        proxy._ask = changed_after_the_first  # type: ignore[method-assign]
        assert delete(function, "x", old) == expected(412, CHANGED)
    assert item.get_item(Key={"object_id": "x"})["Item"] == {"object_id": "x", "a": "theirs"}
