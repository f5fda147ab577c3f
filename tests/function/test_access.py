"""The packaged function checks tokens as the service does."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from picus_api import token_admin
from picus_api.core.dynamodb.table import shared_transport
from picus_api.table_setup import create_missing, table_specs
from picus_project.local.events import rest_proxy_event
from tests.conftest import use_table
from tests.function.function import REQUEST_ID, Function, running_function

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

NOT_FOUND = '{"error": "Item with key \\"k\\" not found"}'


@pytest.fixture
def closed(unpacked: Path, table: "Table", dynamodb_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Function]:
    """Run a function where anonymous clients may do nothing, and point this process at its tables."""
    use_table(monkeypatch, dynamodb_url, table.name)
    create_missing(table_specs()[2])
    settings = {"DYNAMODB_TABLE_NAME": table.name, "DYNAMODB_ENDPOINT_URL": dynamodb_url, "ANONYMOUS_SCOPES": "none"}
    with running_function(unpacked, **settings, SECURE_COOKIES="off") as running:
        yield running
    shared_transport().close()


def test_delete_needs_token_with_scope_and_prefix(closed: Function) -> None:
    def token(*scopes: str, prefix: str = "") -> str:
        return token_admin.create_token("test", frozenset(scopes), prefix).text

    def respond(*fields: tuple[str, str]) -> tuple[int, str, str | None]:
        headers = [("X-Amz-Cf-Id", REQUEST_ID), *fields]
        response = closed(rest_proxy_event(method="DELETE", path="/picus/k", headers=headers))
        sent = response["headers"]
        assert sent["Cache-Control"] == ("no-store" if fields else "no-cache")
        return response["statusCode"], response["body"], sent.get("WWW-Authenticate")

    realm = 'Bearer realm="picus"'
    status, body, challenge = respond()
    assert (status, challenge) == (401, realm)
    assert '"code": "token_required"' in body
    assert respond(("Authorization", "Bearer x"))[0::2] == (401, f'{realm}, error="invalid_token"')
    insufficient = f'{realm}, error="insufficient_scope", scope="delete"'
    assert respond(("Authorization", f"Bearer {token('read', 'write')}"))[0::2] == (403, insufficient)
    assert respond(("Authorization", f"Bearer {token('delete', prefix='a/')}"))[0::2] == (403, insufficient)
    deleter = token("delete")
    assert respond(("Authorization", f"Bearer {deleter}")) == (404, NOT_FOUND, None)
    cookie = ("Cookie", f"x=y; picus_token={deleter}")
    assert respond(cookie)[0] == 403
    assert respond(cookie, ("Sec-Fetch-Site", "same-origin")) == (404, NOT_FOUND, None)
    assert closed.send("OPTIONS", "/picus/k")["statusCode"] == 200
    assert closed.send("GET", "/picus/k")["statusCode"] == 405


def test_read_only_stops_deletes(closed: Function) -> None:
    token_admin.set_read_only(True)
    fields = [("Authorization", f"Bearer {token_admin.create_token('test', frozenset({'delete'})).text}")]
    response = closed(rest_proxy_event(method="DELETE", path="/picus/k", headers=fields))
    token_admin.set_read_only(False)
    assert (response["statusCode"], response["headers"]["Retry-After"]) == (503, "30")
    assert '"code": "read_only"' in response["body"]
