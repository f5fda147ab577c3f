"""GET /picus/get/{key}: one item, `object_id` included."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from tests.contract.client import Client
from tests.contract.exact import parse_exact
from tests.contract.expect import (
    assert_error,
    assert_json,
    assert_method_refused,
    assert_not_found,
    assert_request_id,
)


def test_an_item_comes_back_with_its_key(client: Client) -> None:
    key = client.store('{"name": "x", "value": 123}')
    response = client.get(key)
    assert assert_json(response) == {"object_id": key, "name": "x", "value": parse_exact("123")}


def test_an_absent_item_is_404(client: Client) -> None:
    key = str(uuid4())
    assert_not_found(client.get(key), key)


def test_a_key_is_compared_exactly(client: Client) -> None:
    key = client.store("{}")
    for other in (key.upper(), key[:-1], f"{key} ", f" {key}", f"{key}/x"):
        assert_not_found(client.get(other), other)


def test_a_percent_encoded_key_is_the_same_key(client: Client) -> None:
    key = client.store('{"a": 1}')
    encoded = "".join(f"%{ord(character):02X}" for character in key)
    response = client.request("GET", f"/picus/get/{encoded}")
    assert assert_json(response) == {"object_id": key, "a": parse_exact("1")}


@pytest.mark.parametrize("suffix", ["/", "?x=1", "/?x=1&y=%2F%20"])
def test_extra_slash_and_query_change_nothing(client: Client, suffix: str) -> None:
    key = client.store('{"a": 1}')
    assert client.get(key, suffix).body == client.get(key).body
    assert client.get(key, suffix).status == 200
    absent = str(uuid4())
    assert_not_found(client.get(absent, suffix), absent)


def test_a_get_after_the_delete_is_404_at_once(client: Client) -> None:
    for _ in range(5):
        key = client.store('{"a": 1}')
        assert client.get(key).status == 200
        assert client.delete(key).status == 200
        assert_not_found(client.get(key), key)


def test_head_has_headers_of_get_without_body(client: Client) -> None:
    key = client.store('{"a": 1}')
    for target, status in ((key, 200), (str(uuid4()), 404)):
        response = client.request("HEAD", f"/picus/get/{target}")
        assert (response.status, response.media_type, response.body) == (status, "application/json", b"")
        assert_request_id(response)


def test_options_lists_methods_of_path(client: Client) -> None:
    response = client.request("OPTIONS", f"/picus/get/{uuid4()}")
    assert response.status in (200, 204)
    assert response.allow - {"HEAD", "OPTIONS"} == {"GET"}
    assert_request_id(response)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_other_methods_are_405(client: Client, method: str) -> None:
    key = client.store('{"a": 1}')
    assert_method_refused(client.request(method, f"/picus/get/{key}"), "GET")
    assert client.fetch(key) == {"a": parse_exact("1")}


def test_unsatisfiable_accept_is_406(client: Client) -> None:
    key = client.store("{}")
    assert_error(client.get(key, Accept="application/xml"), 406)


@pytest.mark.parametrize("target", ["/picus/get/", "/picus/get/?x=1"])
def test_path_without_key_is_404(client: Client, target: str) -> None:
    assert_error(client.request("GET", target), 404)


def test_parallel_gets_return_their_own_items(client: Client) -> None:
    keys = [client.store(f'{{"n": {n}}}') for n in range(8)]
    with ThreadPoolExecutor(8) as pool:
        items = list(pool.map(client.fetch, keys * 5))
    assert items == [{"n": parse_exact(str(n))} for n in range(8)] * 5
