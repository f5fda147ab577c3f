"""DELETE /picus/{key}: one conditional delete."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import uuid4

import pytest

from tests.contract.client import Client
from tests.contract.exact import Response, parse_exact
from tests.contract.expect import BROWSER, assert_error, assert_json, assert_not_found, assert_request_id


def test_item_is_deleted_with_message(client: Client) -> None:
    key = client.store('{"a": 1}')
    assert assert_json(client.delete(key)) == {"message": f'Item with key "{key}" deleted successfully'}
    assert_not_found(client.get(key), key)


def test_an_absent_item_is_404(client: Client) -> None:
    key = str(uuid4())
    assert_not_found(client.delete(key), key)


def test_the_second_delete_is_404(client: Client) -> None:
    key = client.store("{}")
    assert client.delete(key).status == 200
    assert_not_found(client.delete(key), key)
    assert_not_found(client.delete(key), key)


def test_no_other_item_is_touched(client: Client) -> None:
    kept, deleted = client.store('{"a": 1}'), client.store('{"a": 1}')
    assert client.delete(deleted).status == 200
    assert client.fetch(kept) == {"a": parse_exact("1")}


def test_a_key_is_compared_exactly(client: Client) -> None:
    key = client.store('{"a": 1}')
    for other in (key.upper(), key[:-1], f"{key} ", f" {key}", f"{key}/x"):
        assert_not_found(client.delete(other), other)
    assert client.fetch(key) == {"a": parse_exact("1")}


def test_one_of_two_parallel_deletes_succeeds(client: Client) -> None:
    for key in [client.store("{}") for _ in range(8)]:
        together = Barrier(2)

        def delete(key: str = key, together: Barrier = together) -> Response:
            together.wait()
            return client.delete(key)

        with ThreadPoolExecutor(2) as pool:
            responses = [future.result() for future in (pool.submit(delete), pool.submit(delete))]
        won, lost = sorted(responses, key=lambda response: response.status)
        assert won.status == 200
        assert_not_found(lost, key)


def test_a_percent_encoded_key_is_the_same_key(client: Client) -> None:
    key = client.store("{}")
    response = client.request("DELETE", "/picus/" + "".join(f"%{ord(character):02x}" for character in key))
    assert assert_json(response) == {"message": f'Item with key "{key}" deleted successfully'}


@pytest.mark.parametrize("suffix", ["/", "?x=1", "/?x=1&y=%2F%20"])
def test_extra_slash_and_query_change_nothing(client: Client, suffix: str) -> None:
    key = client.store("{}")
    message = f'Item with key "{key}" deleted successfully'
    assert assert_json(client.delete(key, suffix)) == {"message": message}
    assert_not_found(client.delete(key, suffix), key)


@pytest.mark.parametrize("body", ['{"a": 1}', '{"object_id": "x"}', "{", "", b"\xff\x00\xfe", "x" * 100_000])
def test_delete_ignores_a_body(client: Client, body: str | bytes) -> None:
    key = client.store("{}")
    response = client.request("DELETE", f"/picus/{key}", body, {"Content-Type": "application/json"})
    assert assert_json(response) == {"message": f'Item with key "{key}" deleted successfully'}


def test_a_browser_gets_json_too(client: Client) -> None:
    key = client.store("{}")
    assert_json(client.delete(key, Accept=BROWSER))
    assert_not_found(client.delete(key, Accept=BROWSER), key)


@pytest.mark.parametrize("target", ["/picus/", "/picus/?x=1"])
def test_path_without_key_is_404(client: Client, target: str) -> None:
    assert_error(client.request("DELETE", target), 404)


def test_options_lists_methods_of_path(client: Client) -> None:
    key = client.store('{"a": 1}')
    response = client.request("OPTIONS", f"/picus/{key}")
    assert response.status in (200, 204)
    assert response.allow - {"OPTIONS"} == {"DELETE"}
    assert_request_id(response)
    assert client.fetch(key) == {"a": parse_exact("1")}


def test_head_is_refused_without_a_body(client: Client) -> None:
    key = client.store("{}")
    response = client.request("HEAD", f"/picus/{key}")
    assert (response.status, response.body) == (405, b"")
    assert response.allow - {"OPTIONS"} == {"DELETE"}
    assert_request_id(response)
