"""Tokens at the service: scopes, key prefixes and header fields, through all middleware."""

import json
from typing import Any

import pytest

from picus_api import token_admin
from picus_api.core.access import access
from tests.unit.api.conftest import NDJSON_TYPE, Client, body_of, error_of

REALM = 'Bearer realm="picus"'


@pytest.fixture
def closed(stocked: Client, monkeypatch: pytest.MonkeyPatch) -> Client:
    """Return a client of a service where anonymous clients may do nothing."""
    monkeypatch.setenv("ANONYMOUS_SCOPES", "none")
    access.rules.cache_clear()
    return stocked


def token(*scopes: str, prefix: str = "") -> dict[str, str]:
    """Return the header field of a new token."""
    return {"Authorization": f"Bearer {token_admin.create_token('test', frozenset(scopes), prefix).text}"}


@pytest.mark.parametrize("accept", ["*/*", "application/json;q=0.9", "text/html"])
def test_anonymous_client_needs_token(closed: Client, accept: str) -> None:
    for method, path in (
        ("GET", "/picus/list"),
        ("GET", "/picus/get/k"),
        ("POST", "/picus/put"),
        ("PUT", "/picus/put/k"),
    ):
        response = closed.send(method, path, "{}", Accept=accept)
        assert (response.status_code, response["WWW-Authenticate"]) == (401, REALM), (method, path)
        assert response["Cache-Control"] == "no-cache"
    error_of(closed.send("PATCH", "/picus/put/k", "{}"), 401, "token_required")


def test_paths_without_items_need_no_token(closed: Client) -> None:
    wrong = {"Authorization": "Bearer x"}
    for path in ("/", "/schema/", "/docs/", "/__lbheartbeat__", "/__version__"):
        assert closed.send("GET", path).status_code == 200, path
        assert closed.send("GET", path, **wrong).status_code == 200, path
    assert closed.send("OPTIONS", "/picus/list").status_code == 200
    assert closed.send("DELETE", "/picus/list").status_code == 405
    assert closed.send("GET", "/nowhere").status_code == 404


@pytest.mark.parametrize("accept", ["*/*", "application/json;q=0.9"])
def test_token_does_what_its_scopes_allow(closed: Client, accept: str) -> None:
    writer, reader = token("write"), token("read")
    created = closed.send("POST", "/picus/put", '{"a": 1}', Accept=accept, **writer)
    assert (created.status_code, created["Cache-Control"]) == (201, "no-store")
    path = created["Location"]
    got = closed.send("GET", path, Accept=accept, **reader)
    assert (got.status_code, got["Cache-Control"]) == (200, "no-store")
    for response, scope in (
        (closed.send("GET", path, Accept=accept, **writer), "read"),
        (closed.send("POST", "/picus/put", "{}", Accept=accept, **reader), "write"),
    ):
        error_of(response, 403, "insufficient_scope")
        assert response["WWW-Authenticate"] == f'{REALM}, error="insufficient_scope", scope="{scope}"'
        assert response["Cache-Control"] == "no-store"


def test_wrong_token_is_refused_where_anonymous_may_read(stocked: Client) -> None:
    response = stocked.send("GET", "/picus/list", Authorization="Bearer picus_x")
    error_of(response, 401, "invalid_token")
    assert response["WWW-Authenticate"] == f'{REALM}, error="invalid_token"'
    assert response["Cache-Control"] == "no-store"


def test_prefix_holds_for_each_operation(closed: Client) -> None:
    everything, team = token("read", "write"), token("read", "write", prefix="a/")
    closed.send("PUT", "/picus/put/b%2F1", '{"of": "b"}', **everything)
    assert closed.send("PUT", "/picus/put/a%2F1", '{"of": "a"}', **team).status_code == 201
    for method, path in (("GET", "/picus/get/b%2F1"), ("PUT", "/picus/put/b%2F1"), ("PATCH", "/picus/put/b%2F9")):
        error = error_of(closed.send(method, path, "{}", **team), 403, "insufficient_scope")
        assert error["error"] == 'The token is for keys that begin with "a/" only.'
    created = json.loads(closed.send("POST", "/picus/put", "{}", **team).content)["object_id"]
    lines = body_of(closed.send("POST", "/picus/put", "{}\n{}\n", NDJSON_TYPE, **team)).splitlines()
    keys = {created, "a/1", *(json.loads(line)["object_id"] for line in lines)}
    assert {key[:2] for key in keys} == {"a/"}
    assert keys_of(closed.send("GET", "/picus/list", **team)) == keys
    assert keys_of(closed.send("GET", '/picus/list?filter=of = "a" OR of = "b"', **team)) == {"a/1"}
    assert keys_of(closed.send("GET", "/picus/list", **everything)) == keys | {"b/1"}


def keys_of(response: Any) -> set[str]:
    return {item["object_id"] for item in json.loads(body_of(response))}


def test_idempotency_key_belongs_to_one_token(closed: Client) -> None:
    one, two = token("write"), token("write", prefix="a/")
    fields = {"Idempotency_Key": '"k"'}
    first, again, other = (closed.send("POST", "/picus/put", "{}", **fields, **who).content for who in (one, one, two))
    assert first == again
    assert json.loads(other)["object_id"].startswith("a/")
    third = closed.send("POST", "/picus/put", '{"another": "document"}', **fields, **token("write"))
    assert third.status_code == 201
