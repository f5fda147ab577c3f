"""Bad input gets its status quickly, in the error shape, and the service goes on."""

from collections.abc import Iterator

import pytest

from tests.contract.client import Client
from tests.contract.expect import (
    QUICK_SECONDS,
    assert_error,
    assert_malformed_is_refused,
    assert_method_refused,
    assert_not_found,
    assert_still_serves,
)


@pytest.fixture(autouse=True)
def still_serves(client: Client) -> Iterator[None]:
    """Assert after each test that an ordinary request still succeeds."""
    yield
    assert_still_serves(client)


DEEP = {
    "lists": '{"a": ' + "[" * 10_000 + "]" * 10_000 + "}",
    "objects": '{"a":' * 10_000 + "1" + "}" * 10_000,
    "lists that never close": '{"a": ' + "[" * 10_000,
    "objects that never close": '{"a":' * 10_000,
    "lists as the body": "[" * 10_000 + "]" * 10_000,
    "a million lists": '{"a": ' + "[" * 1_000_000,
}


@pytest.mark.parametrize("body", DEEP.values(), ids=DEEP)
def test_ten_thousand_levels_are_400(client: Client, body: str) -> None:
    response = client.put(body)
    assert_error(response, 400)
    assert response.seconds < QUICK_SECONDS


NUMBERS = {
    "10,000 digits": "7" * 10_000,
    "a million digits": "7" * 1_000_000,
    "a million zeros": "1" + "0" * 1_000_000,
    "1e400": "1e400",
    "an exponent of a billion": "1e1000000000",
    "an exponent of minus a billion": "1e-1000000000",
    "an exponent of 10,000 digits": "1e" + "9" * 10_000,
}


@pytest.mark.parametrize("number", NUMBERS.values(), ids=NUMBERS)
def test_a_monstrous_number_is_400_with_its_pointer(client: Client, number: str) -> None:
    response = client.put(f'{{"a": [0, {number}]}}')
    assert_error(response, 400, pointer="/a/1")
    assert response.seconds < QUICK_SECONDS


def test_invalid_utf8_is_400(client: Client) -> None:
    assert_error(client.put(b'{"a": "' + bytes(range(0x80, 0x100)) + b'"}'), 400)


# Percent-encoded as a whole, 3,000 bytes would not fit into CloudFront's 8,192 bytes of URL.
LONG_KEYS = {"k" * 3000: "k" * 3000, "%C3%A9" * 1000 + "k" * 1000: "é" * 1000 + "k" * 1000}


@pytest.mark.parametrize(("written", "key"), LONG_KEYS.items(), ids=["ASCII", "UTF-8"])
def test_a_key_of_three_thousand_bytes_is_404(client: Client, written: str, key: str) -> None:
    got = client.request("GET", f"/picus/get/{written}")
    deleted = client.request("DELETE", f"/picus/{written}")
    assert_not_found(got, key)
    assert_not_found(deleted, key)
    assert got.body == deleted.body


def test_no_key_is_404(client: Client) -> None:
    assert_error(client.request("GET", "/picus/get/"), 404)
    assert_error(client.request("DELETE", "/picus/"), 404)


def test_the_list_cannot_be_deleted(client: Client) -> None:
    key = client.store("{}")
    assert_method_refused(client.request("DELETE", "/picus/list"), "GET")
    assert key in client.listed()


@pytest.mark.parametrize(
    ("target", "served"),
    [("/picus/list", "GET"), ("/picus/put", "POST"), ("/picus/x", "DELETE"), ("/picus/get/x", "GET")],
)
@pytest.mark.parametrize("method", ["BREW", "PROPFIND", "get", "A" * 60])
def test_an_unknown_method_is_405(client: Client, method: str, target: str, served: str) -> None:
    response = client.request(method, target)
    if response.header("Server") == "CloudFront":
        assert 400 <= response.status < 500
        return
    assert_error(response, 405, echo=method)
    # Whoever refuses it, the edge by its template or the compute, must name what would have worked.
    assert served in response.allow, response
    assert method not in response.allow, response


def test_unknown_method_on_unknown_path_is_error(client: Client) -> None:
    assert_malformed_is_refused(client.request("BREW", "/nothing"), 404, 405)
