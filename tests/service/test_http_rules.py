"""Request rules of RFC 9110 and RFC 9112 over a socket."""

import re
import time
from email.utils import parsedate_to_datetime

import pytest

from tests.contract.client import Client
from tests.service.conftest import Shared
from tests.service.http_cases import (
    CASES,
    EXPECTATIONS,
    HOST,
    OLD_PERSISTENCE,
    PERSISTENCE,
    exchange,
    head,
    put,
    statuses,
)
from tests.service.raw_socket import PROBE, open_socket, read_until_closed


@pytest.fixture
def client(shared: Shared) -> Client:
    return shared[1]


@pytest.mark.parametrize(("data", "status"), CASES.values(), ids=CASES)
def test_the_status_follows_the_rfc(client: Client, data: bytes, status: int) -> None:
    started = time.monotonic()
    received = exchange(client, data)
    assert statuses(received) == [status], received
    assert time.monotonic() - started < 8
    date = re.search(rb"\r\nDate: ([^\r]+)\r\n", received)
    assert date, received
    assert abs(parsedate_to_datetime(date[1].decode()).timestamp() - time.time()) < 60


@pytest.mark.parametrize(("data", "expected"), EXPECTATIONS.values(), ids=EXPECTATIONS)
def test_expectations_are_met_or_refused(client: Client, data: bytes, expected: list[int]) -> None:
    assert statuses(exchange(client, data)) == expected


@pytest.mark.parametrize(
    ("fields", "status"),
    [((b"Content-Length: 104857600",), 413), ((b"Content-Length: 2", b"Content-Encoding: gzip"), 415)],
)
def test_a_refused_client_is_not_asked_for_its_body(client: Client, fields: tuple[bytes, ...], status: int) -> None:
    with open_socket(client) as sock:
        sock.sendall(put(*fields, b"Expect: 100-continue", body=b""))
        received = read_until_closed(sock)
    assert statuses(received) == [status]
    assert b"\r\nConnection: close\r\n" in received


def test_a_client_without_a_body_is_not_asked_for_it(client: Client) -> None:
    assert statuses(exchange(client, head(b"Host: a", b"Expect: 100-continue") + PROBE)) == [200, 200]
    assert statuses(exchange(client, put(b"Content-Length: 0", b"Expect: 100-continue", body=b"") + PROBE)) == [
        400,
        200,
    ]


def assert_persistence(client: Client, version: bytes, fields: list[bytes], persists: bool) -> None:
    request = head(HOST.strip(), *fields, line=b"GET /picus/get/absent HTTP/%b\r\n" % version)
    received = exchange(client, request + PROBE)
    assert statuses(received) == ([404, 200] if persists else [404]), received
    assert (b"Connection: keep-alive" if persists else b"Connection: close") in received.partition(b"\r\n\r\n")[0]


@pytest.mark.parametrize(("fields", "persists"), PERSISTENCE.values(), ids=PERSISTENCE)
@pytest.mark.parametrize("version", [b"1.1", b"1.9"])
def test_connection_is_a_list_of_options(client: Client, version: bytes, fields: list[bytes], persists: bool) -> None:
    assert_persistence(client, version, fields, persists)


@pytest.mark.parametrize(("fields", "persists"), OLD_PERSISTENCE.values(), ids=OLD_PERSISTENCE)
def test_http_1_0_persists_only_by_keep_alive(client: Client, fields: list[bytes], persists: bool) -> None:
    assert_persistence(client, b"1.0", fields, persists)


def test_a_later_minor_version_gets_http_1_1(client: Client) -> None:
    assert exchange(client, head(b"Host: a").replace(b"HTTP/1.1", b"HTTP/1.9")).startswith(b"HTTP/1.1 200 OK\r\n")


def test_options_of_the_server_lists_methods(client: Client) -> None:
    received = exchange(client, head(b"Host: a", line=b"OPTIONS * HTTP/1.1\r\n"))
    assert b"\r\nAllow: GET, HEAD, OPTIONS, PATCH, POST, PUT\r\n" in received
    assert b"\r\nContent-Length: 0\r\n" in received


@pytest.mark.parametrize(
    ("authority", "host", "status"), [(b"127.0.0.1", b"evil.example", 404), (b"evil.example", b"127.0.0.1", 400)]
)
def test_the_authority_of_the_target_replaces_host(client: Client, authority: bytes, host: bytes, status: int) -> None:
    line = b"GET http://%b/picus/get/absent HTTP/1.1\r\n" % authority
    assert statuses(exchange(client, head(b"Host: " + host, line=line))) == [status]


@pytest.mark.parametrize("ending", [b"GET / HTTP/1.1\nHost: a\n\n", b"GET / HTTP/1.1\r\nHost: a\nX: 1"])
def test_lf_without_cr_is_refused_at_once(client: Client, ending: bytes) -> None:
    with open_socket(client) as sock:
        started = time.monotonic()
        sock.sendall(ending)
        assert statuses(read_until_closed(sock)) == [400]
        assert time.monotonic() - started < 8


@pytest.mark.parametrize(("version", "announced"), [(b"1.0", False), (b"1.1", True)])
def test_http_1_0_gets_no_trailers(client: Client, version: bytes, announced: bool) -> None:
    line = b"GET /picus/list HTTP/%b\r\n" % version
    received = exchange(client, head(HOST.strip(), b"Prefer: consumed-capacity", b"Connection: close", line=line))
    assert statuses(received) == [200]
    assert (b"\r\nTrailer: Picus-Consumed-Capacity\r\n" in received) is announced
    assert received.count(b"Picus-Consumed-Capacity") == (2 if announced else 0)
