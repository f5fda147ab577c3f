"""The views' responses: status, header fields and bodies of each operation."""

import json
import re

import pytest
from pytest_django import Settings

from picus_api.core import store
from picus_api.core.dynamodb import table
from picus_api.core.dynamodb.transport import CallResult
from picus_api.core.errors import BadValue
from picus_api.models import Item
from picus_api.table_setup import IndexSpec, create_index
from tests.unit.api.conftest import NDJSON_TYPE, Client, body_of, error_of

ETAG = re.compile(r'"[0-9a-f]{32}"')
HTML = "text/html,application/xhtml+xml,*/*;q=0.8"


def test_post_stores_item(stocked: Client) -> None:
    response = stocked.send("POST", "/picus/put", '{"a": [1, 2.50, null]}')
    key = json.loads(response.content)["object_id"]
    assert response.status_code == 201
    assert response["Location"] == f"/picus/get/{key}"
    assert ETAG.fullmatch(response["ETag"])
    assert Item.fetch(key).document["a"] == {"L": [{"N": "1"}, {"N": "2.5"}, {"NULL": True}]}


@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=UTF-8", "application/x+json"])
def test_post_takes_json_types(stocked: Client, content_type: str) -> None:
    assert stocked.send("POST", "/picus/put", "{}", content_type).status_code == 201


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "", "application/json; charset=latin-1"])
def test_other_media_types_are_refused(stocked: Client, content_type: str) -> None:
    error_of(stocked.send("POST", "/picus/put", "{}", content_type), 415, "unsupported_media_type")


@pytest.mark.parametrize("body", ["", "[]", '"x"', "1", "null", "{", '{"a": 1} x', "\ufeff{}", '{"a":1,"a":2}'])
def test_body_must_be_one_json_object(stocked: Client, body: str) -> None:
    response = stocked.send("POST", "/picus/put", body)
    assert json.loads(response.content)["code"] in ("invalid_json", "invalid_value")
    assert response.status_code == 400


def test_value_at_fault_has_pointer(stocked: Client) -> None:
    error = error_of(stocked.send("POST", "/picus/put", '{"a": {"b/c": [0, 1e400]}}'), 400, "invalid_value")
    assert error["pointer"] == "/a/b~1c/1"


def test_post_with_key_is_refused(stocked: Client) -> None:
    error = error_of(stocked.send("POST", "/picus/put", '{"object_id": "x"}'), 400, "invalid_value")
    assert error["pointer"] == "/object_id"


def test_body_over_limit_is_refused(stocked: Client, settings: Settings) -> None:
    settings.MAX_BODY_BYTES = 10
    assert stocked.send("POST", "/picus/put", '{"a": 1}').status_code == 201
    assert "10 bytes" in error_of(stocked.send("POST", "/picus/put", '{"a": 123}9'), 413, "body_too_large")["error"]


def test_item_over_400_kb_is_refused(stocked: Client) -> None:
    error_of(stocked.send("POST", "/picus/put", f'{{"a": "{"x" * 410_000}"}}'), 413, "item_too_large")


def test_idempotency_key_stores_once(stocked: Client) -> None:
    first, again = (stocked.send("POST", "/picus/put", "{}", Idempotency_Key='"k"') for _ in range(2))
    assert (first.status_code, first.content, first["ETag"]) == (again.status_code, again.content, again["ETag"])
    other = stocked.send("POST", "/picus/put", '{"a": 1}', Idempotency_Key='"k"')
    error_of(other, 422, "idempotency_key_reused")
    error_of(stocked.send("POST", "/picus/put", "{}", Idempotency_Key='"'), 400, "invalid_header")


def test_get_returns_item_with_etag(stocked: Client) -> None:
    key = stocked.store('{"a": 1.0}')
    response = stocked.send("GET", f"/picus/get/{key}")
    assert response.content == f'{{"object_id":"{key}","a":1}}'.encode()
    assert response["ETag"] == Item.fetch(key).etag()
    assert response["Content-Type"] == "application/json"


def test_get_with_seen_etag_is_304(stocked: Client) -> None:
    path = f"/picus/get/{stocked.store()}"
    full = stocked.send("GET", path)
    response = stocked.send("GET", path, If_None_Match="W/" + full["ETag"])
    assert (response.status_code, response.content, response["ETag"]) == (304, b"", full["ETag"])
    assert response["Content-Length"] == str(len(full.content))
    error_of(stocked.send("GET", path, If_Match='"other"'), 412, "precondition_failed")


def test_missing_item_has_body_of_old_service(stocked: Client) -> None:
    response = stocked.send("GET", "/picus/get/missing")
    assert response.status_code == 404
    assert response.content == rb'{"error": "Item with key \"missing\" not found"}'


def test_head_has_fields_of_get(stocked: Client) -> None:
    path = f"/picus/get/{stocked.store()}"
    get, head = stocked.send("GET", path), stocked.send("HEAD", path)
    assert head.content == b""
    assert head["Content-Length"] == str(len(get.content))
    assert head["ETag"] == get["ETag"]


@pytest.mark.parametrize("encoded", ["a%2Fb", "a%2Fb/", "two%20words", "%22", "%C3%A9"])
def test_key_in_path_is_percent_encoded(stocked: Client, encoded: str) -> None:
    key = {"a%2Fb": "a/b", "a%2Fb/": "a/b", "two%20words": "two words", "%22": '"', "%C3%A9": "é"}[encoded]
    store.replace(key, {"n": {"N": "1"}})
    response = stocked.generic("GET", "/x", RAW_URI=f"/picus/get/{encoded}", PATH_INFO=f"/picus/get/{key}")
    assert json.loads(response.content) == {"object_id": key, "n": 1}


def test_key_that_is_not_utf_8_is_refused(stocked: Client) -> None:
    response = stocked.generic("GET", "/x", RAW_URI="/picus/get/%FF", PATH_INFO="/picus/get/x")
    error_of(response, 400, "invalid_key")


def test_put_creates_and_replaces(stocked: Client) -> None:
    created = stocked.send("PUT", "/picus/put/k", '{"a": 1}')
    replaced = stocked.send("PUT", "/picus/put/k", '{"b": 2}')
    assert (created.status_code, created["Location"]) == (201, "/picus/get/k")
    assert (replaced.status_code, json.loads(replaced.content)) == (200, {"object_id": "k"})
    assert created["ETag"] != replaced["ETag"] == Item.fetch("k").etag()
    assert json.loads(stocked.send("GET", "/picus/get/k").content) == {"object_id": "k", "b": 2}


def test_put_honours_preconditions(stocked: Client) -> None:
    error_of(stocked.send("PUT", "/picus/put/k", "{}", If_Match="*"), 412, "precondition_failed")
    tag = stocked.send("PUT", "/picus/put/k", "{}", If_None_Match="*")["ETag"]
    error_of(stocked.send("PUT", "/picus/put/k", "{}", If_None_Match="*"), 412, "precondition_failed")
    assert stocked.send("PUT", "/picus/put/k", "{}", If_Match=tag).status_code == 200
    error_of(stocked.send("PUT", "/picus/put/k", "{}", If_Match=tag), 412, "precondition_failed")
    error_of(stocked.send("PUT", "/picus/put/k", "{}", If_Match="x"), 400, "invalid_header")


@pytest.mark.parametrize("key", ["list", "put", "get%2Fx", "x" * 2049])
def test_put_refuses_reserved_keys(stocked: Client, key: str) -> None:
    error_of(stocked.send("PUT", f"/picus/put/{key}", "{}"), 400, "invalid_key")


def test_patch_returns_patched_item(stocked: Client) -> None:
    stocked.send("PUT", "/picus/put/k", '{"a": 1, "b": {"c": 2, "d": 3}}')
    response = stocked.send("PATCH", "/picus/put/k", '{"a": null, "b": {"c": 4}}', "application/merge-patch+json")
    assert json.loads(response.content) == {"object_id": "k", "b": {"c": 4, "d": 3}}
    assert (response["ETag"], response["Content-Location"]) == (Item.fetch("k").etag(), "/picus/get/k")


def test_patch_of_missing_item_is_404(stocked: Client) -> None:
    response = stocked.send("PATCH", "/picus/put/k", "{}")
    assert (response.status_code, json.loads(response.content)) == (404, {"error": 'Item with key "k" not found'})


def test_json_patch_is_refused_with_accept_patch(stocked: Client) -> None:
    response = stocked.send("PATCH", "/picus/put/k", "[]", "application/json-patch+json")
    error_of(response, 415, "unsupported_media_type")
    assert response["Accept-Patch"] == "application/merge-patch+json, application/json"


def test_lines_are_stored_in_order(stocked: Client) -> None:
    response = stocked.send("POST", "/picus/put", '{"n": 1}\n\n{"n": 2}', NDJSON_TYPE)
    keys = [json.loads(line)["object_id"] for line in body_of(response).splitlines()]
    assert response["Content-Type"] == NDJSON_TYPE
    assert [Item.fetch(key).document["n"] for key in keys] == [{"N": "1"}, {"N": "2"}]


def test_bad_line_stores_nothing(stocked: Client) -> None:
    response = stocked.send("POST", "/picus/put", '{"n": 1}\n{"n": [1e400]}\n', NDJSON_TYPE)
    error = error_of(response, 400, "invalid_value")
    assert (error["line"], error["pointer"]) == (2, "/n/0")
    assert json.loads(body_of(stocked.send("GET", "/picus/list"))) == []


def test_line_that_an_index_refuses_is_named(stocked: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Moto's PutItem refuses null in an index as DynamoDB does, and its BatchWriteItem does not."""
    create_index(IndexSpec((("status", "S"),)))
    send = table.send

    def send_like_dynamodb(operation: str, request: bytes) -> CallResult:
        if operation == "BatchWriteItem" and b'"NULL"' in request:
            raise BadValue("The index status-index of the table takes this value as a text only.", "status")
        return send(operation, request)

    monkeypatch.setattr(table, "send", send_like_dynamodb)
    good, bad = '{"status": "open"}\n', '{"status": null}\n'
    for nothing in (bad, "\n" + bad * 2, bad * 25 + good):
        error = error_of(stocked.send("POST", "/picus/put", nothing, NDJSON_TYPE), 400, "invalid_value")
        assert (error["line"], error["pointer"]) == (2 if nothing[0] == "\n" else 1, "/status")
    assert json.loads(body_of(stocked.send("GET", "/picus/list"))) == []
    response = stocked.send("POST", "/picus/put", good + bad + good * 60 + bad + good, NDJSON_TYPE)
    results = [json.loads(line) for line in body_of(response).splitlines()]
    refused = {number: each for number, each in enumerate(results, 1) if list(each) != ["object_id"]}
    assert (response.status_code, len(results), list(refused)) == (200, 64, [2, 63])
    for number, each in refused.items():
        assert each.pop("error").startswith("The index status-index")
        assert each == {"line": number, "code": "invalid_value", "pointer": "/status", "status": 400}
    assert len(json.loads(body_of(stocked.send("GET", "/picus/list")))) == 62


def test_lines_take_no_idempotency_key(stocked: Client) -> None:
    error_of(stocked.send("POST", "/picus/put", "{}\n", NDJSON_TYPE, Idempotency_Key='"k"'), 400, "bad_request")


@pytest.mark.parametrize(
    ("path", "allow"),
    [
        ("/picus/list", {"GET"}),
        ("/picus/put", {"POST"}),
        ("/picus/get/k", {"GET"}),
        ("/picus/put/k", {"PUT", "PATCH"}),
        ("/", {"GET"}),
    ],
)
def test_other_method_is_405_with_allow(stocked: Client, path: str, allow: set[str]) -> None:
    response = stocked.send("DELETE", path)
    error_of(response, 405, "method_not_allowed")
    assert set(response["Allow"].split(", ")) - {"HEAD", "OPTIONS"} == allow
    assert stocked.send("OPTIONS", path).status_code == 200


@pytest.mark.parametrize("path", ["/nothing", "/picus", "/picus/get/", "/picus/other/k", "/PICUS/list"])
def test_unknown_path_is_404_with_code(stocked: Client, path: str) -> None:
    error_of(stocked.send("GET", path), 404, "path_not_found")


def test_unknown_path_is_page_for_browser(stocked: Client) -> None:
    response = stocked.send("GET", "/nothing", Accept=HTML)
    assert (response.status_code, response["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert "path_not_found" in response.content.decode()


def test_foreign_host_is_400_with_code(stocked: Client) -> None:
    error_of(stocked.send("GET", "/", Host="evil.example"), 400, "bad_request")


@pytest.mark.parametrize("accept", ["image/png", "application/json;q=0", "text/csv, application/xml"])
def test_unacceptable_type_is_406(stocked: Client, accept: str) -> None:
    error_of(stocked.send("GET", "/", Accept=accept), 406, "not_acceptable")


def test_root_lists_endpoints(stocked: Client) -> None:
    response = stocked.send("GET", "/")
    assert json.loads(response.content)["delete"] == "DELETE /picus/{key}"
    assert 'rel="service-desc"' in response["Link"]


def test_bug_is_500_with_code(stocked: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(key: str) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(Item, "fetch", broken)
    assert "secret" not in str(error_of(stocked.send("GET", "/picus/get/k"), 500, "internal_error"))


def test_missing_table_is_503_with_code(stocked: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DYNAMODB_TABLE_NAME", "missing")
    for method, path in (("GET", "/picus/list"), ("GET", "/picus/get/k"), ("POST", "/picus/put")):
        response = stocked.send(method, path, "{}")
        error_of(response, 503, "unavailable")
        assert "Retry-After" not in response
    response = stocked.send("POST", "/picus/put", "{}", Idempotency_Key='"k"')
    error_of(response, 503, "idempotency_unavailable")


def test_item_is_page_for_browser(stocked: Client) -> None:
    key = stocked.store('{"name": "<b>"}')
    response = stocked.send("GET", f"/picus/get/{key}", Accept=HTML)
    assert response["Content-Type"] == "text/html; charset=utf-8"
    assert "&lt;b&gt;" in response.content.decode()
    assert response["X-Frame-Options"] == "DENY"


def test_client_can_ask_for_the_stored_item(stocked: Client) -> None:
    prefer = {"Prefer": "return=representation, consumed-capacity"}
    for method, path, status in (
        ("POST", "/picus/put", 201),
        ("PUT", "/picus/put/k", 201),
        ("PUT", "/picus/put/k", 200),
    ):
        response = stocked.send(method, path, '{"a": 1.50}', **prefer)
        item = Item.fetch(response["Content-Location"].rpartition("/")[2])
        assert (response.status_code, response.content, response["ETag"]) == (status, item.json_text(), item.etag())
        assert response["Preference-Applied"] == "return=representation, consumed-capacity"
    plain = stocked.send("PUT", "/picus/put/k", "{}", Prefer="return=minimal")
    assert (plain.content, "Preference-Applied" in plain) == (b'{"object_id": "k"}', False)


def test_repetition_says_so(stocked: Client) -> None:
    prefer = {"Idempotency_Key": '"k"', "Prefer": "return=representation"}
    first, again = (stocked.send("POST", "/picus/put", "{}", **prefer) for _ in range(2))
    assert "Idempotent-Replayed" not in first
    assert (again["Idempotent-Replayed"], again.content, again["ETag"]) == ("true", first.content, first["ETag"])
    key = json.loads(first.content)["object_id"]
    stocked.send("PUT", f"/picus/put/{key}", '{"other": 1}')
    changed = stocked.send("POST", "/picus/put", "{}", **prefer)
    assert json.loads(changed.content) == {"object_id": key}
    assert (changed["ETag"], "Preference-Applied" in changed) == (first["ETag"], False)


def test_changes_can_require_preconditions(stocked: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUIRE_IF_MATCH", "true")
    assert stocked.send("PUT", "/picus/put/k", "{}", If_None_Match="*").status_code == 201
    tag = stocked.send("GET", "/picus/get/k")["ETag"]
    for method in ("PUT", "PATCH"):
        for headers in ({}, {"If_None_Match": '"x"'}):
            error_of(stocked.send(method, "/picus/put/k", "{}", **headers), 428, "precondition_required")
        changed = stocked.send(method, "/picus/put/k", "{}", If_Match=tag)
        assert changed.status_code == 200
        tag = changed["ETag"]
    assert stocked.send("POST", "/picus/put", "{}").status_code == 201
