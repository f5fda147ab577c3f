"""The DynamoDB that has only latency."""

import json
from collections.abc import Iterator

import pytest

from bench import items
from bench.dynamodb import Database, fake_dynamodb
from bench.machine import WORK

COUNT = 2000


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    WORK.mkdir(parents=True, exist_ok=True)
    with fake_dynamodb(COUNT) as running:
        yield running


def scanned(database: Database, **segment: int) -> list[str]:
    keys: list[str] = []
    request: dict[str, object] = {"TableName": "any", **segment}
    while True:
        page = json.loads(database.client.call("Scan", request))
        assert page["Count"] == len(page["Items"])
        keys += [item["object_id"]["S"] for item in page["Items"]]
        if "LastEvaluatedKey" not in page:
            return keys
        request["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def test_scan_returns_every_item_once(database: Database) -> None:
    every = [items.key(number) for number in range(COUNT)]
    assert scanned(database) == every
    segments = [scanned(database, Segment=number, TotalSegments=4) for number in range(4)]
    assert sorted(key for keys in segments for key in keys) == every


def test_get_returns_the_benchmarks_item(database: Database) -> None:
    found = json.loads(database.client.get("any", items.key(7)))
    assert found == {"Item": items.wire_item(7)}
    assert json.loads(database.client.get("any", "none")) == {}


def test_latency_delays_responses(database: Database) -> None:
    assert database.set_latency(50) >= 50
    assert database.set_latency(0) < 50


def test_last_limit_of_a_scan_is_reported(database: Database) -> None:
    database.client.scan("any", Limit=250)
    assert json.loads(database.client.call("SetLatency", {"Milliseconds": 0})) == {"LastLimit": 250}


def test_items_are_1_kb() -> None:
    document = {"object_id": items.key(3), **items.document(3)}
    assert len(json.dumps(document, separators=(",", ":"))) == items.SIZE
