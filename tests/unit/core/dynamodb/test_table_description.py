"""The cached description of the table: which indexes can be read, and what happens when DescribeTable fails."""

import json
import logging
import time
from collections.abc import Iterator
from typing import Any

import pytest

from picus_api.core.dynamodb import table, table_description
from picus_api.core.dynamodb.table_description import Index, describe_table, parse_description
from picus_api.core.errors import TableUnavailable


def index(name: str, *keys: str, **others: Any) -> dict[str, Any]:
    schema = [
        {"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE", "RANGE"), strict=False)
    ]
    # The order of a schema means nothing.
    described = {"IndexName": name, "KeySchema": schema[::-1], "Projection": {"ProjectionType": "ALL"}}
    return {**described, "IndexStatus": "ACTIVE", **others}


def description(*indexes: dict[str, Any]) -> dict[str, Any]:
    types = {"object_id": "S", "status": "S", "created": "N"}
    return {
        "Table": {
            "AttributeDefinitions": [{"AttributeName": name, "AttributeType": each} for name, each in types.items()],
            "KeySchema": [{"AttributeName": "object_id", "KeyType": "HASH"}],
            "GlobalSecondaryIndexes": list(indexes),
            "ItemCount": 7,
        }
    }


def test_readable_indexes_are_found() -> None:
    keys_only = {"Projection": {"ProjectionType": "KEYS_ONLY"}}
    include = {"Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["n"]}}
    found = parse_description(
        description(
            index("a", "status"),
            index("b", "status", "created"),
            index("c", "status", "created", **keys_only),
            index("d", "status", **include),
            index("new", "status", IndexStatus="CREATING", Backfilling=True),
            index("old", "status", IndexStatus="DELETING"),
            index("wide", "status", "created", "object_id"),
        )
    )
    assert found.item_count == 7
    assert found.indexes == (
        Index("a", "status", "S"),
        Index("b", "status", "S", "created", "N"),
        Index("c", "status", "S", "created", "N", frozenset({"object_id", "status", "created"})),
        Index("d", "status", "S", projected=frozenset({"object_id", "status", "n"})),
    )


class FakeTable:
    """DescribeTable with a clock, because a real table can't fail on request and a test can't wait for minutes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls, self.now, self.error = 0, 1000.0, None
        monkeypatch.setattr(table, "call", self.call)
        monkeypatch.setattr(time, "monotonic", lambda: self.now)
        monkeypatch.setenv("DYNAMODB_TABLE_NAME", "t")

    error: Exception | None

    def call(self, operation: str) -> bytes:
        assert operation == "DescribeTable"
        self.calls += 1
        if self.error is not None:
            raise self.error
        return json.dumps(description(index("a", "status"))).encode()


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeTable]:
    table_description._cache.forget()
    yield FakeTable(monkeypatch)
    table_description._cache.forget()


def test_description_is_kept_for_a_minute(fake: FakeTable, monkeypatch: pytest.MonkeyPatch) -> None:
    for now, calls in ((1000.0, 1), (1059.0, 1), (1061.0, 2)):
        fake.now = now
        assert [each.name for each in describe_table().indexes] == ["a"]
        assert fake.calls == calls
    table_description.forget_indexes("gone")
    assert (describe_table().indexes, fake.calls) == ((), 2)
    fake.now = 1200.0
    assert describe_table().indexes
    monkeypatch.setenv("DYNAMODB_TABLE_NAME", "other")
    describe_table()
    assert fake.calls == 4


def test_failure_means_no_index_and_one_warning(fake: FakeTable, caplog: pytest.LogCaptureFixture) -> None:
    fake.error = TableUnavailable()
    with caplog.at_level(logging.WARNING):
        for fake.now in (1000.0, 1030.0, 1061.0):
            assert describe_table() == table_description.TableDescription()
    assert (fake.calls, len(caplog.records)) == (2, 1)
    fake.error, fake.now = None, 1200.0
    assert describe_table().indexes
    fake.error = TableUnavailable()
    # The last description is used for some minutes, and no longer.
    for fake.now, known in ((1300.0, True), (1700.0, True), (1801.0, False)):
        assert bool(describe_table().indexes) is known
