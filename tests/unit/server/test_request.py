"""Rules of RFC 9110 and RFC 9112 for a request head (picus_project/server/request.py). More: tests/service."""

import pytest
from gunicorn.config import Config
from gunicorn.http.errors import LimitRequestHeaders, ParseException, UnsupportedTransferCoding
from gunicorn.http.unreader import IterUnreader

from picus_project.server.request import MAX_HEAD_BYTES, ServerRequest, ServerRequestParser


def parse(data: bytes) -> ServerRequest:
    return ServerRequest(Config(), IterUnreader([data]), ("127.0.0.1", 1))


def head(*fields: bytes, line: bytes = b"GET / HTTP/1.1") -> bytes:
    return b"\r\n".join([line, *fields, b"", b""])


@pytest.mark.parametrize(
    ("target", "host"),
    [
        (b"/x", "a"),
        (b"http://b/x", "b"),
        (b"HTTPS://b:443?q", "b:443"),
        (b"http://[::1]:80/x", "[::1]:80"),
        (b"//b/x", "a"),
        (b"/http://b/x", "a"),
    ],
)
def test_the_authority_of_absolute_form_replaces_host(target: bytes, host: str) -> None:
    request = parse(head(b"X: 1", b"Host: a", line=b"GET %b HTTP/1.1" % target))
    assert dict(request.headers)["HOST"] == host
    assert len(request.headers) == 2
    assert request.uri == target.decode()


@pytest.mark.parametrize(
    "data",
    [
        head(),
        head(b"Host: a", b"Host: a"),
        head(b"Host: a/b"),
        head(b"Host: a", line=b"GET http://u@b/ HTTP/1.1"),
        head(b"Host: a", line=b"GET http:///x HTTP/1.1"),
        head(b"Host: a", line=b"GET ftp://b/ HTTP/1.1"),
        head(b"Host: a", line=b"CONNECT b:443 HTTP/1.1"),
        head(b"Host: a", b"X: " + b"x" * MAX_HEAD_BYTES),
    ],
)
def test_an_invalid_head_is_a_parse_error(data: bytes) -> None:
    with pytest.raises(ParseException):
        parse(data)


def test_whole_head_is_limited_like_one_that_arrives() -> None:
    config = Config()
    config.set("limit_request_field_size", 65_536)
    data = head(b"Host: a", *[b"X: " + b"x" * 50_000] * 3)
    with pytest.raises(LimitRequestHeaders):
        ServerRequest(config, IterUnreader([data]), ("127.0.0.1", 1))


@pytest.mark.parametrize("codings", [[b"gzip"], [b"gzip, chunked"], [b"chunked", b"gzip"], [b"identity"]])
def test_only_the_chunked_coding_is_supported(codings: list[bytes]) -> None:
    with pytest.raises(UnsupportedTransferCoding):
        parse(head(b"Host: a", *[b"Transfer-Encoding: " + coding for coding in codings]))


@pytest.mark.parametrize(
    ("version", "fields", "closes"),
    [
        (b"1.1", [], False),
        (b"1.1", [b"Connection: keep-alive, Close"], True),
        (b"1.1", [b"Connection: TE", b"Connection: close"], True),
        (b"1.0", [], True),
        (b"1.0", [b"Connection: TE, Keep-Alive"], False),
        (b"1.9", [], False),
    ],
)
def test_connection_options_decide_if_it_closes(version: bytes, fields: list[bytes], closes: bool) -> None:
    request = parse(head(b"Host: a", *fields, line=b"GET / HTTP/" + version))
    assert request.should_close() is closes
    assert request.version <= (1, 1)


@pytest.mark.parametrize(
    ("chunks", "usable"), [(b"2\r\n{}\r\n0\r\n\r\n", True), (b"zz\r\n", False), (b"2\r\n{", False)]
)
def test_a_malformed_unread_body_ends_the_connection(chunks: bytes, usable: bool) -> None:
    data = head(b"Host: a", b"Transfer-Encoding: chunked") + chunks
    parser = ServerRequestParser(Config(), [data], ("127.0.0.1", 1))
    next(parser)
    assert parser.finish_body() is usable
