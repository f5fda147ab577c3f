"""Conditional deletes beside transactions of others, which no local server has."""

import json

import pytest

from picus_api.core import store
from picus_api.core.dynamodb import table
from picus_api.core.errors import WriteConflict
from picus_api.core.etag import etag
from picus_api.core.preconditions import parse_preconditions
from tests.conftest import use_table
from tests.http_server import Server, dynamodb_response, replies
from tests.unit.core.test_idempotency import CONFLICT, cancelled

ITEM = {"object_id": {"S": "k"}, "a": {"N": "1"}}
FOUND = dynamodb_response(
    400, json.dumps({"__type": "x#ConditionalCheckFailedException", "message": "", "Item": ITEM}).encode()
)


def delete(monkeypatch: pytest.MonkeyPatch, *responses: bytes) -> int:
    """Delete the item that was seen, and return the number of requests."""
    with Server(replies(FOUND, *responses)) as server:
        use_table(monkeypatch, server.url, "items")
        try:
            store.delete("k", parse_preconditions(etag(ITEM), None))
        finally:
            table.shared_transport().close()
        return len(server.requests)


def test_delete_retries_beside_another_transaction(monkeypatch: pytest.MonkeyPatch) -> None:
    assert delete(monkeypatch, *[cancelled(*CONFLICT)] * 3, dynamodb_response(200, b"{}")) == 5


def test_delete_gives_up_beside_endless_conflicts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "CONFLICT_SECONDS", 0.1)
    with pytest.raises(WriteConflict):
        delete(monkeypatch, cancelled(*CONFLICT))
