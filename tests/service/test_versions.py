"""Versions beside other programs that use the table, and with lost responses."""

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.client import Client
from tests.contract.expect import assert_error, assert_not_found
from tests.dynamodb import new_table
from tests.faulty import FaultyProxy, faulty_dynamodb
from tests.service.conftest import gunicorn

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

Shared = tuple["Table", Client]
FOREIGN: dict[str, Any] = {
    "text": "x",
    "number": Decimal("1.25"),
    "long": Decimal("12345678901234567890.5"),
    "tiny": Decimal("1E-100"),
    "strings": {"b", "a"},
    "numbers": {1, Decimal("2.5")},
    "binary": b"\x00\xff",
    "binaries": {b"1", b"2"},
    "nothing": None,
    "yes": True,
    "empty": {},
    "nested": {"list": [1, {"set": {"x", "y"}}, b"\x01", None]},
}


def tag(client: Client, key: str) -> str:
    found = client.get(key).header("ETag")
    assert found
    return found


def stored(table: "Table", key: str) -> dict[str, Any]:
    return dict(table.get_item(Key={"object_id": key}, ConsistentRead=True)["Item"])


def test_a_write_stores_one_string_beside_the_item(shared: Shared) -> None:
    table, client = shared
    key = client.store('{"a": 1}')
    first = stored(table, key).pop("picus_version")
    client.replace(key, '{"a": 1}')
    item = stored(table, key)
    second = item.pop("picus_version")
    assert item == {"object_id": key, "a": 1}
    assert all(re.fullmatch("v1:[0-9a-f]{32}", version) for version in (first, second))
    assert first != second
    client.clean_up()


def test_foreign_item_has_etag_of_its_content(shared: Shared) -> None:
    table, client = shared
    table.put_item(Item={"object_id": "foreign", **FOREIGN})
    tags = [tag(client, "foreign"), tag(client, "foreign")]
    assert tags[0] == tags[1]
    for name in FOREIGN:
        table.update_item(
            Key={"object_id": "foreign"},
            UpdateExpression="SET #n = :v",
            ExpressionAttributeNames={"#n": name},
            ExpressionAttributeValues={":v": "changed"},
        )
        tags.append(tag(client, "foreign"))
    assert len(set(tags)) == len(FOREIGN) + 1
    table.delete_item(Key={"object_id": "foreign"})


def test_foreign_change_in_place_changes_etag(shared: Shared) -> None:
    table, client = shared
    key = client.store('{"a": 1}')
    old = tag(client, key)
    for expression in ("SET a = :v", "SET b = :v"):
        table.update_item(
            Key={"object_id": key}, UpdateExpression=expression, ExpressionAttributeValues={":v": "theirs"}
        )
        assert tag(client, key) != old
        assert_error(client.replace(key, "{}", If_Match=old), 412, echo=key)
        assert_error(client.patch(key, '{"a": 2}', If_Match=old), 412, echo=key)
        old = tag(client, key)
    assert client.fetch(key) == {"a": "theirs", "b": "theirs"}
    client.clean_up()


def test_foreign_item_is_patched_without_loss(shared: Shared) -> None:
    table, client = shared
    row = {"object_id": "foreign", **FOREIGN}
    table.put_item(Item=row)
    response = client.patch("foreign", '{"added": 1, "nothing": null}', If_Match=tag(client, "foreign"))
    assert response.status == 200, response
    item = stored(table, "foreign")
    assert item.pop("picus_version")
    assert item.pop("added") == 1
    assert {**item, "nothing": None} == stored_form(table, row)
    assert client.replace("foreign", '{"b": 1}', If_Match=tag(client, "foreign")).status == 200
    table.delete_item(Key={"object_id": "foreign"})


def stored_form(table: "Table", row: dict[str, Any]) -> dict[str, Any]:
    """Return an item as boto3 reads it."""
    table.put_item(Item={**row, "object_id": "again"})
    item = stored(table, "again")
    table.delete_item(Key={"object_id": "again"})
    return {**item, "object_id": row["object_id"]}


@pytest.mark.parametrize("write", ["replace", "patch"])
def test_wide_item_without_version_is_not_replaced(shared: Shared, write: str) -> None:
    table, client = shared
    table.put_item(Item={"object_id": "wide", **{f"a{number}": number for number in range(141)}})
    before = client.get("wide")
    send: Callable[..., Any] = getattr(client, write)
    error = assert_error(send("wide", '{"a": 1}', If_Match=before.header("ETag")), 412)
    assert "too many attributes" in str(error["error"])
    assert client.get("wide").body == before.body
    assert_error(client.patch("wide", '{"a": 1}'), 409)
    # Once it has a version, its width does not matter any more.
    assert client.replace("wide", before.body).status == 200
    assert send("wide", before.body, If_Match=tag(client, "wide")).status == 200
    assert client.get("wide").body == before.body
    table.delete_item(Key={"object_id": "wide"})


Raced = tuple["Table", Client, list[Callable[[], object]]]
THEIRS = ["SET a = :v", "SET a = :v, picus_version = :v", "REMOVE a SET b = :v"]


@pytest.fixture(scope="module")
def raced(dynamodb_url: str) -> Iterator[Raced]:
    """Run a service behind a proxy that lets another client write just before the next PutItem."""
    table = new_table(dynamodb_url)
    others: list[Callable[[], object]] = []

    def meanwhile(operation: str, count: int) -> None:
        if operation == "PutItem" and others:
            others.pop()()

    with (
        faulty_dynamodb(dynamodb_url, meanwhile) as url,
        gunicorn(DYNAMODB_TABLE_NAME=table.name, DYNAMODB_ENDPOINT_URL=url) as client,
    ):
        yield table, client, others


def theirs(table: "Table", expression: str) -> Callable[[], object]:
    return lambda: table.update_item(
        Key={"object_id": "x"}, UpdateExpression=expression, ExpressionAttributeValues={":v": "theirs"}
    )


@pytest.mark.parametrize("write", ["replace", "patch"])
@pytest.mark.parametrize("versioned", [True, False])
@pytest.mark.parametrize("expression", THEIRS)
def test_foreign_change_before_write_is_not_lost(raced: Raced, write: str, versioned: bool, expression: str) -> None:
    table, client, others = raced
    if versioned:
        client.replace("x", '{"a": 1, "b": 2}')
    else:
        table.put_item(Item={"object_id": "x", "a": 1, "b": 2})
    others.append(theirs(table, expression))
    send: Callable[..., Any] = getattr(client, write)
    assert_error(send("x", '{"c": 3}', If_Match=tag(client, "x")), 412)
    assert others == []
    assert "theirs" in stored(table, "x").values()
    assert "c" not in stored(table, "x")


def test_patch_is_applied_to_newer_foreign_item(raced: Raced) -> None:
    table, client, others = raced
    table.put_item(Item={"object_id": "x", "a": 1, "b": 2})
    others.append(theirs(table, "SET a = :v"))
    assert client.patch("x", '{"c": 3}').status == 200
    item = stored(table, "x")
    item.pop("picus_version")
    assert item == {"object_id": "x", "a": "theirs", "b": 2, "c": 3}


def test_patch_does_not_recreate_deleted_item(raced: Raced) -> None:
    table, client, others = raced
    table.put_item(Item={"object_id": "x", "a": 1})
    others.append(lambda: table.delete_item(Key={"object_id": "x"}))
    assert_not_found(client.patch("x", '{"c": 3}'), "x")


def test_contended_patch_is_409_with_retry_after(raced: Raced) -> None:
    table, client, others = raced
    client.replace("x", '{"n": 1}')

    def always() -> None:
        others.append(always)
        table.update_item(Key={"object_id": "x"}, UpdateExpression="ADD n :v", ExpressionAttributeValues={":v": 1})

    others.append(always)
    response = client.patch("x", '{"c": 3}')
    others.clear()
    assert_error(response, 409)
    assert int(response.header("Retry-After") or "0") >= 1
    assert "c" not in stored(table, "x")


LOST = ["closed after", "500 after", "wrong crc", "closed before"]


@pytest.mark.parametrize("fault", LOST)
def test_write_with_lost_response_succeeds_once(dynamodb_url: str, fault: str) -> None:
    table = new_table(dynamodb_url)
    with (
        FaultyProxy(dynamodb_url, *[fault, "none"] * 4, operations=("PutItem",)) as proxy,
        gunicorn(DYNAMODB_TABLE_NAME=table.name, DYNAMODB_ENDPOINT_URL=proxy.url) as client,
    ):
        created = client.replace("x", '{"n": 1}', If_None_Match="*")
        assert (created.status, created.header("ETag")) == (201, tag(client, "x"))
        replaced = client.replace("x", '{"n": 2}', If_Match=tag(client, "x"))
        assert (replaced.status, replaced.header("ETag")) == (200, tag(client, "x"))
        patched = client.patch("x", '{"m": 3}', If_Match=tag(client, "x"))
        assert (patched.status, patched.header("ETag")) == (200, tag(client, "x"))
        blind = client.replace("x", '{"n": 4}')
        assert (blind.status, blind.header("ETag")) == (200, tag(client, "x"))
        assert not proxy.faults
