"""Responses compressed for clients that accept it: the same bytes after decoding, the same header fields for HEAD."""

import gzip
import json

import pytest

from tests.contract.client import Client

GZIP = {"Accept-Encoding": "gzip"}
TEXT = "word " * 400


@pytest.fixture
def path(client: Client) -> str:
    return f"/picus/get/{client.put(json.dumps({'mark': 'compressed', 'text': TEXT})).object['object_id']}"


def test_items_are_compressed_for_clients_that_accept_it(client: Client, path: str) -> None:
    plain = client.request("GET", path)
    packed = client.request("GET", path, headers=GZIP)
    assert plain.header("Content-Encoding") is None
    assert packed.header("Content-Encoding") == "gzip"
    assert len(packed.body) < len(plain.body) / 10
    assert packed.header("Content-Length") == str(len(packed.body))
    assert gzip.decompress(packed.body) == plain.body
    for response in (plain, packed):
        assert "Accept-Encoding" in (response.header("Vary") or "")


@pytest.mark.parametrize(
    ("field", "compressed"),
    [
        ("gzip, deflate, br", True),
        ("GZIP;Q=0.5", True),
        ("x-gzip", True),
        ("*", True),
        ("br, *;q=0.1", True),
        ("identity;q=0.5, gzip;q=0.5", True),
        ("", False),
        ("identity", False),
        ("br", False),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("*;q=0", False),
        ("gzip;q=0, *", False),
        ("gzip;q=0.5, identity", False),
        ("gzip;q=2", False),
        ("gzip" + ", br" * 100, False),
    ],
)
def test_qualities_of_accept_encoding_decide(client: Client, path: str, field: str, compressed: bool) -> None:
    response = client.request("GET", path, headers={"Accept-Encoding": field})
    assert response.header("Content-Encoding") == ("gzip" if compressed else None)


def test_small_bodies_are_not_compressed(client: Client) -> None:
    created = client.put('{"a": 1}', **{"Accept-Encoding": "gzip"})
    item = client.request("GET", created.header("Location") or "", headers=GZIP)
    missing = client.request("GET", "/picus/get/none", headers=GZIP)
    assert [each.header("Content-Encoding") for each in (created, item, missing)] == [None] * 3


def test_large_errors_are_compressed(client: Client) -> None:
    response = client.request("GET", f"/picus/get/{'x' * 1500}", headers=GZIP)
    assert response.status == 404
    assert json.loads(gzip.decompress(response.body))["error"].startswith("Item with key")


@pytest.mark.parametrize(
    "target", ["/picus/list", "/picus/list?format=ndjson", "/picus/list?limit=5&filter=mark=%22compressed%22", "/docs/"]
)
def test_lists_and_pages_are_compressed(client: Client, path: str, target: str) -> None:
    packed = client.request("GET", target, headers={**GZIP, "Accept": "*/*"})
    assert packed.header("Content-Encoding") == "gzip"
    assert gzip.decompress(packed.body)[:1] in b"[{<"


def test_static_files_are_compressed(client: Client) -> None:
    path = "/static/picus_api/page.css"
    plain, packed = client.request("GET", path), client.request("GET", path, headers=GZIP)
    assert gzip.decompress(packed.body) == plain.body
    assert len(packed.body) < len(plain.body) / 2
    part = client.request("GET", path, headers={**GZIP, "Range": "bytes=0-99"})
    assert (part.status, part.header("Content-Encoding")) == (206, None)


@pytest.mark.parametrize("target", ["", "/picus/list", "/docs/", "/static/picus_api/api.js"])
def test_head_has_the_fields_of_a_compressed_get(client: Client, path: str, target: str) -> None:
    responses = [client.request(method, target or path, headers=GZIP) for method in ("GET", "HEAD")]
    fields = [
        sorted((name, value) for name, value in response.headers if not name.startswith(("Date", "X-")))
        for response in responses
    ]
    assert fields[0] == fields[1]
    assert responses[1].body == b""


def test_a_compressed_item_has_a_weak_etag_that_matches(client: Client, path: str) -> None:
    strong = client.request("GET", path).header("ETag") or ""
    weak = client.request("GET", path, headers=GZIP).header("ETag") or ""
    assert weak == f"W/{strong}"
    for tag in (strong, weak):
        same = client.request("GET", path, headers={**GZIP, "If-None-Match": tag})
        assert (same.status, same.header("ETag"), same.body) == (304, weak, b"")
        assert same.header("Content-Length") is None
    unpacked = client.request("GET", path, headers={"If-None-Match": weak})
    assert (unpacked.status, unpacked.header("ETag")) == (304, strong)
    put = path.replace("/get/", "/put/")
    assert client.request("PUT", put, "{}", {"Content-Type": "application/json", "If-Match": weak}).status == 200
