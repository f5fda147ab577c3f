"""Clients that close after one request: HTTP/1.0, and `Connection: close`, with every kind of body."""

import pytest

from tests.contract.client import Client
from tests.contract.expect import QUICK_SECONDS, assert_not_found, assert_still_serves

JSON = "Content-Type: application/json"
CHUNKED = b"2\r\n{}\r\n0\r\n\r\n"


@pytest.mark.parametrize(
    ("fields", "body"),
    [(("Content-Length: 2",), b"{}"), (("Transfer-Encoding: chunked",), CHUNKED)],
    ids=["with a length", "chunked"],
)
def test_put_on_closing_connection_works(client: Client, fields: tuple[str, ...], body: bytes) -> None:
    head = client.head_of("POST", "/picus/put", JSON, "Connection: close", *fields)
    response = client.exchange([head, body])
    assert response.status == 201, response
    assert response.seconds < QUICK_SECONDS
    assert_still_serves(client)


def test_chunked_delete_on_closing_connection_works(client: Client) -> None:
    head = client.head_of("DELETE", "/picus/absent", "Connection: close", "Transfer-Encoding: chunked")
    assert_not_found(client.exchange([head, CHUNKED]), "absent")
    assert_still_serves(client)


def test_put_over_http_1_0_works(client: Client) -> None:
    head = client.head_of("POST", "/picus/put", JSON, "Content-Length: 2").replace(b"HTTP/1.1", b"HTTP/1.0", 1)
    response = client.exchange([head, b"{}"])
    assert response.status == 201, response
    assert_still_serves(client)
