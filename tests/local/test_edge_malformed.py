"""What is no proper HTTP is refused in the error shape, at once, and the edge goes on."""

from collections.abc import Iterator

import pytest

from picus_project.local import viewer as viewer_module
from tests.local.twin import Recorder, Twin, Viewer, exchange, get

POST = b"POST / HTTP/1.1\r\nHost: x\r\n"


@pytest.fixture(autouse=True)
def goes_on(twin: Twin) -> Iterator[None]:
    """Whatever a test sends, the next request is served."""
    yield
    assert get(twin.port, "/").body == b"alb"


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
        (POST + b"Transfer-Encoding: gzip\r\n\r\nabc", 501),
        (POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 200_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: x\r\n" * 4000 + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 20_470 + b"\r\n\r\n", 431),
    ],
    ids=lambda value: repr(value[:60]) if isinstance(value, bytes) else str(value),
)
def test_it_is_refused(twin: Twin, sent: bytes, status: int) -> None:
    answer = exchange(twin.port, sent)
    assert (answer.status, answer.complete) == (status, True)
    assert answer.error
    assert "bytearray" not in answer.error
    assert "b'" not in answer.error
    assert answer.headers["x-request-id"]
    assert answer.headers["connection"] == "close"


@pytest.mark.parametrize(
    "sent",
    [
        POST + b"Content-Length: 100\r\n\r\nabc",
        POST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\n30\r\nabc",
    ],
)
def test_a_body_that_stops_half_way_is_400(twin: Twin, alb: Recorder, sent: bytes) -> None:
    assert exchange(twin.port, sent, half_close=True).status == 400
    assert alb.requests == []


def test_a_head_that_stops_half_way_is_400(twin: Twin) -> None:
    assert exchange(twin.port, b"GET / HTTP/1.1\r\nHo", half_close=True).status == 400


@pytest.mark.parametrize("sent", [b"GET / HTTP/1.1\r\nHo", POST + b"Content-Length: 100\r\n\r\nabc"])
def test_a_request_that_stalls_is_408(twin: Twin, alb: Recorder, monkeypatch: pytest.MonkeyPatch, sent: bytes) -> None:
    monkeypatch.setattr(viewer_module, "STALL_SECONDS", 0.2)
    answer = exchange(twin.port, sent)
    assert answer.status == 408
    assert "stopped arriving" in answer.error
    assert alb.requests == []


def test_an_idle_viewer_is_let_go_without_a_word(twin: Twin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(viewer_module, "IDLE_SECONDS", 0.1)
    monkeypatch.setattr(viewer_module, "LINGER_SECONDS", 0.1)
    viewer = Viewer(twin.port)
    assert viewer.ended()
    viewer.close()


def test_a_refusal_over_an_unread_body_reaches_the_viewer(twin: Twin, alb: Recorder) -> None:
    viewer = Viewer(twin.port)
    size = 5_000_000
    viewer.send(b"BREW / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size)
    viewer.send(b"x" * size)
    answer = viewer.read()
    assert (answer.status, answer.headers["connection"]) == (405, "close")
    viewer.close()
    assert alb.requests == []


def test_an_upload_after_a_refusal_is_not_read_for_ever(twin: Twin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(viewer_module, "LINGER_SECONDS", 0.2)
    viewer = Viewer(twin.port)
    viewer.send(b"BREW / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000000\r\n\r\n")
    with pytest.raises((BrokenPipeError, ConnectionResetError)):
        viewer.send_for_ever()
    viewer.close()


def test_a_viewer_that_leaves_while_it_sends_is_no_error(
    twin: Twin, alb: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    viewer = Viewer(twin.port)
    viewer.send(POST + b"Content-Length: 100\r\n\r\nabc")
    viewer.sock.setsockopt(1, 13, b"\1\0\0\0\0\0\0\0")  # SO_LINGER of 0 seconds: a reset
    viewer.close()
    assert get(twin.port, "/").status == 200
    assert caplog.records == []
