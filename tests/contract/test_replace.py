"""PUT /picus/put/{key}: one JSON object becomes the item under a key that the client chooses."""

from urllib.parse import quote
from uuid import uuid4

import pytest

from tests.contract.client import JSON_TYPE, Client
from tests.contract.exact import parse_exact
from tests.contract.expect import assert_error, assert_json, assert_method_refused, assert_not_found

KEYS = [
    "plain",
    "a/b",
    "a/",
    "/",
    "two words",
    'it\'s "quoted"',
    "é 文 🦜",
    "100%",
    "a%2Fb",
    "a+b",
    "?#&=;",
    "a\nb",
    "\0",
]
LOOKALIKES = ["get", "listing", "lists/x", "list/x", "putting", "LIST", "Put/x", "...", "a/../b", "__version__"]
SHADOWED = ["list", "list/", "put", "put/", "put/x", "get/", "get/x", "get/a/b", ".", ".."]


@pytest.mark.parametrize("name", KEYS + LOOKALIKES)
def test_first_put_creates_and_next_puts_replace(client: Client, name: str) -> None:
    key = f"{name} {uuid4()}" if name not in LOOKALIKES else name
    client.delete(key)
    created = client.replace(key, '{"a": 1, "b": 2}')
    assert assert_json(created, 201) == {"object_id": key}
    assert created.header("Location") == f"/picus/get/{quote(key, safe='')}"
    assert client.fetch(key) == {"a": parse_exact("1"), "b": parse_exact("2")}
    replaced = client.replace(key, '{"c": 1.10}')
    assert assert_json(replaced) == {"object_id": key}
    assert replaced.header("Location") is None
    assert client.fetch(key) == {"c": parse_exact("1.1")}
    assert client.delete(key).status == 200
    assert client.replace(key, "{}").status == 201


def test_the_longest_key_works_and_a_longer_one_is_400(client: Client) -> None:
    stem = str(uuid4())
    longest = stem + "é" * ((2048 - len(stem)) // 2)
    assert client.replace(longest, "{}").status == 201
    assert client.fetch(longest) == {}
    assert_error(client.replace(longest + "x", "{}"), 400)


@pytest.mark.parametrize("key", SHADOWED)
def test_reserved_key_is_400_and_stores_nothing(client: Client, key: str) -> None:
    written = "/picus/put/" + quote(key, safe="").replace(".", "%2E")
    assert_error(client.request("PUT", written, "{}", JSON_TYPE), 400)
    assert_error(client.request("PATCH", written, "{}", JSON_TYPE), 400, 404)
    assert key not in client.listed()


@pytest.mark.parametrize("suffix", ["/", "?x=1", "/?x=1"])
def test_extra_slash_and_query_change_nothing(client: Client, suffix: str) -> None:
    key = str(uuid4())
    assert assert_json(client.replace(key, "{}", suffix), 201) == {"object_id": key}


def test_body_may_repeat_key_of_path(client: Client) -> None:
    key = str(uuid4())
    assert client.replace(key, f'{{"object_id": "{key}", "a": 1}}').status == 201
    item = client.get(key).body
    assert client.replace(key, item).status == 200
    assert client.get(key).body == item
    for other in ('"other"', "1", "null", f'["{key}"]'):
        assert_error(client.replace(key, f'{{"object_id": {other}}}'), 400, pointer="/object_id")
    assert client.get(key).body == item


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ("", None),
        ("[]", None),
        ("null", None),
        ('{"a": 1', None),
        ('{"a": 1, "a": 2}', "/a"),
        ('{"a": [NaN]}', "/a/0"),
        ('{"a": {"b": 1e400}}', "/a/b"),
        ('{"": 1}', "/"),
        ('{"a": ' + "[" * 32 + "]" * 32 + "}", "/a" + "/0" * 31),
    ],
)
def test_put_refuses_what_post_refuses(client: Client, body: str, pointer: str | None) -> None:
    key = str(uuid4())
    client.replace(key, '{"kept": true}')
    assert_error(client.replace(key, body), 400, pointer=pointer)
    assert client.fetch(key) == {"kept": True}


def test_too_large_item_is_413_and_changes_nothing(client: Client) -> None:
    key = str(uuid4())
    client.replace(key, '{"kept": true}')
    assert_error(client.replace(key, '{"a": "' + "x" * 410_000 + '"}'), 413)
    assert client.fetch(key) == {"kept": True}


def test_other_media_types_are_415(client: Client) -> None:
    key = str(uuid4())
    assert_error(client.replace(key, "{}", Content_Type="text/plain"), 415)
    assert_error(client.request("PUT", f"/picus/put/{key}", "{}"), 415)
    assert_not_found(client.get(key), key)


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE"])
def test_other_methods_are_405(client: Client, method: str) -> None:
    response = client.request(method, f"/picus/put/{uuid4()}")
    if method == "HEAD":
        assert (response.status, response.body) == (405, b"")
    else:
        assert_method_refused(response, "PUT", "PATCH")


def test_options_lists_methods_of_path(client: Client) -> None:
    response = client.request("OPTIONS", f"/picus/put/{uuid4()}")
    assert response.status in (200, 204)
    assert response.allow - {"OPTIONS"} == {"PUT", "PATCH"}


def test_a_key_that_is_no_text_is_400(client: Client) -> None:
    assert_error(client.request("PUT", "/picus/put/%FF", "{}", JSON_TYPE), 400)
