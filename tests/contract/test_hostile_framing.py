"""Malformed and oversized requests are refused quickly, in the error shape, and the service goes on."""

from collections.abc import Iterator

import pytest

from tests.contract.client import Client
from tests.contract.expect import (
    QUICK_SECONDS,
    assert_error,
    assert_malformed_is_refused,
    assert_not_found,
    assert_still_serves,
)

JSON_FIELD = "Content-Type: application/json"
HUNDRED_MB = 100 * 1024 * 1024


@pytest.fixture(autouse=True)
def still_serves(client: Client) -> Iterator[None]:
    """Assert after each test that an ordinary request still succeeds."""
    yield
    assert_still_serves(client)


def filler(size: int) -> Iterator[bytes]:
    """Yield a JSON object of about this many bytes, in pieces."""
    yield b'{"a": "'
    for _ in range(size // 65536):
        yield b"x" * 65536
    yield b'"}'


def test_two_different_content_lengths_are_400(client: Client) -> None:
    head = client.head_of("POST", "/picus/put", JSON_FIELD, "Content-Length: 8", "Content-Length: 9")
    assert_malformed_is_refused(client.exchange([head, b'{"a": 1} ']), 400)


def test_two_different_content_lengths_delete_nothing(client: Client) -> None:
    key = client.store('{"kept": true}')
    head = client.head_of("DELETE", f"/picus/{key}", "Content-Length: 2", "Content-Length: 3")
    assert_malformed_is_refused(client.exchange([head, b"{} "]), 400)
    assert client.fetch(key) == {"kept": True}


@pytest.mark.parametrize("length", ["abc", "-1", "+8", "8.0", "0x8", "8, 9", "8 8", "9" * 30])
def test_malformed_content_length_is_refused(client: Client, length: str) -> None:
    head = client.head_of("POST", "/picus/put", JSON_FIELD, f"Content-Length: {length}")
    assert_malformed_is_refused(client.exchange([head, b'{"a": 1}'], half_close=not client.secure), 400, 413)


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_truncated_body_is_400(client: Client, method: str) -> None:
    if client.secure:
        pytest.skip("TLS cannot be half-closed")
    key = client.store('{"kept": true}')
    target = "/picus/put" if method == "POST" else f"/picus/{key}"
    head = client.head_of(method, target, JSON_FIELD, "Content-Length: 100")
    assert_malformed_is_refused(client.exchange([head, b'{"a": 1}'], half_close=True), 400)
    assert client.fetch(key) == {"kept": True}


def test_truncated_chunked_body_is_400(client: Client) -> None:
    if client.secure:
        pytest.skip("TLS cannot be half-closed")
    head = client.head_of("POST", "/picus/put", JSON_FIELD, "Transfer-Encoding: chunked")
    for rest in (b'8\r\n{"a": 1}\r\n', b'64\r\n{"a": 1}', b"8"):
        assert_malformed_is_refused(client.exchange([head, rest], half_close=True), 400)


@pytest.mark.parametrize("chunk", [b'zz\r\n{"a": 1}', b'-8\r\n{"a": 1}\r\n0\r\n\r\n', b'8{"a": 1}\r\n0\r\n\r\n'])
def test_malformed_chunks_are_400(client: Client, chunk: bytes) -> None:
    head = client.head_of("POST", "/picus/put", JSON_FIELD, "Transfer-Encoding: chunked")
    assert_malformed_is_refused(client.exchange([head, chunk], half_close=not client.secure), 400)


@pytest.mark.parametrize("encoding", ["gzip", "gzip, chunked", "chunked, chunked", "x"])
def test_an_unknown_transfer_encoding_is_refused(client: Client, encoding: str) -> None:
    head = client.head_of("POST", "/picus/put", JSON_FIELD, f"Transfer-Encoding: {encoding}")
    response = client.exchange([head, b'8\r\n{"a": 1}\r\n0\r\n\r\n'], half_close=not client.secure)
    assert_malformed_is_refused(response, 400, 501)


def test_length_with_chunks_is_never_two_requests(client: Client) -> None:
    key = client.store('{"kept": true}')
    fields = (JSON_FIELD, "Content-Length: 4", "Transfer-Encoding: chunked")
    smuggled = client.head_of("DELETE", f"/picus/{key}")
    response = client.exchange([client.head_of("POST", "/picus/put", *fields) + b"0\r\n\r\n" + smuggled])
    assert_malformed_is_refused(response, 400)
    assert client.fetch(key) == {"kept": True}


def test_hundred_megabytes_are_413_for_the_client(client: Client) -> None:
    head = client.head_of("POST", "/picus/put", JSON_FIELD, f"Content-Length: {HUNDRED_MB + 9}")
    response = client.exchange([head, *filler(HUNDRED_MB)])
    assert_error(response, 413)
    assert response.seconds < QUICK_SECONDS


def test_large_body_is_413_before_it_is_read(client: Client) -> None:
    head = client.head_of("POST", "/picus/put", JSON_FIELD, f"Content-Length: {HUNDRED_MB}")
    response = client.exchange([head])
    assert_error(response, 413)
    assert response.seconds < QUICK_SECONDS


def test_large_body_with_expect_is_413(client: Client) -> None:
    fields = (JSON_FIELD, f"Content-Length: {HUNDRED_MB}", "Expect: 100-continue")
    response = client.exchange([client.head_of("POST", "/picus/put", *fields)])
    assert_error(response, 413)
    assert response.seconds < QUICK_SECONDS


def test_a_hundred_megabytes_in_chunks_are_413(client: Client) -> None:
    head = client.head_of("POST", "/picus/put", JSON_FIELD, "Transfer-Encoding: chunked")
    chunks = (b"%x\r\n%b\r\n" % (len(piece), piece) for piece in filler(HUNDRED_MB))
    response = client.exchange([head, *chunks, b"0\r\n\r\n"])
    assert_error(response, 413)
    assert response.seconds < QUICK_SECONDS


def test_client_that_sends_all_first_reads_413(client: Client) -> None:
    assert_error(client.put(b"".join(filler(3 * 1024 * 1024))), 413)


def test_a_hundred_megabytes_delete_nothing(client: Client) -> None:
    key = client.store('{"kept": true}')
    head = client.head_of("DELETE", f"/picus/{key}", f"Content-Length: {HUNDRED_MB + 9}")
    response = client.exchange([head, *filler(HUNDRED_MB)])
    assert_error(response, 413)
    assert response.seconds < QUICK_SECONDS
    assert client.fetch(key) == {"kept": True}


@pytest.mark.parametrize("target", ["/picus/list", "/picus/absent"])
def test_endless_headers_are_refused(client: Client, target: str) -> None:
    head = client.head_of("GET", target, "X-Long: " + "x" * 200_000)
    assert_malformed_is_refused(client.exchange([head]), 400, 431)


ABSENT = pytest.mark.parametrize(("method", "path"), [("GET", "/picus/get/absent"), ("DELETE", "/picus/absent")])
HARMLESS_FIELDS = {
    "the same one 50 times": ["X-Field: x"] * 50,
    "no value": ["X-Empty:"],
    "underscores": ["X_Field: x", "CONTENT_LENGTH: 5", "HTTP_HOST: evil"],
    "contradictory schemes": ["X-Forwarded-Ssl: on", "X-Forwarded-Protocol: ssl", "X-Forwarded-Proto: gopher"],
    "a prefix of WSGI's": ["SCRIPT_NAME: /x"],
    "a path of WSGI's": ["PATH_INFO: /__version__"],
    "a proxy of CGI's": ["Proxy: http://evil.example"],
    "an upgrade": ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk"],
    "hop by hop": ["Connection: Host, X-Api-Key, Accept", "Keep-Alive: x", "TE: trailers"],
    "a type that is none": ['Content-Type: "'],
}
EXCESSIVE_FIELDS = {
    "one of 10,000 bytes": ["X-Long: " + "x" * 10_000],
    "150 of them": [f"X-Field-{n}: {n}" for n in range(150)],
    "not ASCII": ["X-Field: \u00e9\U0001f600"],
    "an unknown expectation": ["Expect: the unexpected"],
}


@pytest.mark.parametrize("fields", HARMLESS_FIELDS.values(), ids=HARMLESS_FIELDS)
@ABSENT
def test_odd_header_fields_change_nothing(client: Client, method: str, path: str, fields: list[str]) -> None:
    assert_not_found(client.exchange([client.head_of(method, path, *fields)]), "absent")


@pytest.mark.parametrize("fields", EXCESSIVE_FIELDS.values(), ids=EXCESSIVE_FIELDS)
@ABSENT
def test_excessive_header_fields_are_taken_or_refused(
    client: Client, method: str, path: str, fields: list[str]
) -> None:
    response = client.exchange([client.head_of(method, path, *fields)])
    if response.status == 404:
        assert_not_found(response, "absent")
    else:
        assert_malformed_is_refused(response, 400, 417, 431)


@pytest.mark.parametrize("target", ["/picus/get/", "/picus/"])
def test_endless_path_is_refused(client: Client, target: str) -> None:
    head = client.head_of("DELETE", target + "x" * 200_000)
    assert_malformed_is_refused(client.exchange([head]), 400, 404, 413, 414, 431)


GARBAGE = {
    "words": b"hello there\r\n\r\n",
    "a TLS greeting": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "no version": b"GET /picus/list\r\n\r\n",
    "no Host": b"GET /picus/list HTTP/1.1\r\n\r\n",
    "a field without a colon": b"GET /picus/list HTTP/1.1\r\nHost: x\r\nnonsense\r\n\r\n",
    "a space before the colon": b"GET /picus/list HTTP/1.1\r\nHost: x\r\nContent-Length : 0\r\n\r\n",
    "raw bytes in the path": b"GET /picus/get/\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
    "a space in the path": b"GET /picus/get/a b HTTP/1.1\r\nHost: x\r\n\r\n",
}


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE)
def test_malformed_request_is_400(client: Client, garbage: bytes) -> None:
    sent = garbage.replace(b"Host: x", b"Host: " + client.host.encode())
    assert_malformed_is_refused(client.exchange([sent], half_close=not client.secure), 400)
