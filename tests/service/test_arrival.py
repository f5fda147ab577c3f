"""Slow clients get their responses, and no other client waits for them."""

import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from picus_project.arrival import WAITED_BYTES, Arrival, arrival_of, is_bare
from tests.contract.client import Client
from tests.service.conftest import Shared, gunicorn
from tests.service.test_worker import dialled

JSON = "Content-Type: application/json"
PING = b"HEAD /__lbheartbeat__ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
BODY = b'{"name": "slow"}'


@pytest.fixture(scope="module")
def client(shared: Shared) -> Iterator[Client]:
    """Run a service with two threads, of which one reads bodies as they arrive."""
    url = shared[0].meta.client.meta.endpoint_url
    settings = {"WEB_THREADS": "2", "BODY_SECONDS": "4"}
    with gunicorn(DYNAMODB_TABLE_NAME=shared[0].name, DYNAMODB_ENDPOINT_URL=url, **settings) as client:
        yield client


def put_head(client: Client, *fields: str) -> bytes:
    return client.head_of("POST", "/picus/put", JSON, *(fields or (f"Content-Length: {len(BODY)}",)))


def chunked(client: Client) -> bytes:
    return put_head(client, "Transfer-Encoding: chunked")


def assert_prompt(client: Client) -> None:
    started = time.monotonic()
    assert client.request("GET", "/picus/get/absent").status == 404
    assert time.monotonic() - started < 1


def test_slow_bodies_are_stored_and_block_no_request(client: Client) -> None:
    with ExitStack() as stack:
        slow = [stack.enter_context(dialled(client)) for _ in range(20)]
        for connection in slow:
            connection.send(put_head(client) + BODY[:3])
        time.sleep(0.3)
        assert_prompt(client)
        for connection in slow:
            connection.send(BODY[3:])
            assert connection.read_head().startswith(b"HTTP/1.1 201 ")


def test_request_byte_by_byte_gets_response(client: Client) -> None:
    with dialled(client) as connection:
        for byte in put_head(client) + BODY:
            connection.send(bytes([byte]))
            time.sleep(0.002)
        assert connection.read_head().startswith(b"HTTP/1.1 201 ")


def test_rest_of_pipelined_request_may_be_slow(client: Client) -> None:
    with ExitStack() as stack:
        slow = [stack.enter_context(dialled(client)) for _ in range(4)]
        for connection in slow:
            connection.send(PING + put_head(client) + BODY[:5])
            assert connection.read_head().startswith(b"HTTP/1.1 200 ")
        assert_prompt(client)
        for connection in slow:
            connection.send(BODY[5:] + PING)
            assert connection.read_head().startswith(b"HTTP/1.1 201 ")


def test_chunked_bodies_take_turns_on_threads(client: Client) -> None:
    whole = b"%X\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)
    with ExitStack() as stack:
        first, second, third = (stack.enter_context(dialled(client)) for _ in range(3))
        first.send(chunked(client) + whole[:5])
        time.sleep(0.2)
        for connection in (second, third):
            connection.send(chunked(client) + whole)
        time.sleep(0.2)
        assert_prompt(client)
        first.send(whole[5:])
        assert all(connection.read_head().startswith(b"HTTP/1.1 201 ") for connection in (first, second, third))


def test_long_wait_for_a_thread_is_503(client: Client) -> None:
    lines = client.head_of("POST", "/picus/put", "Content-Type: application/x-ndjson", "Transfer-Encoding: chunked")
    with dialled(client) as first, dialled(client) as second:
        first.send(lines)
        time.sleep(0.2)
        second.send(put_head(client, f"Content-Length: {2 * WAITED_BYTES}"))
        for _ in range(14):  # lines have half an hour
            first.send(b"1\r\n \r\n")
            time.sleep(0.4)
        second.sock.settimeout(1)
        assert second.read_head().startswith(b"HTTP/1.1 503 ")
        assert_prompt(client)


def test_slow_incomplete_body_is_408(client: Client) -> None:
    with dialled(client) as connection:
        started = time.monotonic()
        connection.send(put_head(client))
        for _ in range(8):
            connection.send(b" ")
            time.sleep(0.4)
        assert connection.read_head().startswith(b"HTTP/1.1 408 ")
        assert 3 < time.monotonic() - started < 7


def test_half_closed_incomplete_body_is_400_at_once(client: Client) -> None:
    with dialled(client) as connection:
        connection.send(put_head(client) + BODY[:5])
        time.sleep(0.2)
        connection.close_sending()
        started = time.monotonic()
        assert connection.read_head().startswith(b"HTTP/1.1 400 ")
        assert time.monotonic() - started < 1


def test_clients_that_do_not_close_block_nobody(client: Client) -> None:
    with ExitStack() as stack:
        for _ in range(20):
            connection = stack.enter_context(dialled(client))
            connection.send(b"X\r\n\r\n")
            assert connection.read_head().startswith(b"HTTP/1.1 400 ")
            assert_prompt(client)


def test_pipelined_flood_blocks_no_other_client(client: Client) -> None:
    with ExitStack() as stack:
        floods = [stack.enter_context(dialled(client)) for _ in range(4)]
        for connection in floods:
            connection.send(PING * 500)
        assert_prompt(client)
        for connection in floods:
            assert all(connection.read_head().startswith(b"HTTP/1.1 200 ") for _ in range(500))


def test_refused_large_body_ends_connection(client: Client) -> None:
    head = client.head_of("POST", "/picus/put", "Content-Type: text/plain", "Content-Length: 200000")
    with dialled(client) as connection:
        connection.send(head + b"x" * 200_000)
        assert b"Connection: close" in connection.read_head()


def test_probe_with_body_is_no_probe() -> None:
    assert is_bare(PING)
    assert not is_bare(PING[:-2] + b"Content-Length: 9\r\n\r\n")
    assert not is_bare(PING[:-2])


GET = b"GET / HTTP/1.1\r\nHost: x\r\n"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", Arrival.PARTIAL),
        (GET, Arrival.PARTIAL),
        (b"x" * WAITED_BYTES, Arrival.OPEN),
        (GET + b"\r\n", Arrival.WHOLE),
        (GET + b"\r\nGET", Arrival.WHOLE),
        (GET + b"CONTENT-length:\t3 \r\n\r\nab", Arrival.PARTIAL),
        (GET + b"Content-Length: 3\r\n\r\nabc", Arrival.WHOLE),
        (GET + b"Content-Length: 65000\r\n\r\nabc", Arrival.PARTIAL),
        (GET + b"Content-Length: 65536\r\n\r\nabc", Arrival.OPEN),
        (GET + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\nabc", Arrival.OPEN),
        (GET + b"Content-Length: -3\r\n\r\nabc", Arrival.WHOLE),
        (GET + b"Content-Length: " + b"0" * 30 + b"4\r\n\r\nabc", Arrival.PARTIAL),
        (GET + b"Content-Length: 00\r\n\r\n", Arrival.WHOLE),
        (GET + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\n", Arrival.OPEN),
        (GET + b"Transfer-Encoding: chunked\r\n\r\n", Arrival.OPEN),
        (GET + b"Content-Length: 3\r\nExpect: 100-continue\r\n\r\n", Arrival.OPEN),
        (GET + b"X-Content-Length: 3\r\n\r\n", Arrival.WHOLE),
    ],
)
def test_completeness_of_request(data: bytes, expected: Arrival) -> None:
    assert arrival_of(data) is expected
