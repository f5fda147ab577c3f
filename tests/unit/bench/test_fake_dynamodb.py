"""The DynamoDB that has only latency."""

import json
import time
from collections.abc import Iterator

import pytest

from bench import items
from bench.dynamodb import Database, fake_dynamodb
from bench.machine import WORK

COUNT = 2000


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    WORK.mkdir(parents=True, exist_ok=True)
    with fake_dynamodb(COUNT, latency_ms=20) as running:
        yield running


def scanned(database: Database, **segment: int) -> list[str]:
    keys: list[str] = []
    start: dict[str, object] | None = {}
    while start is not None:
        page = json.loads(database.client.call("Scan", {**segment, **start}))
        assert page["Count"] == len(page["Items"])
        keys += [item["object_id"]["S"] for item in page["Items"]]
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]} if "LastEvaluatedKey" in page else None
    return keys


def test_scan_returns_every_item_once(database: Database) -> None:
    every = [items.key(number) for number in range(COUNT)]
    assert scanned(database) == every
    segments = [scanned(database, Segment=number, TotalSegments=4) for number in range(4)]
    assert sorted(key for keys in segments for key in keys) == every


def test_get_returns_the_item_of_1_kb_until_it_is_deleted(database: Database) -> None:
    key, started = items.key(7), time.perf_counter()
    found = json.loads(database.client.get("any", key))
    assert time.perf_counter() - started >= 0.02
    assert found == {"Item": items.wire_item(7)}
    assert found["Item"]["tags"] == {"L": [{"S": "red"}, {"S": "green"}, {"S": "blue"}]}
    assert len(json.dumps({"object_id": key, **items.document(7)}, separators=(",", ":"))) == items.SIZE
    database.client.call("DeleteItem", {"TableName": "any", "Key": {"object_id": {"S": key}}})
    assert json.loads(database.client.get("any", key)) == {}
