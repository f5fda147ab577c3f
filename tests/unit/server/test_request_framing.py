"""How much of a request has arrived (picus_project/server/request_framing.py)."""

import pytest

from picus_project.server.request import MAX_HEAD_BYTES, MAX_REQUEST_LINE_BYTES
from picus_project.server.request_framing import (
    SMALL_BYTES,
    Completeness,
    completeness,
    has_head,
    has_no_body,
    missing_bytes,
    takes_much,
)

GET = b"GET / HTTP/1.1\r\nHost: x\r\n"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", Completeness.PARTIAL),
        (GET, Completeness.PARTIAL),
        (b"x" * MAX_REQUEST_LINE_BYTES, Completeness.PARTIAL),
        (b"x" * (MAX_REQUEST_LINE_BYTES + 3), Completeness.COMPLETE),
        (b"\r\nGET / HTTP/1.1\r\n" + b"x" * MAX_HEAD_BYTES, Completeness.PARTIAL),
        (b"\r\nGET / HTTP/1.1\r\n" + b"x" * (MAX_HEAD_BYTES + 1), Completeness.COMPLETE),
        (GET + b"\r\n", Completeness.COMPLETE),
        (GET + b"\r\nGET", Completeness.COMPLETE),
        (GET + b"X-Content-Length: 3\r\n\r\n", Completeness.COMPLETE),
    ],
)
def test_a_request_without_a_body_ends_with_its_head(data: bytes, expected: Completeness) -> None:
    assert completeness(data) is expected


@pytest.mark.parametrize("data", [b"GET / HTTP/1.1\nHost: x\n", GET + b"X: 1\nY: 2", b"\n"])
def test_no_bytes_are_awaited_after_lf_without_cr(data: bytes) -> None:
    assert completeness(data) is Completeness.COMPLETE
    assert completeness(GET + b"X: 1\r") is Completeness.PARTIAL


@pytest.mark.parametrize(
    ("length", "received", "expected"),
    [
        (b"3", b"ab", Completeness.PARTIAL),
        (b"3", b"abc", Completeness.COMPLETE),
        (b"3", b"abcGET", Completeness.COMPLETE),
        (b"\t3 ", b"ab", Completeness.PARTIAL),
        (b"00", b"", Completeness.COMPLETE),
        (b"0" * 30 + b"4", b"abc", Completeness.PARTIAL),
        (b"65000", b"abc", Completeness.PARTIAL),
        (b"2621440", b"abc", Completeness.PARTIAL),
        (b"3145728", b"abc", Completeness.STREAM),
        (b"9" * 5000, b"abc", Completeness.STREAM),
        (b"-3", b"abc", Completeness.COMPLETE),
        (b"", b"abc", Completeness.COMPLETE),
    ],
)
def test_content_length_decides_when_a_body_ends(length: bytes, received: bytes, expected: Completeness) -> None:
    assert completeness(GET + b"CONTENT-length:" + length + b"\r\n\r\n" + received) is expected


@pytest.mark.parametrize(
    "fields",
    [
        b"Transfer-Encoding: gzip, chunked\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
        b"Content-Length: 3\r\nContent-Length: 4\r\n",
        b"Content-Length: 3\r\nExpect: 100-continue\r\n",
    ],
)
def test_a_body_of_unclear_length_is_streamed(fields: bytes) -> None:
    assert completeness(GET + fields + b"\r\n") is Completeness.STREAM


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", Completeness.PARTIAL),
        (b"3", Completeness.PARTIAL),
        (b"3\r\nab", Completeness.PARTIAL),
        (b"3\r\nabc\r\n", Completeness.PARTIAL),
        (b"3\r\nabc\r\n0\r\n", Completeness.PARTIAL),
        (b"3\r\nabc\r\n0\r\n\r\n", Completeness.COMPLETE),
        (b"0\r\n\r\nGET", Completeness.COMPLETE),
        (b"a\r\n0123456789\r\n00\r\nTrailer: 1\r\n", Completeness.PARTIAL),
        (b"a\r\n0123456789\r\n00\r\nTrailer: 1\r\n\r\n", Completeness.COMPLETE),
        (b"3\r\nabc\r", Completeness.PARTIAL),
        (b"3\r\nabcdef", Completeness.STREAM),
        (b'a;x="y"\r\n0123456789', Completeness.STREAM),
        (b"x\r\n", Completeness.STREAM),
        (b"-1\r\n", Completeness.STREAM),
        (b"000000003\r\n", Completeness.STREAM),
        (b"123456789\r\n", Completeness.STREAM),
        (b"20000\r\nabc", Completeness.PARTIAL),
        (b"20000\r\n" + b"x" * SMALL_BYTES, Completeness.STREAM),
        (b"1\r\nx\r\n" * 63, Completeness.PARTIAL),
        (b"1\r\nx\r\n" * 64, Completeness.STREAM),
    ],
)
def test_last_chunk_ends_a_chunked_body(body: bytes, expected: Completeness) -> None:
    data = GET + b"Transfer-Encoding: Chunked\r\n\r\n" + body
    assert completeness(data) is expected
    assert missing_bytes(data) == 0


def test_a_head_with_a_framing_field_has_a_body() -> None:
    assert has_no_body(GET + b"\r\n")
    assert not has_no_body(GET + b"Content-Length: 9\r\n\r\n")
    assert not has_no_body(GET)


def test_a_head_ends_with_an_empty_line() -> None:
    assert has_head(GET + b"\r\nrest")
    assert not has_head(GET)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"GET /picus/list", True),
        (b"HEAD /picus/list/", True),
        (b"GET /picus/list?limit=1", True),
        (b"GET /%70icus/lis%74?x", True),
        (b"GET http://x/picus/list", True),
        (b"GET /picus/get/picus/list", False),
        (b"GET /__lbheartbeat__", False),
        (b"POST /picus/put", False),
        (b"DELETE /picus/list", False),
    ],
)
def test_lists_take_much(head: bytes, expected: bool) -> None:
    assert takes_much(head + b" HTTP/1.1\r\nHost: x\r\n\r\n") is expected


def test_large_bodies_and_ndjson_take_much() -> None:
    post = b"POST /picus/put HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
    assert not takes_much(post + b"\r\n{}")
    assert takes_much(post + b"content-type: Application/X-NDJSON\r\n\r\n{}")
    assert takes_much(post + b"\r\n" + b"x" * SMALL_BYTES)


def test_refusal_of_long_head_waits_for_no_place() -> None:
    assert not takes_much(GET + b"x" * (MAX_HEAD_BYTES + 1))


def test_missing_bytes_of_the_body_are_counted() -> None:
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n"
    assert missing_bytes(head) == 0
    assert missing_bytes(head + b"\r\nabc") == 99_997


def test_large_ndjson_is_read_as_it_arrives() -> None:
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n"
    assert completeness(head + b"\r\n") is Completeness.PARTIAL
    assert completeness(head + b"Content-Type: application/x-ndjson\r\n\r\n") is Completeness.STREAM
