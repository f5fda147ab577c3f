"""POST /picus/put: one JSON object becomes one item under a key that the service assigns."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest

from tests.contract.client import Client
from tests.contract.exact import parse_exact
from tests.contract.expect import assert_error, assert_json, assert_method_refused, assert_request_id

FORM = "application/x-www-form-urlencoded"


def test_post_is_201_with_uuid4_and_location(client: Client) -> None:
    response = client.put('{"name": "x", "value": 123}')
    created = assert_json(response, 201)
    assert isinstance(created, dict)
    assert list(created) == ["object_id"]
    key = str(created["object_id"])
    assert str(UUID(key)) == key
    assert UUID(key).version == 4
    assert response.header("Location") == f"/picus/get/{key}"


def test_the_location_leads_to_the_item(client: Client) -> None:
    response = client.put('{"a": [1, "two", null]}')
    location = response.header("Location")
    assert location is not None
    item = assert_json(client.request("GET", location))
    assert item == {"object_id": response.object["object_id"], "a": parse_exact('[1, "two", null]')}


def test_the_same_body_twice_makes_two_items(client: Client) -> None:
    first, second = client.store('{"a": 1}'), client.store('{"a": 1}')
    assert first != second
    assert client.fetch(first) == client.fetch(second) == {"a": parse_exact("1")}


def test_parallel_posts_store_one_item_each(client: Client) -> None:
    bodies = [f'{{"n": {n}}}' for n in range(64)]
    with ThreadPoolExecutor(16) as pool:
        keys = list(pool.map(client.store, bodies))
    assert len(set(keys)) == 64
    listed = client.listed()
    expected = {key: {"object_id": key, "n": parse_exact(str(n))} for n, key in enumerate(keys)}
    assert {key: listed.get(key) for key in keys} == expected


@pytest.mark.parametrize("suffix", ["/", "?x=1", "/?x=1"])
def test_extra_slash_and_query_change_nothing(client: Client, suffix: str) -> None:
    response = client.put('{"a": 1}', suffix)
    assert response.status == 201
    assert client.fetch(str(response.object["object_id"])) == {"a": parse_exact("1")}


@pytest.mark.parametrize(
    "media_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8",
        "Application/JSON",
        "application/vnd.api+json",
        "application/merge-patch+json; profile=x",
    ],
)
def test_json_types_are_accepted(client: Client, media_type: str) -> None:
    response = client.put('{"a": "é"}', Content_Type=media_type)
    assert response.status == 201, response
    assert client.fetch(str(response.object["object_id"])) == {"a": "é"}


@pytest.mark.parametrize(
    "media_type",
    [
        "text/plain",
        "text/json",
        FORM,
        "multipart/form-data; boundary=x",
        "application/xml",
        "json",
        "*/*",
        "+json",
    ],
)
def test_other_types_are_415(client: Client, media_type: str) -> None:
    assert_error(client.put('{"a": 1}', Content_Type=media_type), 415)


def test_a_missing_type_is_415(client: Client) -> None:
    assert_error(client.request("POST", "/picus/put", '{"a": 1}'), 415)


def test_form_is_415_whatever_its_fields(client: Client) -> None:
    body = "_content_type=application%2Fjson&_content=%7B%22a%22%3A1%7D&_method=PUT"
    assert_error(client.put(body, Content_Type=FORM), 415)


def test_unsatisfiable_accept_is_406_and_stores_nothing(client: Client) -> None:
    assert_error(client.put('{"a": "refused with 406"}', Accept="application/xml"), 406)
    assert "refused with 406" not in [item.get("a") for item in client.listed().values()]


def test_a_refused_body_stores_nothing(client: Client) -> None:
    assert_error(client.put('{"a": "refused with 400", "b": 1e400}'), 400, pointer="/b")
    assert "refused with 400" not in [item.get("a") for item in client.listed().values()]


@pytest.mark.parametrize("size", [1, 7, 4096])
def test_a_chunked_body_works(client: Client, size: int) -> None:
    body = ('{"a": "' + "é" * 3000 + '"}').encode()
    head = client.head_of("POST", "/picus/put", "Content-Type: application/json", "Transfer-Encoding: chunked")
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)
    response = client.exchange([head, chunks, b"0\r\n\r\n"])
    assert_json(response, 201)
    assert client.fetch(str(response.object["object_id"])) == {"a": "é" * 3000}


def test_a_body_announced_with_expect_works(client: Client) -> None:
    fields = ("Content-Type: application/json", "Content-Length: 8", "Expect: 100-continue")
    response = client.exchange([client.head_of("POST", "/picus/put", *fields) + b'{"a": 1}'])
    assert_json(response, 201)


def test_options_lists_methods_of_path(client: Client) -> None:
    response = client.request("OPTIONS", "/picus/put")
    assert response.status in (200, 204)
    assert response.allow - {"OPTIONS"} == {"POST"}
    assert_request_id(response)


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("target", ["/picus/put", "/picus/put/"])
def test_other_methods_are_405(client: Client, method: str, target: str) -> None:
    assert_method_refused(client.request(method, target), "POST")


def test_head_is_refused_without_a_body(client: Client) -> None:
    response = client.request("HEAD", "/picus/put")
    assert (response.status, response.body) == (405, b"")
    assert response.allow - {"OPTIONS"} == {"POST"}
    assert_request_id(response)
