"""Errors of the service's own code that need no edge: paths, formats, cursors, log lines."""

import json
from collections.abc import Iterator

import pytest

from picus_api.core.query.cursor import encode_cursor
from tests.contract.client import Client
from tests.contract.expect import assert_error
from tests.service.conftest import Shared, gunicorn


@pytest.fixture
def client(shared: Shared) -> Iterator[Client]:
    """A client whose service must still serve after the test."""
    yield shared[1]
    assert shared[1].request("GET", "/picus/get/absent").status == 404


@pytest.mark.parametrize("path", ["/picus%2Fget%2Fabc", "/picus/get%2Fabc", "/picus/get//"])
def test_an_encoded_slash_is_not_a_separator(client: Client, path: str) -> None:
    assert_error(client.request("GET", path), 404)


def test_a_key_that_is_not_utf8_is_400(client: Client) -> None:
    assert_error(client.request("GET", "/picus/get/%FF"), 400)


def test_each_request_has_one_json_log_line(shared: Shared, capfd: pytest.CaptureFixture[str]) -> None:
    table = shared[0]
    endpoint = table.meta.client.meta.endpoint_url
    with gunicorn(DYNAMODB_TABLE_NAME=table.name, DYNAMODB_ENDPOINT_URL=endpoint) as client:
        headers = {"X-Amz-Cf-Id": "edge-id==", "X-Request-Id": "client-id"}
        response = client.request("GET", "/picus/get/a%2Fb?x=1", headers=headers)
        assert response.header("X-Request-Id") == "edge-id=="
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines() if "edge-id" in line]
    assert len(lines) == 1
    line = lines[0]
    assert 0 < line.pop("duration_ms") < 5000
    assert line.pop("time")
    assert line == {
        "level": "INFO",
        "logger": "picus.request",
        "message": "request",
        "request_id": "edge-id==",
        "method": "GET",
        "path": "/picus/get/a%2Fb",
        "status": 404,
        "key": "a/b",
        "compute": "service",
        "client": "127.0.0.1",
        "agent": "",
        "token": "anonymous",
    }


@pytest.mark.parametrize("encoding", ["gzip", "br"])
def test_a_compressed_body_is_415(client: Client, encoding: str) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": encoding}
    assert_error(client.request("POST", "/picus/put", b"{}", headers), 415)


def test_an_unknown_format_is_406(client: Client) -> None:
    assert_error(client.request("GET", "/picus/list?format=xml"), 406)


def test_head_of_a_list_has_no_content_length(client: Client) -> None:
    response = client.request("HEAD", "/picus/list")
    assert (response.status, response.body, response.header("Content-Length")) == (200, b"", None)


def test_a_cursor_with_an_impossible_key_is_400(shared: Shared) -> None:
    cursor = encode_cursor("x" * 3000, shared[0].name, "")
    assert_error(shared[1].request("GET", f"/picus/list?limit=1&cursor={cursor}"), 400)


def test_a_cursor_of_another_table_is_400(shared: Shared) -> None:
    for table, status in ((shared[0].name, 200), ("another_table", 400)):
        cursor = encode_cursor("x", table, "")
        assert shared[1].request("GET", f"/picus/list?limit=1&cursor={cursor}").status == status


@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
def test_cors_fields_are_absent_unless_configured(client: Client, method: str) -> None:
    headers = {"Origin": "https://app.example", "Access-Control-Request-Method": "GET"}
    response = client.request(method, "/picus/list", headers=headers)
    assert response.status == 200
    assert not [name for name, _ in response.headers if name.lower().startswith("access-control-")]
    assert "origin" not in (response.header("Vary") or "").lower()
