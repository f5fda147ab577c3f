"""The table is shared with other programs: what plain boto3 writes, Picus reads, and the other way round."""

import base64
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.client import Client
from tests.contract.exact import Number

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

Shared = tuple["Table", Client]

KEYS = [
    "1",
    "a/b",
    "abc/",
    "/",
    "a b",
    'say "hi"',
    "back\\slash",
    "ключ😀",
    "100%",
    "%2F",
    "a+b",
    "q?x=1",
    "h#f",
    "..",
    ".",
    "get",
    "x" * 2048,
    "line\nbreak",
    "\0",
]


@pytest.mark.parametrize("key", KEYS)
def test_any_key_of_another_program_is_listed_and_got(shared: Shared, key: str) -> None:
    table, client = shared
    table.put_item(Item={"object_id": key, "name": "x", "value": 123})
    assert client.fetch(key) == {"name": "x", "value": Number("123")}
    assert client.get(key, suffix="/").body == client.get(key).body
    assert key in client.listed()
    table.delete_item(Key={"object_id": key})
    assert client.get(key).status == 404


def test_rows_of_the_old_service_come_back_whole(shared: Shared) -> None:
    table, client = shared
    row: dict[str, Any] = {
        "object_id": "old",
        "strings": {"b", "a"},
        "numbers": {1, Decimal("2.50")},
        "binary": b"\x00\xff",
        "binaries": {b"1"},
        "exact": Decimal("12345678901234567890.123456789012345678"),
        "self": "me",
        "nothing": None,
        "empty": {"s": "", "l": [], "m": {}},
        "mixed": [1, "1", True, None, {"self": [Decimal("0.10")]}],
    }
    table.put_item(Item=row)
    got = client.fetch("old")
    assert sorted(map(str, got.pop("strings"))) == ["a", "b"]  # type: ignore[arg-type]
    assert {number.text for number in got.pop("numbers")} == {"1", "2.5"}  # type: ignore[union-attr]
    assert got == {
        "binary": base64.b64encode(b"\x00\xff").decode(),
        "binaries": [base64.b64encode(b"1").decode()],
        "exact": Number("12345678901234567890.123456789012345678"),
        "self": "me",
        "nothing": None,
        "empty": {"s": "", "l": [], "m": {}},
        "mixed": [Number("1"), "1", True, None, {"self": [Number("0.1")]}],
    }
    table.delete_item(Key={"object_id": "old"})


def test_one_attribute_may_have_another_type_in_every_row(shared: Shared) -> None:
    table, client = shared
    rows: dict[str, Any] = {"r1": 1, "r2": "1", "r3": [1], "r4": {"x": 1}, "r5": None, "r6": True}
    for key, value in rows.items():
        table.put_item(Item={"object_id": key, "value": value})
    listed = client.listed()
    expected = {"r1": Number("1"), "r2": "1", "r3": [Number("1")], "r4": {"x": Number("1")}, "r5": None, "r6": True}
    assert {key: listed[key]["value"] for key in rows} == expected
    for key in rows:
        table.delete_item(Key={"object_id": key})


def test_what_picus_writes_plain_boto3_reads(shared: Shared) -> None:
    table, client = shared
    numbers = '"n": 1.10, "big": 12345678901234567890123456789012345678'
    key = client.store(f'{{{numbers}, "s": "ä", "t": true, "z": null, "l": [1, {{"self": ""}}], "m": {{}}}}')
    item = table.get_item(Key={"object_id": key})["Item"]
    assert str(item.pop("picus_version")).startswith("v1:")
    assert item == {
        "object_id": key,
        "n": Decimal("1.1"),
        "big": Decimal("12345678901234567890123456789012345678"),
        "s": "ä",
        "t": True,
        "z": None,
        "l": [1, {"self": ""}],
        "m": {},
    }
    table.delete_item(Key={"object_id": key})


def test_a_table_of_more_than_3_mb_lists_completely_once_each(shared: Shared) -> None:
    table, client = shared
    keys = {f"page-{number}" for number in range(40)}
    with table.batch_writer() as batch:
        for key in keys:
            batch.put_item(Item={"object_id": key, "filler": "x" * 100_000})
    response = client.request("GET", "/picus/list")
    assert len(response.body) > 3_900_000
    listed = [item["object_id"] for item in json.loads(response.body)]
    assert len(listed) == len(set(listed))
    assert keys <= set(listed)
    with table.batch_writer() as batch:
        for key in keys:
            batch.delete_item(Key={"object_id": key})
