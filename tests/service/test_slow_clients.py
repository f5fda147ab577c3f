"""Slow clients get their responses, and no other client waits for them."""

import socket
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

import pytest

from picus_project.server.request_framing import MAX_BUFFERED_BYTES, SMALL_BYTES
from tests.contract.client import Client
from tests.service.conftest import Shared, gunicorn
from tests.service.raw_socket import PROBE, open_socket, read_head

JSON = "Content-Type: application/json"
BODY = b'{"name": "slow"}'
# Long, so that a busy machine sends a slow body in time.
BODY_SECONDS = 30
# Shorter than the ten seconds after which a silent client loses its connection.
PROMPT_SECONDS = 8
# A chunked body that a thread has to read.
LARGE_CHUNKED = b"%X\r\n%b\r\n0\r\n\r\n" % (SMALL_BYTES + 1, BODY.ljust(SMALL_BYTES + 1))


def service(shared: Shared, body_seconds: int) -> AbstractContextManager[Client]:
    """Run a service with two threads, of which one may read streamed requests."""
    url = shared[0].meta.client.meta.endpoint_url
    settings = {"WEB_THREADS": "2", "BODY_SECONDS": str(body_seconds)}
    return gunicorn(DYNAMODB_TABLE_NAME=shared[0].name, DYNAMODB_ENDPOINT_URL=url, **settings)


@pytest.fixture
def client(shared: Shared) -> Iterator[Client]:
    with service(shared, BODY_SECONDS) as client:
        yield client


@pytest.fixture
def hasty(shared: Shared) -> Iterator[Client]:
    """Run a service with a short time limit for bodies."""
    with service(shared, 4) as client:
        yield client


def put_head(client: Client, *fields: str) -> bytes:
    return client.head_of("POST", "/picus/put", JSON, *(fields or (f"Content-Length: {len(BODY)}",)))


def chunked(client: Client) -> bytes:
    return put_head(client, "Transfer-Encoding: chunked")


def assert_prompt(client: Client) -> None:
    started = time.monotonic()
    assert client.request("GET", "/picus/get/absent").status == 404
    assert time.monotonic() - started < PROMPT_SECONDS


def test_slow_bodies_delay_no_other_client_and_are_stored(client: Client) -> None:
    with ExitStack() as stack:
        slow = [stack.enter_context(open_socket(client)) for _ in range(20)]
        for sock in slow:
            sock.sendall(put_head(client) + BODY[:3])
        time.sleep(0.3)
        assert_prompt(client)
        for sock in slow:
            sock.sendall(BODY[3:])
            assert read_head(sock).startswith(b"HTTP/1.1 201 ")


def test_a_request_may_arrive_byte_by_byte(client: Client) -> None:
    with open_socket(client) as sock:
        for byte in put_head(client) + BODY:
            sock.sendall(bytes([byte]))
            time.sleep(0.002)
        assert read_head(sock).startswith(b"HTTP/1.1 201 ")


def test_a_pipelined_request_may_be_slow(client: Client) -> None:
    with ExitStack() as stack:
        slow = [stack.enter_context(open_socket(client)) for _ in range(4)]
        for sock in slow:
            sock.sendall(PROBE + put_head(client) + BODY[:5])
            assert read_head(sock).startswith(b"HTTP/1.1 200 ")
        assert_prompt(client)
        for sock in slow:
            sock.sendall(BODY[5:] + PROBE)
            assert read_head(sock).startswith(b"HTTP/1.1 201 ")


def test_streamed_bodies_take_turns_and_leave_threads_free(client: Client) -> None:
    with ExitStack() as stack:
        first, second, third = (stack.enter_context(open_socket(client)) for _ in range(3))
        first.sendall(chunked(client) + LARGE_CHUNKED[:-5])
        time.sleep(0.2)
        for sock in (second, third):
            sock.sendall(chunked(client) + LARGE_CHUNKED)
        time.sleep(0.2)
        assert_prompt(client)
        first.sendall(LARGE_CHUNKED[-5:])
        assert all(read_head(sock).startswith(b"HTTP/1.1 201 ") for sock in (first, second, third))


@pytest.mark.parametrize("head", [b"GET /" + b"x" * 60_000, b"GET / HTTP/1.1\r\nX: " + b"x" * 100_000])
def test_unfinished_long_head_holds_no_thread(client: Client, head: bytes) -> None:
    with open_socket(client) as first, open_socket(client) as second:
        first.sendall(head)
        time.sleep(0.5)
        second.sendall(chunked(client) + LARGE_CHUNKED)
        second.settimeout(4)  # less than the wait for a thread
        assert read_head(second).startswith(b"HTTP/1.1 201 ")


@pytest.mark.parametrize(
    ("head", "status"), [(b"GET /" + b"x" * 70_000, 414), (b"GET / HTTP/1.1\r\nX: " + b"x" * 140_000, 431)]
)
def test_too_long_head_is_refused_before_its_end(client: Client, head: bytes, status: int) -> None:
    with open_socket(client) as sock:
        sock.sendall(head)
        sock.settimeout(4)
        assert read_head(sock).startswith(b"HTTP/1.1 %d " % status)


def send_lines(sock: socket.socket, size: int, seconds: float) -> None:
    """Send blank lines as chunks of this many bytes, some each second, for so long."""
    for _ in range(int(seconds / 0.2)):
        sock.sendall(b"%X\r\n%b\r\n" % (size, b"\n" * size))
        time.sleep(0.2)


@contextmanager
def upload_and_waiting_request(client: Client) -> Iterator[tuple[socket.socket, socket.socket]]:
    """Begin an NDJSON upload, then send a request that waits for its thread. Yield the sockets of both."""
    ndjson = ("Content-Type: application/x-ndjson", "Transfer-Encoding: chunked")
    with open_socket(client) as upload, open_socket(client) as waiting:
        upload.sendall(client.head_of("POST", "/picus/put", *ndjson))
        send_lines(upload, SMALL_BYTES, 0.4)
        waiting.sendall(put_head(client, f"Content-Length: {2 * MAX_BUFFERED_BYTES}"))
        yield upload, waiting


def test_slow_ndjson_gives_its_thread_to_a_waiting_request(client: Client) -> None:
    with upload_and_waiting_request(client) as (upload, waiting):
        send_lines(upload, 2000, 0.4)
        assert_prompt(client)
        assert read_head(waiting).startswith(b"HTTP/1.1 413 ")
        assert read_head(upload).startswith(b"HTTP/1.1 408 ")


def test_fast_ndjson_keeps_its_thread_and_the_next_gets_503(client: Client) -> None:
    with upload_and_waiting_request(client) as (upload, waiting):
        send_lines(upload, 4 * SMALL_BYTES, 6)
        assert read_head(waiting).startswith(b"HTTP/1.1 503 ")
        upload.sendall(b"0\r\n\r\n")
        assert read_head(upload).startswith(b"HTTP/1.1 400 ")


def test_a_body_that_arrives_too_slowly_is_408(hasty: Client) -> None:
    with open_socket(hasty) as sock:
        started = time.monotonic()
        sock.sendall(put_head(hasty))
        for _ in range(8):
            sock.sendall(b" ")
            time.sleep(0.4)
        assert read_head(sock).startswith(b"HTTP/1.1 408 ")
        assert 3 < time.monotonic() - started < 12


def test_a_body_cut_off_by_a_half_close_is_400_at_once(client: Client) -> None:
    with open_socket(client) as sock:
        sock.sendall(put_head(client) + BODY[:5])
        time.sleep(0.2)
        sock.shutdown(socket.SHUT_WR)
        started = time.monotonic()
        assert read_head(sock).startswith(b"HTTP/1.1 400 ")
        assert time.monotonic() - started < PROMPT_SECONDS


def test_clients_that_never_close_delay_no_other_client(client: Client) -> None:
    with ExitStack() as stack:
        for _ in range(20):
            sock = stack.enter_context(open_socket(client))
            sock.sendall(b"X\r\n\r\n")
            assert read_head(sock).startswith(b"HTTP/1.1 400 ")
            assert_prompt(client)


def test_a_flood_on_one_connection_delays_no_other_client(client: Client) -> None:
    with ExitStack() as stack:
        floods = [stack.enter_context(open_socket(client)) for _ in range(4)]
        for sock in floods:
            sock.sendall(PROBE * 500)
        assert_prompt(client)
        for sock in floods:
            assert all(read_head(sock).startswith(b"HTTP/1.1 200 ") for _ in range(500))


def test_a_large_unread_body_closes_the_connection(client: Client) -> None:
    head = client.head_of("POST", "/picus/put", "Content-Type: text/plain", "Content-Length: 200000")
    with open_socket(client) as sock:
        sock.sendall(head + b"x" * 200_000)
        assert b"Connection: close" in read_head(sock)
