"""The local edge rejects malformed requests in the error shape, and serves the next request."""

from collections.abc import Iterator
from email.utils import parsedate_to_datetime

import pytest

from picus_project.local import connections
from tests.local.edge_harness import EdgeConnection, Recorder, exchange, get

POST = b"POST / HTTP/1.1\r\nHost: x\r\n"


@pytest.fixture(autouse=True)
def next_request_is_served(edge_port: int) -> Iterator[None]:
    """Check that the edge serves the next request after any test."""
    yield
    assert get(edge_port, "/").body == b"alb"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"hello\r\n\r\n", 400),
        (b"GET /\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nName : x\r\n\r\n", 400),
        (b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
        (POST + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400),
        (POST + b"Content-Length: three\r\n\r\nabc", 400),
        (POST + b"Content-Length: -3\r\n\r\nabc", 400),
        (POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"GET http://h/ HTTP/1.1\r\n\r\n", 400),
        (POST + b"Transfer-Encoding: gzip\r\n\r\nabc", 501),
        (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
        (POST + b"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 501),
        (POST + b"Transfer-Encoding: identity\r\n\r\n", 501),
        (POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 200_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: x\r\n" * 4000 + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 20_470 + b"\r\n\r\n", 431),
    ],
    ids=lambda value: repr(value[:60]) if isinstance(value, bytes) else str(value),
)
def test_malformed_request_is_rejected(edge_port: int, sent: bytes, status: int) -> None:
    response = exchange(edge_port, sent)
    assert (response.status, response.complete) == (status, True)
    assert response.error
    assert "bytearray" not in response.error
    assert "b'" not in response.error
    assert response.headers["x-request-id"]
    assert parsedate_to_datetime(response.headers["date"])
    assert response.headers["connection"] == "close"


@pytest.mark.parametrize(
    "sent",
    [
        POST + b"Content-Length: 100\r\n\r\nabc",
        POST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\n30\r\nabc",
    ],
)
def test_truncated_body_is_400(edge_port: int, alb: Recorder, sent: bytes) -> None:
    assert exchange(edge_port, sent, half_close=True).status == 400
    assert alb.requests == []


def test_truncated_head_is_400(edge_port: int) -> None:
    assert exchange(edge_port, b"GET / HTTP/1.1\r\nHo", half_close=True).status == 400


@pytest.mark.parametrize("sent", [b"GET / HTTP/1.1\r\nHo", POST + b"Content-Length: 100\r\n\r\nabc"])
def test_stalled_request_is_408(edge_port: int, alb: Recorder, monkeypatch: pytest.MonkeyPatch, sent: bytes) -> None:
    monkeypatch.setattr(connections, "STALL_SECONDS", 0.2)
    response = exchange(edge_port, sent)
    assert response.status == 408
    assert "stopped arriving" in response.error
    assert alb.requests == []


def test_idle_client_connection_is_closed_silently(edge_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "IDLE_SECONDS", 0.1)
    monkeypatch.setattr(connections, "LINGER_SECONDS", 0.1)
    client = EdgeConnection(edge_port)
    assert client.ended()
    client.close()


def test_error_over_an_unread_body_reaches_the_client(edge_port: int, alb: Recorder) -> None:
    client = EdgeConnection(edge_port)
    size = 5_000_000
    client.send(b"BREW / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size)
    client.send(b"x" * size)
    response = client.read()
    assert (response.status, response.headers["connection"]) == (405, "close")
    client.close()
    assert alb.requests == []


def test_upload_after_an_error_is_not_read_forever(edge_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "LINGER_SECONDS", 0.2)
    client = EdgeConnection(edge_port)
    client.send(b"BREW / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000000\r\n\r\n")
    with pytest.raises((BrokenPipeError, ConnectionResetError)):
        client.send_for_ever()
    client.close()


def test_client_that_leaves_while_sending_logs_nothing(
    edge_port: int, alb: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    client = EdgeConnection(edge_port)
    client.send(POST + b"Content-Length: 100\r\n\r\nabc")
    client.close(reset=True)
    assert get(edge_port, "/").status == 200
    assert caplog.records == []
