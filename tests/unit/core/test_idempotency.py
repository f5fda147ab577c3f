"""The errors of cancelled transactions, for reasons that no local server gives."""

import json
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
from picus_api.core.idempotency import Created, create_once
from tests.conftest import use_table
from tests.http_server import Server, answer, replies

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
    return answer(400, json.dumps(body).encode())


def outcome(monkeypatch: pytest.MonkeyPatch, *responses: bytes, fingerprint: str = "print") -> Created:
    with Server(replies(*responses)) as server:
        use_table(monkeypatch, server.url, "items")
        try:
            return create_once("key", ITEM, fingerprint)
        finally:
            table.shared_transport().close()


def test_used_key_returns_its_item_or_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert outcome(monkeypatch, cancelled(*TAKEN)) == Created("old", '"tag"')
    with pytest.raises(IdempotencyKeyReused):
        outcome(monkeypatch, cancelled(*TAKEN), fingerprint="another")


def test_create_once_retries_beside_another_transaction(monkeypatch: pytest.MonkeyPatch) -> None:
    assert outcome(monkeypatch, *[cancelled(*CONFLICT)] * 3, cancelled(*TAKEN)).object_id == "old"
    assert outcome(monkeypatch, *[cancelled(*CONFLICT)] * 3, answer(200, b"{}")).object_id == "new"


def test_create_once_gives_up_beside_endless_conflicts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idempotency, "WAIT_SECONDS", 0.1)
    with pytest.raises(IdempotencyKeyInUse):
        outcome(monkeypatch, cancelled(*CONFLICT))


@pytest.mark.parametrize(
    ("code", "message", "error"),
    [
        ("ThrottlingError", "Throughput exceeds the current capacity of your table", TableThrottled),
        ("ProvisionedThroughputExceeded", "The level of configured throughput was exceeded", TableThrottled),
        ("ValidationError", "Item size has exceeded the maximum allowed size", ItemTooLarge),
        ("ValidationError", "Type mismatch for key", TableUnavailable),
        ("ItemCollectionSizeLimitExceeded", "Collection size exceeded", TableUnavailable),
    ],
)
def test_create_once_translates_other_reasons(
    monkeypatch: pytest.MonkeyPatch, code: str, message: str, error: type[Exception]
) -> None:
    with pytest.raises(error) as raised:
        outcome(monkeypatch, cancelled({"Code": "None"}, {"Code": code, "Message": message}))
    assert type(raised.value) is error
