"""What the service itself refuses before a view sees it, without an edge in front."""

import json
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from picus_api.core.cursors import encode_cursor
from tests.contract.client import Client
from tests.contract.expect import assert_error
from tests.service.conftest import gunicorn

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

Shared = tuple["Table", Client]
JSON = ("Content-Type: application/json",)


@pytest.fixture
def client(shared: Shared) -> Iterator[Client]:
    """A client whose service must still serve when the test is over."""
    yield shared[1]
    assert shared[1].request("GET", "/picus/get/absent").status == 404


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET /picus/list HTTP/9.9\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nBad Name: x\r\n\r\n", 400),
        (b"POST /picus/put HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}", 400),
        (b"POST /picus/put HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n{}", 400),
        (b"POST /picus/put HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, x\r\n\r\n{}", 501),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 70_000 + b"\r\n\r\n", 431),
        (b"POST / HTTP/1.1\r\nHost: x\r\nExpect: miracles\r\nContent-Length: 1\r\n\r\nx", 417),
    ],
)
def test_what_is_not_proper_http_is_refused_in_the_error_shape(
    client: Client, request_bytes: bytes, status: int
) -> None:
    response = client.exchange([request_bytes])
    assert response.status == status
    error = assert_error(response, status)
    assert str(error["error"]).startswith("The request is not proper HTTP: ")
    assert response.header("Connection") == "close"


def test_a_foreign_host_is_refused_except_by_health(client: Client) -> None:
    assert_error(client.request("GET", "/picus/list", headers={"Host": "evil.example"}), 400)
    assert client.request("GET", "/__lbheartbeat__", headers={"Host": "10.0.0.1"}).status == 200


@pytest.mark.parametrize(
    "chunks",
    [b"zz\r\n{}\r\n", b"2\r\n{}", b"2\r\n{}\r\n0\r\n"],
    ids=["no size", "broken off in a chunk", "broken off before the end"],
)
def test_a_broken_chunked_body_is_400(client: Client, chunks: bytes) -> None:
    head = client.head_of("POST", "/picus/put", *JSON, "Transfer-Encoding: chunked")
    assert_error(client.exchange([head + chunks], half_close=True), 400)


def test_a_chunked_body_over_the_limit_is_413(client: Client) -> None:
    head = client.head_of("POST", "/picus/put", *JSON, "Transfer-Encoding: chunked")
    chunk = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
    assert_error(client.exchange([head, chunk, chunk, chunk]), 413)


def test_a_body_over_the_limit_is_413_before_it_is_read(client: Client) -> None:
    head = client.head_of("POST", "/picus/put", *JSON, "Content-Length: 104857600")
    response = client.exchange([head])
    assert_error(response, 413)
    assert response.seconds < 2


def test_a_body_that_breaks_off_is_400_even_where_it_is_whole_json(client: Client) -> None:
    head = client.head_of("POST", "/picus/put", *JSON, "Content-Length: 100")
    error = assert_error(client.exchange([head + b'{"a": 1}'], half_close=True), 400)
    assert error["error"] == "The body breaks off or is malformed before its end."


def test_a_body_that_stalls_is_408(client: Client) -> None:
    head = client.head_of("POST", "/picus/put", *JSON, "Content-Length: 100")
    response = client.exchange([head + b'{"a"'])
    assert_error(response, 408)
    assert 9 < response.seconds < 13


@pytest.mark.parametrize("path", ["/picus%2Fget%2Fabc", "/picus/get%2Fabc", "/picus/get//"])
def test_a_path_whose_slashes_are_encoded_is_another_path(client: Client, path: str) -> None:
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
    }


def test_a_body_that_drips_is_408_and_its_thread_is_free_again(shared: Shared) -> None:
    table = shared[0]
    endpoint = table.meta.client.meta.endpoint_url
    settings = {"BODY_SECONDS": "2", "WEB_THREADS": "1"}
    with gunicorn(DYNAMODB_TABLE_NAME=table.name, DYNAMODB_ENDPOINT_URL=endpoint, **settings) as client:

        def drip() -> Iterator[bytes]:
            yield client.head_of("POST", "/picus/put", *JSON, "Content-Length: 1000")
            for _ in range(40):
                yield b" "
                time.sleep(0.1)

        response = client.exchange(drip())
        assert_error(response, 408)
        assert response.seconds < 5
        assert client.request("GET", "/__lbheartbeat__").status == 200


@pytest.mark.parametrize("encoding", ["gzip", "br"])
def test_a_coded_body_is_415(client: Client, encoding: str) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": encoding}
    assert_error(client.request("POST", "/picus/put", b"{}", headers), 415)


def test_an_unknown_format_is_406(client: Client) -> None:
    assert_error(client.request("GET", "/picus/list?format=xml"), 406)


def test_head_of_a_list_says_nothing_of_its_length(client: Client) -> None:
    response = client.request("HEAD", "/picus/list")
    assert (response.status, response.body, response.header("Content-Length")) == (200, b"", None)


def test_a_page_behind_a_key_that_cannot_be_is_400(shared: Shared) -> None:
    cursor = encode_cursor("x" * 3000, shared[0].name, "")
    assert_error(shared[1].request("GET", f"/picus/list?limit=1&cursor={cursor}"), 400)


def test_a_cursor_of_another_table_is_400(shared: Shared) -> None:
    for table, status in ((shared[0].name, 200), ("another_table", 400)):
        cursor = encode_cursor("x", table, "")
        assert shared[1].request("GET", f"/picus/list?limit=1&cursor={cursor}").status == status


@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
def test_pages_of_other_origins_are_told_nothing_unless_switched_on(client: Client, method: str) -> None:
    headers = {"Origin": "https://app.example", "Access-Control-Request-Method": "GET"}
    response = client.request(method, "/picus/list", headers=headers)
    assert response.status == 200
    assert not [name for name, _ in response.headers if name.lower().startswith("access-control-")]
    assert "origin" not in (response.header("Vary") or "").lower()
