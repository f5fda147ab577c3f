"""PATCH /picus/put/{key}: JSON Merge Patch (RFC 7396), exactly, and parallel patches lose nothing."""

import json
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote
from uuid import uuid4

import pytest

from tests.contract.client import JSON_TYPE, Client
from tests.contract.exact import parse_exact
from tests.contract.expect import assert_error, assert_json, assert_not_found

# Target, patch and result: the objects of RFC 7396, appendix A, and others.
MERGES = [
    ('{"a":"b"}', '{"a":"c"}', '{"a":"c"}'),
    ('{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'),
    ('{"a":"b"}', '{"a":null}', "{}"),
    ('{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'),
    ('{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'),
    ('{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'),
    ('{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'),
    ('{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'),
    ('{"e":null}', '{"a":1}', '{"e":null,"a":1}'),
    ("{}", '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'),
    ('{"a":1}', '{"b":[null,{"c":null}]}', '{"a":1,"b":[null,{"c":null}]}'),
    ('{"a":1}', "{}", '{"a":1}'),
    ('{"a":1}', '{"absent":null}', '{"a":1}'),
    ('{"a":"text"}', '{"a":{"b":{"c":1}}}', '{"a":{"b":{"c":1}}}'),
    (
        '{"n":12345678901234567890123456789012345678,"d":0.10}',
        '{"m":1.0000000000000000000000000000000000001,"e":1e125}',
        '{"n":12345678901234567890123456789012345678,"d":0.1,"m":1.0000000000000000000000000000000000001,"e":1e125}',
    ),
    ('{"a":{"object_id":1}}', '{"a":{"object_id":null,"x":2}}', '{"a":{"x":2}}'),
]


def by_value(text: str | bytes) -> object:
    """Return JSON with numbers as Decimal, to compare it by value."""
    from decimal import Decimal

    return json.loads(text, parse_int=Decimal, parse_float=Decimal)


@pytest.mark.parametrize(("target", "patch", "result"), MERGES)
def test_a_patch_merges(client: Client, target: str, patch: str, result: str) -> None:
    key = client.store(target)
    response = client.patch(key, patch)
    assert_json(response)
    assert by_value(response.body) == by_value(
        f'{{"object_id": "{key}", {result.removeprefix("{")}'.replace(", }", "}")
    )
    stored = client.get(key)
    assert by_value(stored.body) == by_value(response.body)
    assert response.header("ETag") == stored.header("ETag")
    assert response.header("Content-Location") == f"/picus/get/{key}"


@pytest.mark.parametrize("key", ["a/b", "é 文", "100%", "a/"])
@pytest.mark.parametrize("suffix", ["", "/", "?x=1"])
def test_any_key_is_patched(client: Client, key: str, suffix: str) -> None:
    key = f"{uuid4()}{key}"
    client.replace(key, '{"a": 1}')
    response = client.patch(key, '{"b": 2}', suffix)
    assert response.header("Content-Location") == f"/picus/get/{quote(key, safe='')}"
    assert client.fetch(key) == {"a": parse_exact("1"), "b": parse_exact("2")}


def test_patch_of_absent_item_is_404(client: Client) -> None:
    key = str(uuid4())
    assert_not_found(client.patch(key, '{"a": 1}'), key)
    assert_error(client.patch(key, '{"a": 1}', If_Match="*"), 412, echo=key)
    assert_not_found(client.get(key), key)


@pytest.mark.parametrize(
    ("patch", "pointer"),
    [
        ("", None),
        ("null", None),
        ("[]", None),
        ('"a"', None),
        ('{"a": 1', None),
        ('{"a": 1, "a": 2}', "/a"),
        ('{"a": {"b": 1e400}}', "/a/b"),
        ('{"": null}', "/"),
        ('{"a": ' + '{"a":' * 32 + "1" + "}" * 33, "/a" * 32),
        ('{"object_id": null}', "/object_id"),
        ('{"object_id": "other"}', "/object_id"),
        ('{"picus_version": "v1:' + "0" * 32 + '"}', "/picus_version"),
    ],
)
def test_a_bad_patch_is_400_and_changes_nothing(client: Client, patch: str, pointer: str | None) -> None:
    key = client.store('{"kept": true}')
    before = client.get(key)
    assert_error(client.patch(key, patch), 400, pointer=pointer)
    after = client.get(key)
    assert (after.body, after.header("ETag")) == (before.body, before.header("ETag"))


def test_a_patch_may_name_the_key_it_patches(client: Client) -> None:
    key = client.store("{}")
    assert client.patch(key, f'{{"object_id": "{key}", "a": 1}}').status == 200
    assert client.fetch(key) == {"a": parse_exact("1")}


def test_patch_beyond_400_kb_is_413_and_changes_nothing(client: Client) -> None:
    key = client.store('{"a": "' + "x" * 300_000 + '"}')
    assert_error(client.patch(key, '{"b": "' + "y" * 200_000 + '"}'), 413)
    assert client.fetch(key) == {"a": "x" * 300_000}


@pytest.mark.parametrize(
    "media_type", ["application/merge-patch+json", "application/json", "application/json; charset=utf-8"]
)
def test_merge_patch_types_are_accepted(client: Client, media_type: str) -> None:
    key = client.store("{}")
    assert client.patch(key, '{"a": 1}', Content_Type=media_type).status == 200


@pytest.mark.parametrize("media_type", ["application/json-patch+json", "application/vnd.api+json", "text/plain"])
def test_other_patch_types_are_415_with_accept_patch(client: Client, media_type: str) -> None:
    key = client.store("{}")
    response = client.patch(key, '{"a": 1}', Content_Type=media_type)
    assert_error(response, 415)
    assert response.header("Accept-Patch") == "application/merge-patch+json, application/json"
    assert client.fetch(key) == {}


def test_options_has_accept_patch(client: Client) -> None:
    response = client.request("OPTIONS", "/picus/put/x")
    assert response.header("Accept-Patch") == "application/merge-patch+json, application/json"
    assert client.request("OPTIONS", "/picus/put").header("Accept-Patch") is None


def test_patch_honours_if_match(client: Client) -> None:
    key = client.store('{"a": 1}')
    tag = client.get(key).header("ETag")
    assert tag
    assert client.patch(key, '{"a": 2}', If_Match=f'"other", W/{tag}').status == 200
    assert_error(client.patch(key, '{"a": 3}', If_Match=tag), 412, echo=key)
    assert client.fetch(key) == {"a": parse_exact("2")}
    assert client.patch(key, '{"a": 4}', If_Match="*").status == 200
    assert_error(client.patch(key, '{"a": 5}', If_Match="nonsense"), 400)


def test_hundred_parallel_patches_lose_nothing(client: Client) -> None:
    key = client.store('{"all": {}}')
    with ThreadPoolExecutor(100) as threads:
        patches = [f'{{"all": {{"n{number}": {number}}}, "top{number}": {{"x": null}}}}' for number in range(100)]
        responses = list(threads.map(lambda patch: client.patch(key, patch), patches))
    assert {response.status for response in responses} == {200}
    assert len({response.header("ETag") for response in responses}) == 100
    item = client.fetch(key)
    assert item.pop("all") == {f"n{number}": parse_exact(str(number)) for number in range(100)}
    assert item == {f"top{number}": {} for number in range(100)}


def test_hundred_patches_of_one_etag_have_one_winner(client: Client) -> None:
    key = client.store('{"a": 0}')
    for _ in range(3):
        tag = client.get(key).header("ETag") or ""
        with ThreadPoolExecutor(100) as threads:
            patch = [f'{{"winner": {number}}}' for number in range(100)]
            responses = list(threads.map(lambda body, tag=tag: client.patch(key, body, If_Match=tag), patch))
        assert [response.status for response in responses].count(200) == 1
        assert {response.status for response in responses} == {200, 412}
        [winner] = [number for number, response in enumerate(responses) if response.status == 200]
        assert client.fetch(key)["winner"] == parse_exact(str(winner))


def test_patch_does_not_recreate_item_deleted_meanwhile(client: Client) -> None:
    for _ in range(10):
        key = client.store('{"a": 1}')
        with ThreadPoolExecutor(2) as threads:
            patched = threads.submit(client.patch, key, '{"b": 1}')
            deleted = threads.submit(client.request, "DELETE", f"/picus/{key}")
        assert deleted.result().status == 200
        assert patched.result().status in (200, 404)
        assert_not_found(client.get(key), key)


def test_patch_of_collection_is_405(client: Client) -> None:
    assert_error(client.request("PATCH", "/picus/put", "{}", JSON_TYPE), 405)
