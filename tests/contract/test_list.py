"""GET /picus/list: one JSON array of every item in the table, however many."""

import pytest

from tests.contract.client import Client
from tests.contract.exact import Json, parse_exact
from tests.contract.expect import assert_error, assert_json, assert_method_refused, assert_request_id


def test_an_empty_table_is_an_empty_array(client: Client, own_stack: bool) -> None:
    response = client.request("GET", "/picus/list")
    items = assert_json(response)
    if not own_stack and items:
        pytest.skip("the table holds items of others")
    assert items == []
    assert response.body.strip() == b"[]"


def test_every_item_is_listed_once_and_whole(client: Client) -> None:
    bodies = [f'{{"n": {n}, "nested": {{"decimal": {n}.25, "list": [null, true, ""]}}}}' for n in range(12)]
    keys = [client.store(body) for body in bodies]
    listed = client.listed()
    for key, body in zip(keys, bodies, strict=True):
        sent = parse_exact(body)
        assert isinstance(sent, dict)
        assert listed[key] == {"object_id": key, **sent}


def test_an_item_reads_the_same_in_the_list_and_alone(client: Client) -> None:
    key = client.store('{"a": 1.10, "b": 12345678901234567890123456789012345678, "c": "\\u0000é😀"}')
    assert client.listed()[key] == client.get(key).object


def test_a_table_of_more_than_one_page_is_listed_completely(client: Client) -> None:
    # DynamoDB ends a page at 1 MB: these are 1.5 MB.
    keys = [client.store(f'{{"n": {n}, "filler": "{"x" * 380_000}"}}') for n in range(4)]
    listed = client.listed()
    filler: Json = "x" * 380_000
    assert [listed[key]["filler"] == filler for key in keys] == [True] * 4


def test_a_deleted_item_is_gone_from_the_list_at_once(client: Client) -> None:
    kept, deleted = client.store('{"is": "kept"}'), client.store('{"is": "deleted"}')
    assert {kept, deleted} <= client.listed().keys()
    assert client.delete(deleted).status == 200
    listed = client.listed()
    assert kept in listed
    assert deleted not in listed


@pytest.mark.parametrize("target", ["/picus/list/", "/picus/list?_x=1", "/picus/list/?_x=0&_a=%2F"])
def test_extra_slash_and_query_change_nothing(client: Client, target: str) -> None:
    key = client.store('{"a": 1}')
    response = client.request("GET", target)
    items = assert_json(response)
    assert isinstance(items, list)
    assert {"object_id": key, "a": parse_exact("1")} in items


def test_head_has_headers_of_get_without_body(client: Client) -> None:
    response = client.request("HEAD", "/picus/list")
    assert (response.status, response.media_type, response.body) == (200, "application/json", b"")
    assert_request_id(response)


def test_options_lists_methods_of_path(client: Client) -> None:
    response = client.request("OPTIONS", "/picus/list")
    assert response.status in (200, 204)
    assert response.allow - {"HEAD", "OPTIONS"} == {"GET"}
    assert_request_id(response)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("target", ["/picus/list", "/picus/list/"])
def test_other_methods_are_405(client: Client, method: str, target: str) -> None:
    assert_method_refused(client.request(method, target), "GET")


def test_unsatisfiable_accept_is_406(client: Client) -> None:
    assert_error(client.request("GET", "/picus/list", headers={"Accept": "application/xml"}), 406)


@pytest.mark.parametrize("accept", ["*/*", "application/*", "application/json", "text/csv;q=0.9, */*;q=0.1"])
def test_other_clients_get_json(client: Client, accept: str) -> None:
    assert isinstance(assert_json(client.request("GET", "/picus/list", headers={"Accept": accept})), list)


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("application/json;q=0.1, application/x-ndjson", "application/x-ndjson"),
        ("application/x-ndjson;q=0.4, application/json;q=0.5", "application/json"),
        ("*/*;q=0.1, application/x-ndjson; Q=0.2", "application/x-ndjson"),
        ("application/json;q=0, application/*", "application/x-ndjson"),
        ("application/json;q=0.001, text/csv", "application/json"),
    ],
)
def test_a_client_gets_the_type_that_it_prefers(client: Client, accept: str, media_type: str) -> None:
    response = client.request("GET", "/picus/list", headers={"Accept": accept})
    assert response.status == 200
    assert response.media_type == media_type


def test_a_type_of_quality_zero_is_not_acceptable(client: Client) -> None:
    assert_error(client.request("GET", "/picus/list", headers={"Accept": "application/json;q=0"}), 406)
