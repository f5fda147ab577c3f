"""Access that ends while a body arrives, while its items are written, or while a list is sent."""

import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from picus_api import token_admin
from picus_api.core.access import access
from picus_api.core.dynamodb import table
from picus_api.core.errors import InsufficientScope, InvalidToken
from picus_api.core.query import batch_get, pagination
from tests.unit.access.conftest import Computes, bearer, new
from tests.unit.api.conftest import JSON_TYPE, NDJSON_TYPE, Client, body_of, error_of


def switch_changes_off(token: str) -> None:
    token_admin.set_read_only(True)


def revoke(token: str) -> None:
    token_admin.revoke_token(token.split("_")[1])


def narrow(token: str, scope: str = "read") -> None:
    """Take all scopes but one away, as an operator with access to the table can."""
    key = {"token_id": {"S": token.split("_")[1]}}
    names, values = {"#s": "scopes"}, {":s": {"SS": [scope]}}
    update = {"UpdateExpression": "SET #s = :s", "ExpressionAttributeNames": names, "ExpressionAttributeValues": values}
    table.send("UpdateItem", {"TableName": f"{table.table_name()}_tokens", "Key": key, **update})


def narrow_to_write(token: str) -> None:
    narrow(token, "write")


ENDS = [
    (switch_changes_off, 503, "read_only"),
    (revoke, 401, "invalid_token"),
    (narrow, 403, "insufficient_scope"),
]


class SlowBody(io.BytesIO):
    """A body during which access ends, and the cached reads of it expire."""

    def __init__(self, body: bytes, end_access: Callable[[], None]) -> None:
        super().__init__(body)
        self._end_access = end_access

    def read(self, size: int | None = -1) -> bytes:
        self._end_access()
        access.rules.cache_clear()
        return super().read(size)


def count_items() -> int:
    return int(json.loads(table.call("Scan", Select="COUNT", ConsistentRead=True))["Count"])


@pytest.mark.parametrize(("end", "status", "code"), ENDS)
def test_access_is_checked_after_the_body(
    stocked: Client, closed: Computes, end: Callable[[str], None], status: int, code: str
) -> None:
    for method, path, kind, accept in (
        ("POST", "/picus/put", NDJSON_TYPE, "*/*"),
        ("POST", "/picus/put", JSON_TYPE, "*/*"),
        ("PUT", "/picus/put/k", JSON_TYPE, "*/*"),
        ("PATCH", "/picus/put/k", JSON_TYPE, "application/json;q=0.9"),
    ):
        token = new()
        body: Any = SlowBody(b'{"n": 1}\n', lambda token=token: end(token))  # type: ignore[misc]
        fields = {**bearer(token), "Accept": accept}
        response = stocked.generic(method, path, body.getvalue(), kind, headers=fields, **{"wsgi.input": body})
        error_of(response, status, code)
        token_admin.set_read_only(False)
        access.rules.cache_clear()
    assert count_items() == 0


@pytest.mark.parametrize(("end", "status", "code"), ENDS)
def test_access_is_checked_before_each_batch(
    stocked: Client, closed: Computes, end: Callable[[str], None], status: int, code: str
) -> None:
    token = new()
    response = stocked.send("POST", "/picus/put", "{}\n" * 200, NDJSON_TYPE, **bearer(token))
    assert response.status_code == 200
    end(token)
    access.rules.cache_clear()
    results = [json.loads(line) for line in body_of(response).splitlines()]
    assert [list(result) for result in results[:25]] == [["object_id"]] * 25
    assert [(each["line"], each["status"], each["code"]) for each in results[25:]] == [
        (line, status, code) for line in range(26, 201)
    ]
    assert count_items() == 25


@pytest.mark.parametrize("end", [revoke, narrow_to_write])
@pytest.mark.parametrize("path", ["/picus/list", "/picus/list?key=a&key=b"])
def test_list_breaks_off_when_access_ends(
    stocked: Client, closed: Computes, end: Callable[[str], None], path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pagination, "_FIRST_PAGE_ITEMS", 1)
    monkeypatch.setattr(batch_get, "_FIRST_KEYS", 1)
    token = new()
    for key in ("a", "b"):
        table.call("PutItem", Item={"object_id": {"S": key}})
    pieces = iter(stocked.send("GET", path, **bearer(token)).streaming_content)
    assert next(pieces).startswith(b'[{"object_id":')
    end(token)
    access.rules.cache_clear()
    with pytest.raises((InvalidToken, InsufficientScope)):
        next(pieces)
