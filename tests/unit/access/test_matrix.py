"""Every endpoint with every kind of token, on both computes: whole responses, decided before items are read."""

import json
import re
from collections.abc import Callable
from typing import NamedTuple

import pytest
from pytest_django import Settings

from picus_api import token_admin
from picus_api.core.access import access
from picus_api.core.access.tokens import new_token
from tests.unit.access.conftest import ALL, Computes, Reply, bearer, new
from tests.unit.api.conftest import JSON_TYPE, NDJSON_TYPE

UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
REALM = 'Bearer realm="picus"'
STORED, ABSENT = "a%2Fk", "a%2Fabsent"


class Endpoint(NamedTuple):
    """A request, and the response where it is allowed: the status, and a pattern of the body."""

    scope: str
    method: str
    path: str
    status: int
    response: str
    body: str = ""
    content_type: str = JSON_TYPE
    has_key: bool = True


ITEM = r'\{"object_id":"a/k","n":1\}'
ENDPOINTS = (
    Endpoint("read", "GET", "/picus/list", 200, rf"\[{ITEM}\]", has_key=False),
    Endpoint("read", "GET", "/picus/get/{}", 200, ITEM),
    Endpoint("write", "POST", "/picus/put", 201, rf'\{{"object_id": "(a/)?{UUID}"\}}', "{}", has_key=False),
    Endpoint("write", "POST", "/picus/put", 200, rf'\{{"object_id": "(a/)?{UUID}"\}}\n', "{}", NDJSON_TYPE, False),
    Endpoint("write", "PUT", "/picus/put/{}", 200, r'\{"object_id": "a/k"\}', '{"n": 1}'),
    Endpoint("write", "PATCH", "/picus/put/{}", 200, rf'{ITEM}|\{{"object_id": "a/k"\}}', '{"n": 1}'),
    Endpoint("delete", "DELETE", "/picus/{}", 200, r'\{"message": "Item with key \\"a/k\\" deleted successfully"\}'),
)


def _revoked() -> str:
    text = new()
    assert token_admin.revoke_token(text.split("_")[1])
    return text


def _bad_checksum() -> str:
    text = new()
    return text[:-1] + ("a" if text[-1] != "a" else "b")


INVALID: dict[str, Callable[[], str]] = {
    "empty": lambda: "",
    "malformed": lambda: "picus_x",
    "bad checksum": _bad_checksum,
    "unknown": lambda: new_token()[0],
    "expired": lambda: new(lifetime=-1),
    "revoked": _revoked,
}
NO_TOKEN = {
    "error": "This needs a token: send it as Authorization: Bearer picus_..., or sign in with a browser at /sign-in.",
    "code": "token_required",
}
INVALID_TOKEN = {
    "error": "The token is not valid: it is malformed, unknown, expired or revoked.",
    "code": "invalid_token",
}


def send(computes: Computes, endpoint: Endpoint, key: str = STORED, **fields: str) -> Reply:
    path = endpoint.path.format(key)
    return computes.send(endpoint.method, path, endpoint.body, endpoint.content_type, **fields)


def refused(reply: Reply, status: int, challenge: str, body: dict[str, str], caching: str = "no-store") -> None:
    """Check the whole refusal, but for fields that all responses of the path have."""
    sent = reply.headers
    assert (reply.status, sent["WWW-Authenticate"], sent["Cache-Control"]) == (status, challenge, caching)
    assert (sent["Content-Type"], reply.body) == (JSON_TYPE, json.dumps(body).encode())
    assert {"ETag", "Location", "Link", "Set-Cookie"}.isdisjoint(sent)


def store(computes: Computes, token: str) -> None:
    assert computes.send("PUT", f"/picus/put/{STORED}", '{"n": 1}', **bearer(token)).status in (200, 201)


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda each: f"{each.method}{each.path}")
def test_each_endpoint_with_each_token(closed: Computes, endpoint: Endpoint, calls: list[tuple[str, str]]) -> None:
    right, other = new(frozenset({endpoint.scope})), new(ALL - {endpoint.scope})
    store(closed, new())
    invalid = {name: make() for name, make in INVALID.items()}
    calls.clear()

    for key in (STORED, ABSENT):
        refused(send(closed, endpoint, key), 401, REALM, NO_TOKEN, "no-cache")
        for text in invalid.values():
            reply = send(closed, endpoint, key, **bearer(text))
            refused(reply, 401, f'{REALM}, error="invalid_token"', INVALID_TOKEN)
        insufficient = f'{REALM}, error="insufficient_scope", scope="{endpoint.scope}"'
        sentence = f'The token does not have the scope "{endpoint.scope}".'
        body = {"error": sentence, "code": "insufficient_scope"}
        refused(send(closed, endpoint, key, **bearer(other)), 403, insufficient, body)
        if endpoint.has_key:
            outside = {"error": 'The token is for keys that begin with "b/" only.', "code": "insufficient_scope"}
            refused(send(closed, endpoint, key, **bearer(new(prefix="b/"))), 403, insufficient, outside)
    assert {table for _, table in calls} == {"_tokens"}

    for text in (right, new(frozenset({endpoint.scope}), prefix="a/")):
        store(closed, new())
        allowed(endpoint, send(closed, endpoint, **bearer(text)))
        # All items but the one that the matrix is about go, so that the list is known.
        _keep_one(closed)


def allowed(endpoint: Endpoint, reply: Reply) -> None:
    assert (reply.status, reply.headers["Cache-Control"]) == (endpoint.status, "no-store"), reply
    assert re.fullmatch(endpoint.response, reply.body.decode()), reply
    assert "WWW-Authenticate" not in reply.headers


def _keep_one(computes: Computes) -> None:
    token = bearer(new())
    for item in computes.send("GET", "/picus/list", **token).json:
        if item["object_id"] != "a/k":
            assert computes.send("DELETE", f"/picus/{item['object_id'].replace('/', '%2F')}", **token).status == 200


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda each: f"{each.method}{each.path}")
def test_each_endpoint_with_cookie_and_without_token(computes: Computes, endpoint: Endpoint) -> None:
    token = new()
    cookie = {"Cookie": f"theme=dark; picus_token={token}"}
    cross_site = {
        "error": "A signed-in browser can change items from pages of this site only (Sec-Fetch-Site: same-origin).",
        "code": "cross_site_write",
    }
    store(computes, token)
    for site in ({}, {"Sec_Fetch_Site": "cross-site"}, {"Sec_Fetch_Site": "same-site"}, {"Sec_Fetch_Site": "none"}):
        reply = send(computes, endpoint, **cookie, **site)
        if endpoint.scope == "read":
            allowed(endpoint, reply)
        else:
            assert (reply.status, reply.json, reply.headers["Cache-Control"]) == (403, cross_site, "no-store")
    allowed(endpoint, send(computes, endpoint, **cookie, Sec_Fetch_Site="same-origin"))
    # Anonymous clients may do all here, and still a wrong token is refused.
    reply = send(computes, endpoint, Cookie="picus_token=x")
    refused(reply, 401, f'{REALM}, error="invalid_token"', INVALID_TOKEN)
    store(computes, token)
    _keep_one(computes)
    reply = send(computes, endpoint)
    assert (reply.status, reply.headers["Cache-Control"]) == (endpoint.status, "no-cache")
    assert re.fullmatch(endpoint.response, reply.body.decode())


def test_patch_does_not_show_item_without_scope_to_read(closed: Computes) -> None:
    for scopes, body in ((ALL, {"object_id": "a/k", "n": 1}), (frozenset({"write"}), {"object_id": "a/k"})):
        store(closed, new())
        reply = closed.send("PATCH", f"/picus/put/{STORED}", "{}", **bearer(new(scopes)))
        assert (reply.status, reply.json) == (200, body)
        assert ("Content-Location" in reply.headers) is (scopes == ALL)


def test_read_only_holds_on_both_computes(computes: Computes, calls: list[tuple[str, str]]) -> None:
    token = new()
    store(computes, token)
    token_admin.set_read_only(True)
    access.rules.cache_clear()
    calls.clear()
    for fields in ({}, bearer(token)):
        for endpoint in ENDPOINTS:
            if endpoint.scope == "read":
                continue
            reply = send(computes, endpoint, **fields)
            assert (reply.status, reply.headers["Retry-After"]) == (503, "30")
            assert reply.body == (
                b'{"error": "The item store is read-only at the moment: reading works, and changes are refused. '
                b'Try again later.", "code": "read_only"}'
            )
    assert {table for _, table in calls} == {"_tokens"}
    assert computes.send("GET", f"/picus/get/{STORED}").status == 200


def test_paths_and_methods_that_do_not_exist_need_no_token(closed: Computes) -> None:
    found = [
        closed.send(method, path).status
        for method, path in (
            ("OPTIONS", "/picus/list"),
            ("PUT", "/picus/list"),
            ("GET", "/picus/put"),
            ("GET", "/nowhere"),
            ("DELETE", "/nowhere"),
            ("DELETE", "/picus/"),
        )
    ]
    assert found == [200, 405, 405, 404, 404, 404]


def test_preflight_needs_no_token_and_allows_no_credentials(
    closed: Computes, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    monkeypatch.setattr("delete_fn.handler.CORS_ORIGINS", ("*",))
    first, *others = settings.MIDDLEWARE
    settings.MIDDLEWARE = [first, "corsheaders.middleware.CorsMiddleware", *others]
    settings.CORS_ALLOW_ALL_ORIGINS = True
    origin = {"Origin": "https://app.example"}
    preflight = {**origin, "Access_Control_Request_Method": "DELETE"}
    for compute, path in (("service", "/picus/put/k"), ("function", "/picus/k")):
        reply = closed.send("OPTIONS", path, compute=compute, **preflight)
        names = {name.lower(): value for name, value in reply.headers.items()}
        assert (reply.status, names["access-control-allow-origin"]) == (200, "*")
        assert "authorization" in names["access-control-allow-headers"]
        assert "access-control-allow-credentials" not in names
    for method, path in (("PUT", "/picus/put/k"), ("DELETE", "/picus/k")):
        reply = closed.send(method, path, "{}", **origin)
        sent = {name.lower() for name in reply.headers}
        assert (reply.status, "access-control-allow-credentials" in sent) == (401, False)
