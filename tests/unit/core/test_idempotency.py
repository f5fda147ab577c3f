"""The errors of cancelled transactions, for reasons that no local server gives."""

import calendar
import json
import socket
import time
from email.utils import formatdate
from typing import Any

import pytest

from picus_api.core import idempotency
from picus_api.core.dynamodb import table
from picus_api.core.errors import (
    IdempotencyKeyInUse,
    IdempotencyKeyReused,
    ItemTooLarge,
    TableThrottled,
    TableUnavailable,
)
from picus_api.core.idempotency import Created, write_once
from tests.conftest import use_table
from tests.http_server import Request, Server, dynamodb_response, error, replies

ITEM = {"object_id": {"S": "new"}, "a": {"N": "1"}}
RECORD = {"fingerprint": {"S": "print"}, "object_id": {"S": "old"}, "etag": {"S": '"tag"'}}
TAKEN: list[dict[str, Any]] = [
    {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed", "Item": RECORD},
    {"Code": "None"},
]
CONFLICT: list[dict[str, Any]] = [
    {"Code": "TransactionConflict", "Message": "Transaction is ongoing for the item"},
    {"Code": "None"},
]


def cancelled(*reasons: dict[str, Any]) -> bytes:
    codes = ", ".join(reason["Code"] for reason in reasons)
    body = {
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "Message": f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]",
        "CancellationReasons": reasons,
    }
    return dynamodb_response(400, json.dumps(body).encode())


def outcome(monkeypatch: pytest.MonkeyPatch, *responses: bytes, fingerprint: str = "print") -> Created:
    with Server(replies(*responses)) as server:
        use_table(monkeypatch, server.url, "items")
        try:
            return write_once("key", "", ITEM, fingerprint)
        finally:
            table.shared_transport().close()


def test_used_key_returns_its_item_or_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert outcome(monkeypatch, cancelled(*TAKEN)) == Created("old", '"tag"', is_new=False)
    with pytest.raises(IdempotencyKeyReused):
        outcome(monkeypatch, cancelled(*TAKEN), fingerprint="another")


def test_write_once_retries_beside_another_transaction(monkeypatch: pytest.MonkeyPatch) -> None:
    assert outcome(monkeypatch, *[cancelled(*CONFLICT)] * 3, cancelled(*TAKEN)).object_id == "old"
    assert outcome(monkeypatch, *[cancelled(*CONFLICT)] * 3, dynamodb_response(200, b"{}")).object_id == "new"


def test_write_once_gives_up_beside_endless_conflicts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idempotency, "WAIT_SECONDS", 0.1)
    with pytest.raises(IdempotencyKeyInUse):
        outcome(monkeypatch, cancelled(*CONFLICT))


@pytest.mark.parametrize(
    ("code", "message", "expected"),
    [
        ("ThrottlingError", "Throughput exceeds the current capacity of your table", TableThrottled),
        ("ProvisionedThroughputExceeded", "The level of configured throughput was exceeded", TableThrottled),
        ("ValidationError", "Item size has exceeded the maximum allowed size", ItemTooLarge),
        ("ValidationError", "Type mismatch for key", TableUnavailable),
        ("ItemCollectionSizeLimitExceeded", "Collection size exceeded", TableUnavailable),
    ],
)
def test_write_once_translates_other_reasons(
    monkeypatch: pytest.MonkeyPatch, code: str, message: str, expected: type[Exception]
) -> None:
    with pytest.raises(expected) as raised:
        outcome(monkeypatch, cancelled({"Code": "None"}, {"Code": code, "Message": message}))
    assert type(raised.value) is expected


@pytest.mark.parametrize("off_by", [25 * 3600, -25 * 3600])
def test_records_expire_by_the_clock_of_dynamodb(monkeypatch: pytest.MonkeyPatch, off_by: int) -> None:
    # With this machine's clock a record that is in force could count as expired, and the item be stored twice.
    now = time.time() + off_by

    def script(connection: socket.socket, request: Request) -> bool:
        sent = calendar.timegm(time.strptime(request.headers["x-amz-date"], "%Y%m%dT%H%M%SZ"))
        skewed = error("RequestTimeTooSkewed", "", 400, f"Date: {formatdate(now, usegmt=True)}")
        connection.sendall(dynamodb_response(200, b"{}") if abs(sent - now) < 300 else skewed)
        return True

    with Server(script) as server:
        use_table(monkeypatch, server.url, "items")
        write_once("key", "", ITEM, "print")
        table.shared_transport().close()
        put = json.loads(server.requests[-1].body)["TransactItems"][0]["Put"]
    assert len(server.requests) == 2
    assert abs(int(put["ExpressionAttributeValues"][":now"]["N"]) - now) < 60
    assert abs(int(put["Item"]["expires_at"]["N"]) - now - 24 * 3600) < 60


def test_a_server_that_refuses_every_clock_is_an_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TableUnavailable):
        outcome(monkeypatch, error("RequestTimeTooSkewed", "", 400, "Date: Mon, 30 Nov 2026 10:00:00 GMT"))
