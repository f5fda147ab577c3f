"""Imports and exports beside throttling and outages of DynamoDB, and within limits of capacity."""

import json
import socket
import time
from collections import Counter

import pytest

from tests.faulty import FaultyProxy, faulty_dynamodb
from tests.http_server import Request, dynamodb_response
from tests.service.commands.conftest import CountingProxy, Terminal, ndjson

ITEMS = [{"object_id": f"k{number}", "n": number, "text": "x" * 900} for number in range(300)]
THROTTLED = (400, "ProvisionedThroughputExceededException")


class Partial(FaultyProxy):
    """Write a part of each batch and leave the rest unprocessed; write nothing of every fourth batch."""

    def _forward(self, connection: socket.socket, request: Request) -> bool:
        if request.operation != "BatchWriteItem":
            return super()._forward(connection, request)
        [(table, puts)] = json.loads(request.body)["RequestItems"].items()
        taken = 0 if request.number % 4 == 0 else max(1, len(puts) * 2 // 3)
        if taken:
            body = json.dumps({"RequestItems": {table: puts[:taken]}}).encode()
            self._ask(request._replace(body=body, headers=request.headers | {"content-length": str(len(body))}))
        left = {"UnprocessedItems": {table: puts[taken:]} if puts[taken:] else {}}
        connection.sendall(dynamodb_response(200, json.dumps(left).encode()))
        return True


def test_unprocessed_items_are_written_later(terminal: Terminal) -> None:
    with Partial(terminal.url) as proxy:
        result = terminal("import_items", "-", "--threads", "3", given=ndjson(ITEMS), url=proxy.url)
    assert result.code == 0
    assert sorted(int(row["n"]) for row in terminal.rows()) == list(range(300))


@pytest.mark.parametrize("conflict", ["replace", "skip"])
def test_throttled_requests_are_repeated(terminal: Terminal, conflict: str) -> None:
    """DynamoDB throttles more often than the transport repeats a call."""
    with faulty_dynamodb(terminal.url, lambda operation, count: THROTTLED if count <= 20 else None) as url:
        result = terminal("import_items", "-", "--on-conflict", conflict, given=ndjson(ITEMS[:50]), url=url)
        assert result.code == 0
        exported = terminal("export_items", "--segments", "2", url=url)
        assert exported.code == 0
    assert len(exported.out.splitlines()) == len(terminal.rows()) == 50


def test_import_resumes_after_an_outage(terminal: Terminal) -> None:
    terminal.file("items.ndjson", ndjson(ITEMS))
    command = ["import_items", "items.ndjson", "--threads", "2", "--checkpoint", "c"]
    with FaultyProxy(terminal.url, *["none"] * 4, *["500 before"] * 100) as proxy:
        failed = terminal(*command, url=proxy.url)
        assert failed.code == 1
        assert "can't be reached" in failed.err
        assert "100 items are imported; run the same command again to continue." in failed.err
        proxy.faults.clear()
        assert terminal(*command, url=proxy.url).code == 0
    assert sorted(int(row["n"]) for row in terminal.rows()) == list(range(300))


def test_export_fails_in_an_outage(terminal: Terminal) -> None:
    terminal("import_items", "-", given=ndjson(ITEMS))
    with faulty_dynamodb(terminal.url, lambda operation, count: (500, "x") if count > 1 else None) as url:
        failed = terminal("export_items", "x.ndjson", "--segments", "2", url=url)
    assert failed.code == 1
    assert "can't be reached" in failed.err
    assert not (terminal.folder / "x.ndjson").exists()


def test_limit_of_write_units_holds(terminal: Terminal) -> None:
    """Each item of a bit over 1 KB costs two units."""
    items = [{"n": number, "text": "x" * 1500} for number in range(300)]
    with FaultyProxy(terminal.url) as proxy:
        started = time.monotonic()
        assert terminal("import_items", "-", "--max-wcu", "150", given=ndjson(items), url=proxy.url).code == 0
        assert time.monotonic() - started > 3.5
    assert all(b'"ReturnConsumedCapacity":"TOTAL"' in request.body for request in proxy.requests)


def test_limit_of_read_units_makes_pages_small(terminal: Terminal) -> None:
    terminal("import_items", "-", given=ndjson(ITEMS))
    with CountingProxy(terminal.url) as proxy:
        started = time.monotonic()
        result = terminal("export_items", "--max-rcu", "60", "--segments", "2", url=proxy.url)
        assert time.monotonic() - started > 4
    assert result.code == 0
    assert len(result.out.splitlines()) == 300
    scans = [json.loads(request.body) for request in proxy.requests if request.operation == "Scan"]
    assert Counter(scan["Segment"] for scan in scans).keys() == {0, 1}
    assert all(1 <= scan["Limit"] <= 40 and scan["TotalSegments"] == 2 for scan in scans)
