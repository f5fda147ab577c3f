"""Slow clients: they get their answers, and nobody else waits for them."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from picus_project.arrival import WAITED_BYTES, Arrival, arrival_of, is_bare
from tests.contract.client import Client
from tests.service.conftest import Shared, gunicorn
from tests.service.test_worker import answer, dialled

JSON = "Content-Type: application/json"
PING = b"HEAD /__lbheartbeat__ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
BODY = b'{"name": "slow"}'


@pytest.fixture
def client(shared: Shared) -> Iterator[Client]:
    """Two threads, and so one for what is read as it comes."""
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


def test_many_slow_bodies_hold_up_nobody_and_are_all_stored(client: Client) -> None:
    with ExitStack() as stack:
        slow = [stack.enter_context(dialled(client)) for _ in range(20)]
        for sock in slow:
            sock.sendall(put_head(client) + BODY[:3])
        time.sleep(0.3)
        assert_prompt(client)
        for sock in slow:
            sock.sendall(BODY[3:])
            assert answer(sock).startswith(b"HTTP/1.1 201 ")


def test_a_request_that_comes_byte_by_byte_is_answered_as_any(client: Client) -> None:
    with dialled(client) as sock:
        for byte in put_head(client) + BODY:
            sock.sendall(bytes([byte]))
            time.sleep(0.002)
        assert answer(sock).startswith(b"HTTP/1.1 201 ")


def test_the_rest_of_a_request_that_began_in_the_packet_before_may_take_its_time(client: Client) -> None:
    with ExitStack() as stack:
        slow = [stack.enter_context(dialled(client)) for _ in range(4)]
        for sock in slow:
            sock.sendall(PING + put_head(client) + BODY[:5])
            assert answer(sock).startswith(b"HTTP/1.1 200 ")
        assert_prompt(client)
        for sock in slow:
            sock.sendall(BODY[5:] + PING)
            assert answer(sock).startswith(b"HTTP/1.1 201 ")


def test_bodies_that_are_read_as_they_come_leave_threads_to_others_and_take_turns(client: Client) -> None:
    whole = b"%X\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)
    with ExitStack() as stack:
        first, second, third = (stack.enter_context(dialled(client)) for _ in range(3))
        first.sendall(chunked(client) + whole[:5])
        time.sleep(0.2)
        for sock in (second, third):
            sock.sendall(chunked(client) + whole)
        time.sleep(0.2)
        assert_prompt(client)
        first.sendall(whole[5:])
        assert all(answer(sock).startswith(b"HTTP/1.1 201 ") for sock in (first, second, third))


def test_whoever_waits_too_long_for_a_turn_is_told(client: Client) -> None:
    lines = client.head_of("POST", "/picus/put", "Content-Type: application/x-ndjson", "Transfer-Encoding: chunked")
    with dialled(client) as first, dialled(client) as second:
        first.sendall(lines)
        time.sleep(0.2)
        second.sendall(put_head(client, f"Content-Length: {2 * WAITED_BYTES}"))
        for _ in range(14):  # lines have half an hour
            first.sendall(b"1\r\n \r\n")
            time.sleep(0.4)
        second.settimeout(1)
        assert answer(second).startswith(b"HTTP/1.1 503 ")
        assert_prompt(client)


def test_a_body_that_drips_into_nothing_is_a_408(client: Client) -> None:
    with dialled(client) as sock:
        started = time.monotonic()
        sock.sendall(put_head(client))
        for _ in range(8):
            sock.sendall(b" ")
            time.sleep(0.4)
        assert answer(sock).startswith(b"HTTP/1.1 408 ")
        assert 3 < time.monotonic() - started < 7


def test_half_a_body_and_a_closed_sending_side_is_a_400_at_once(client: Client) -> None:
    with dialled(client) as sock:
        sock.sendall(put_head(client) + BODY[:5])
        time.sleep(0.2)
        sock.shutdown(socket.SHUT_WR)
        started = time.monotonic()
        assert answer(sock).startswith(b"HTTP/1.1 400 ")
        assert time.monotonic() - started < 1


def test_clients_that_do_not_close_after_their_last_answer_hold_up_nobody(client: Client) -> None:
    with ExitStack() as stack:
        for _ in range(20):
            sock = stack.enter_context(dialled(client))
            sock.sendall(b"X\r\n\r\n")
            assert answer(sock).startswith(b"HTTP/1.1 400 ")
            assert_prompt(client)


def test_a_flood_of_requests_in_one_connection_leaves_turns_to_others(client: Client) -> None:
    with ExitStack() as stack:
        floods = [stack.enter_context(dialled(client)) for _ in range(4)]
        for sock in floods:
            sock.sendall(PING * 500)
        assert_prompt(client)
        for sock in floods:
            assert all(answer(sock).startswith(b"HTTP/1.1 200 ") for _ in range(500))


def test_a_body_too_large_to_be_read_for_nothing_ends_its_connection(client: Client) -> None:
    head = client.head_of("POST", "/picus/put", "Content-Type: text/plain", "Content-Length: 200000")
    with dialled(client) as sock:
        sock.sendall(head + b"x" * 200_000)
        assert b"Connection: close" in answer(sock)


def test_a_probe_that_announces_a_body_is_no_probe() -> None:
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
def test_how_a_request_stands(data: bytes, expected: Arrival) -> None:
    assert arrival_of(data) is expected
