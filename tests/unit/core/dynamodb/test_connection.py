"""One connection: complete responses only, in whatever pieces they arrive."""

import signal
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picus_api.core.dynamodb.http_connection import HttpConnection, on_sent
from picus_api.core.dynamodb.http_parser import HttpReply, RequestNotSent, ResponseLost
from tests.http_server import dynamodb_response, reset

Pair = tuple[HttpConnection, socket.socket]
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def connected(read_timeout: float = 1.0) -> Pair:
    mine, theirs = socket.socketpair()
    return HttpConnection(mine, read_timeout), theirs


@pytest.fixture
def pair() -> Iterator[Pair]:
    connection, server = connected()
    yield connection, server
    connection.close()
    server.close()


def send(server: socket.socket, pieces: Iterable[bytes]) -> None:
    for piece in pieces:
        server.sendall(piece)


def ask(pair: Pair, *pieces: bytes, seconds: float = 10) -> HttpReply:
    """Return the response to a request. The server has sent it already, in these pieces."""
    connection, server = pair
    send(server, pieces)
    return connection.exchange(b"request", time.monotonic() + seconds)


def test_response_with_length_keeps_connection(pair: Pair) -> None:
    for _ in range(3):
        reply = ask(pair, dynamodb_response(200, b'{"a": 1}'))
        assert (reply.status, reply.body, reply.headers["x-amzn-requestid"]) == (200, b'{"a": 1}', "REQUEST1")
        assert pair[0].reusable


def test_caller_is_told_when_request_is_sent(pair: Pair) -> None:
    """A list goes on with its own work then, while DynamoDB works on the next page."""
    connection, server = pair
    token = on_sent.set(lambda: server.sendall(dynamodb_response(200, server.recv(100))))
    try:
        assert connection.exchange(b"request", time.monotonic() + 10).body == b"request"
    finally:
        on_sent.reset(token)


@pytest.mark.parametrize(
    "body",
    [
        b"0\r\n\r\n",
        b"5\r\nhello\r\n0\r\n\r\n",
        b"2;x=y\r\nhe\r\n003\r\nllo\r\n0\r\nTrailer: 1\r\nOther: 2\r\n\r\n",
    ],
)
def test_chunks_are_put_together(pair: Pair, body: bytes) -> None:
    reply = ask(pair, CHUNKED + body)
    assert reply.body == (b"hello" if b"l" in body else b"")
    assert pair[0].reusable


@given(
    body=st.binary(max_size=300),
    chunk=st.integers(0, 50),
    cuts=st.lists(st.integers(0, 500), max_size=6),
)
def test_response_may_arrive_in_any_pieces(body: bytes, chunk: int, cuts: list[int]) -> None:
    if chunk:
        parts = [body[start : start + chunk] for start in range(0, len(body), chunk)]
        whole = CHUNKED + b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
    else:
        whole = dynamodb_response(200, body)
    edges = [0, *sorted(cuts), len(whole)]
    pieces = [whole[start:end] for start, end in pairwise(edges)]
    connection, server = connected()
    # One piece at a time: the next goes out when the connection has read what there was.
    sender = threading.Thread(target=send, args=(server, pieces))
    sender.start()
    assert connection.exchange(b"request", time.monotonic() + 10).body == body
    assert connection.reusable
    sender.join()
    connection.close()
    server.close()


def test_a_body_of_several_megabytes_arrives_whole(pair: Pair) -> None:
    body = bytes(range(256)) * 4 * 4096
    sender = threading.Thread(target=pair[1].sendall, args=(dynamodb_response(200, body),))
    sender.start()
    assert ask(pair).body == body
    sender.join()


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (b"", "closed without a response"),
        (b"HTTP/1.1 200 OK\r\nContent-", "closed within"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfour", "closed within"),
        (CHUNKED + b"5\r\nfou", "closed within"),
        (CHUNKED + b"5\r\nhello\r\n", "closed within"),
        (CHUNKED + b"5\r\nhello, world\r\n", "another length"),
        (CHUNKED + b"-5\r\nhello\r\n", "a chunk of"),
        (CHUNKED + b"0x5\r\nhello\r\n", "a chunk of"),
        (CHUNKED + b"\r\nhello\r\n", "a chunk of"),
        (CHUNKED + b"1000001\r\n", "too many bytes"),
        (b"HTTP/1.1 200 OK\r\n\r\n{}", "without a length"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n{}", "without a length"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 16777217\r\n\r\n", "16777217"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n", "999"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\n{}", "2' bytes"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}", "not an HTTP header"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}", "two lengths"),
        (b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n{}", "not an HTTP header"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", "not an HTTP response"),
        (b"HTTP/1.1 2\xb20 OK\r\n\r\n", "not an HTTP response"),
        (b"HTTP/2 200\r\n\r\n", "not an HTTP response"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "not an HTTP response"),
        (b"x" * 70_000, "without an end"),
        (CHUNKED + b"5;" + b"x" * 70_000, "without an end"),
    ],
)
def test_incomplete_response_is_a_lost_response(pair: Pair, reply: bytes, why: str) -> None:
    pair[1].settimeout(5)
    pair[1].sendall(reply)
    pair[1].shutdown(socket.SHUT_WR)
    with pytest.raises(ResponseLost, match=why):
        ask(pair)
    assert not pair[0].reusable


@pytest.mark.parametrize(("status", "refused"), [(200, False), (400, True), (500, False)])
def test_status_is_known_without_body(pair: Pair, status: int, refused: bool) -> None:
    pair[1].sendall(dynamodb_response(status, b"{}")[:-1])
    pair[1].shutdown(socket.SHUT_WR)
    with pytest.raises(ResponseLost) as lost:
        ask(pair)
    assert (lost.value.status, lost.value.refused) == (status, refused)


@pytest.mark.parametrize(
    "reply",
    [
        dynamodb_response(200, b"{}", "Connection: close"),
        dynamodb_response(200, b"{}") + b"more",
        CHUNKED + b"2\r\n{}\r\n0\r\n\r\nmore",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    ],
)
def test_connection_with_surplus_is_not_reused(pair: Pair, reply: bytes) -> None:
    assert ask(pair, reply).body == b"{}"
    assert not pair[0].reusable


def test_reset_is_a_lost_response() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        connection = HttpConnection(socket.create_connection(listener.getsockname()), 1.0)
        server, _ = listener.accept()
        server.sendall(b"HTTP/1.1 200")
        reset(server)
        server.close()
        with pytest.raises((ResponseLost, RequestNotSent)):
            connection.exchange(b"request", time.monotonic() + 10)


def test_sending_to_a_closed_connection_sends_nothing(pair: Pair) -> None:
    pair[1].close()
    with pytest.raises(RequestNotSent) as failure:
        ask(pair)
    assert not failure.value.final
    assert not pair[0].reusable


@pytest.mark.parametrize("pooled", [True, False])
def test_only_a_pooled_connection_is_called_stale(pair: Pair, pooled: bool) -> None:
    pair[0].pooled = pooled
    pair[1].shutdown(socket.SHUT_WR)
    with pytest.raises(ResponseLost) as lost:
        ask(pair)
    assert lost.value.stale is pooled


def test_silence_ends_at_read_timeout() -> None:
    connection, server = connected(read_timeout=0.1)
    connection.pooled = True
    started = time.monotonic()
    with pytest.raises(ResponseLost, match="timed out") as lost:
        connection.exchange(b"request", started + 10)
    assert 0.1 <= time.monotonic() - started < 8
    assert not lost.value.stale
    server.close()


def test_deadline_ends_read_before_timeout() -> None:
    pair = connected(read_timeout=20)
    started = time.monotonic()
    with pytest.raises(ResponseLost, match="timed out"):
        ask(pair, seconds=0.1)
    assert time.monotonic() - started < 10
    pair[1].close()


@pytest.mark.parametrize("drops", [b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + b"x" * 2000, b"y" * 2000])
def test_slow_response_ends_at_read_timeout(drops: bytes) -> None:
    """Each piece comes well within the read timeout, the whole would take a minute."""
    connection, server = connected(read_timeout=0.3)
    stop = threading.Event()

    def drip() -> None:
        for position in range(len(drops)):
            if stop.wait(0.03):
                return
            server.sendall(drops[position : position + 1])

    thread = threading.Thread(target=drip)
    thread.start()
    started = time.monotonic()
    with pytest.raises(ResponseLost, match="timed out"):
        connection.exchange(b"request", started + 10)
    assert time.monotonic() - started < 8
    stop.set()
    thread.join()
    server.close()


def test_interrupted_exchange_ends_connection(pair: Pair) -> None:
    class Interrupt(BaseException):
        """Stands for the SystemExit that gunicorn raises from a signal handler."""

    def interrupt(*_: object) -> None:
        raise Interrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(Interrupt):
            ask(pair)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert not pair[0].reusable


def test_idle_connection_is_alive_until_closed(pair: Pair) -> None:
    connection, server = pair
    assert connection.is_alive()
    assert ask(pair, dynamodb_response(200, b"{}")).body == b"{}"
    assert connection.is_alive()
    server.shutdown(socket.SHUT_WR)
    assert not connection.is_alive()


def test_idle_connection_with_data_is_not_alive(pair: Pair) -> None:
    pair[1].sendall(dynamodb_response(408, b""))
    assert not pair[0].is_alive()
