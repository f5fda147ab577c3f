"""Errors of the server itself, and of bodies that do not arrive, without an edge in front."""

import time
from collections.abc import Iterator

import pytest

from tests.contract.client import Client
from tests.contract.expect import assert_error
from tests.service.conftest import Shared, gunicorn

JSON = ("Content-Type: application/json",)


@pytest.fixture
def client(shared: Shared) -> Iterator[Client]:
    """A client whose service must still serve after the test."""
    yield shared[1]
    assert shared[1].request("GET", "/picus/get/absent").status == 404


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET /picus/list HTTP/9.9\r\n\r\n", 505),
        (b"GET / HTTP/1.1\r\nHost: x\r\nBad Name: x\r\n\r\n", 400),
        (b"POST /picus/put HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}", 400),
        (b"POST /picus/put HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n{}", 400),
        (b"POST /picus/put HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, x\r\n\r\n{}", 501),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 70_000 + b"\r\n\r\n", 431),
        (b"POST / HTTP/1.1\r\nHost: x\r\nExpect: miracles\r\nContent-Length: 1\r\n\r\nx", 417),
    ],
)
def test_invalid_http_is_refused_in_the_error_format(client: Client, request_bytes: bytes, status: int) -> None:
    response = client.exchange([request_bytes])
    assert response.status == status
    error = assert_error(response, status)
    assert str(error["error"]).startswith("The request is not valid HTTP/1.1: ")
    assert response.header("Connection") == "close"


def test_a_foreign_host_is_400_except_for_health(client: Client) -> None:
    assert_error(client.request("GET", "/picus/list", headers={"Host": "evil.example"}), 400)
    assert client.request("GET", "/__lbheartbeat__", headers={"Host": "10.0.0.1"}).status == 200


@pytest.mark.parametrize(
    "chunks",
    [b"zz\r\n{}\r\n", b"2\r\n{}", b"2\r\n{}\r\n0\r\n"],
    ids=["no size", "cut off in a chunk", "cut off before the last chunk"],
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
    assert response.seconds < 8


def test_an_incomplete_body_is_400_even_if_it_is_whole_json(client: Client) -> None:
    head = client.head_of("POST", "/picus/put", *JSON, "Content-Length: 100")
    error = assert_error(client.exchange([head + b'{"a": 1}'], half_close=True), 400)
    assert error["error"] == "The body breaks off or is malformed before its end."


def test_a_body_that_stalls_is_408(client: Client) -> None:
    head = client.head_of("POST", "/picus/put", *JSON, "Content-Length: 100")
    response = client.exchange([head + b'{"a"'])
    assert_error(response, 408)
    assert 9 < response.seconds < 30


def test_a_body_that_drips_is_408_and_frees_its_thread(shared: Shared) -> None:
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
        assert response.seconds < 10
        assert client.request("GET", "/__lbheartbeat__").status == 200
