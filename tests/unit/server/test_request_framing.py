"""How much of a request has arrived (picus_project/server/request_framing.py)."""

import pytest

from picus_project.server.request_framing import (
    MAX_BUFFERED_BYTES,
    Completeness,
    completeness,
    has_head,
    has_no_body,
)

GET = b"GET / HTTP/1.1\r\nHost: x\r\n"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", Completeness.PARTIAL),
        (GET, Completeness.PARTIAL),
        (b"x" * (MAX_BUFFERED_BYTES - 1), Completeness.PARTIAL),
        (b"x" * MAX_BUFFERED_BYTES, Completeness.STREAM),
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
        (b"65536", b"abc", Completeness.STREAM),
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
        b"Transfer-Encoding: chunked\r\n",
        b"Content-Length: 3\r\nContent-Length: 4\r\n",
        b"Content-Length: 3\r\nExpect: 100-continue\r\n",
    ],
)
def test_a_body_of_unknown_length_is_streamed(fields: bytes) -> None:
    assert completeness(GET + fields + b"\r\n") is Completeness.STREAM


def test_a_head_with_a_framing_field_has_a_body() -> None:
    assert has_no_body(GET + b"\r\n")
    assert not has_no_body(GET + b"Content-Length: 9\r\n\r\n")
    assert not has_no_body(GET)


def test_a_head_ends_with_an_empty_line() -> None:
    assert has_head(GET + b"\r\nrest")
    assert not has_head(GET)
