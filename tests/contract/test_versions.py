"""ETags and preconditions (RFC 9110, section 13), on both computes."""

import re
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from tests.contract.client import Client
from tests.contract.exact import Response, parse_exact
from tests.contract.expect import BROWSER, assert_error, assert_json, assert_not_found, assert_request_id

MALFORMED = [
    "",
    ",",
    "abc",
    '"abc',
    'abc"',
    "'abc'",
    '"a" "b"',
    'w/"a"',
    'W/ "a"',
    '"a b"',
    '*, "a"',
    '"a",*',
    "W/",
    "**",
]


def tag_of(response: Response) -> str:
    """Return the ETag of a response, which must be strong."""
    tag = response.header("ETag")
    assert tag is not None, response
    assert re.fullmatch(r'"[!#-~]+"', tag), tag
    return tag


def current(client: Client, key: str) -> str:
    response = client.get(key)
    assert response.status == 200, response
    return tag_of(response)


@pytest.fixture
def key(client: Client) -> str:
    return client.store('{"a": 1, "b": {"c": [1.50, null, true]}}')


def test_get_has_a_strong_etag_that_stays(client: Client, key: str) -> None:
    assert current(client, key) == current(client, key)
    assert tag_of(client.request("HEAD", f"/picus/get/{key}")) == current(client, key)


@pytest.mark.parametrize("body", ["{}", '{"n": [1.10, 1E+3, 1e-7, 123456789012345678901234567890, -0.0], "e": "é"}'])
def test_write_returns_etag_of_next_get(client: Client, body: str) -> None:
    created = client.put(body)
    key = str(created.object["object_id"])
    assert tag_of(created) == current(client, key)
    assert tag_of(client.replace(key, body)) == current(client, key)


def test_every_write_changes_the_etag(client: Client, key: str) -> None:
    tags = [current(client, key)]
    for body in ('{"a": 2}', '{"a": 2}', '{"a": 1, "b": {"c": [1.50, null, true]}}'):
        client.replace(key, body)
        tags.append(current(client, key))
    assert client.delete(key).status == 200
    assert client.replace(key, '{"a": 2}').status == 201
    tags.append(current(client, key))
    assert len(set(tags)) == len(tags)


def test_items_of_equal_content_have_different_etags(client: Client) -> None:
    assert current(client, client.store('{"a": 1}')) != current(client, client.store('{"a": 1}'))


def test_item_does_not_show_its_version(client: Client, key: str) -> None:
    content = parse_exact('{"a": 1, "b": {"c": [1.5, null, true]}}')
    assert isinstance(content, dict)
    assert client.fetch(key) == content
    assert client.listed()[key] == {"object_id": key, **content}
    assert b"picus_version" not in client.get(key, Accept=BROWSER).body


def test_get_with_current_etag_is_304_without_body(client: Client, key: str) -> None:
    tag = current(client, key)
    for value in (tag, f"W/{tag}", f'"other", {tag}', f' "other" ,, W/{tag},', "*"):
        response = client.get(key, If_None_Match=value)
        assert (response.status, response.body, tag_of(response)) == (304, b"", tag), value
        assert_request_id(response)


def test_get_with_other_if_none_match_is_200(client: Client, key: str) -> None:
    for value in ('"other"', '"other", W/"another"', '""'):
        assert assert_json(client.get(key, If_None_Match=value)) == client.get(key).json


def test_a_304_leaves_the_connection_usable(client: Client, key: str) -> None:
    tag = current(client, key)
    with client.connection() as connection:
        for _ in range(3):
            response = client.send(connection, "GET", f"/picus/get/{key}", headers={"If-None-Match": tag})
            assert (response.status, response.body) == (304, b"")
            assert client.send(connection, "GET", f"/picus/get/{key}").status == 200


def test_head_is_304_too(client: Client, key: str) -> None:
    headers = {"If-None-Match": current(client, key)}
    response = client.request("HEAD", f"/picus/get/{key}", headers=headers)
    assert (response.status, response.body) == (304, b"")


def test_if_match_on_get_is_412_for_another_version(client: Client, key: str) -> None:
    assert client.get(key, If_Match=current(client, key)).status == 200
    assert_error(client.get(key, If_Match='"other"'), 412, echo=key)


def test_absent_item_is_404_under_if_none_match(client: Client) -> None:
    assert_not_found(client.get("absent", If_None_Match="*"), "absent")


def test_replace_with_current_etag_succeeds(client: Client, key: str) -> None:
    for form in ("{}", "W/{}", '"other", {}', ' , {} , "x"', "*"):
        value = form.replace("{}", current(client, key))
        response = client.replace(key, '{"a": 2}', If_Match=value)
        assert response.status == 200, response
        assert tag_of(response) == current(client, key)


def test_replace_with_other_etag_is_412(client: Client, key: str) -> None:
    old = current(client, key)
    client.replace(key, '{"a": 2}')
    for value in (old, f"W/{old}", f'{old}, "other"', '"other"', '""'):
        assert_error(client.replace(key, '{"a": 3}', If_Match=value), 412, echo=key)
    assert client.fetch(key) == {"a": parse_exact("2")}


def test_if_match_on_absent_item_is_412(client: Client) -> None:
    key = f"absent {uuid4()}"
    for value in ("*", '"x"'):
        assert_error(client.replace(key, "{}", If_Match=value), 412, echo=key)
        assert_error(client.delete(key, If_Match=value), 412, echo=key)
    assert_not_found(client.get(key), key)


def test_if_none_match_star_only_creates(client: Client) -> None:
    key = f"new {uuid4()}"
    assert client.replace(key, '{"a": 1}', If_None_Match="*").status == 201
    assert_error(client.replace(key, '{"a": 2}', If_None_Match="*"), 412, echo=key)
    assert client.fetch(key) == {"a": parse_exact("1")}


def test_if_none_match_with_etag_protects_version(client: Client, key: str) -> None:
    tag = current(client, key)
    assert_error(client.replace(key, "{}", If_None_Match=tag), 412, echo=key)
    assert client.replace(key, "{}", If_None_Match='"other"').status == 200
    assert client.replace(key, "{}", If_None_Match=tag).status == 200


def test_delete_with_current_etag_succeeds(client: Client) -> None:
    for form in ("{}", "W/{}", '"other", {}', "*"):
        key = client.store('{"a": 1, "b": [1.50, null]}')
        response = client.delete(key, If_Match=form.replace("{}", current(client, key)))
        assert assert_json(response) == {"message": f'Item with key "{key}" deleted successfully'}
        assert_not_found(client.get(key), key)


def test_delete_with_other_etag_is_412(client: Client, key: str) -> None:
    old = current(client, key)
    client.replace(key, '{"a": 2}')
    for value in (old, f"W/{old}", f'{old}, "other"', '"other"'):
        assert_error(client.delete(key, If_Match=value), 412, echo=key)
    assert client.fetch(key) == {"a": parse_exact("2")}


def test_recreated_item_has_another_etag(client: Client, key: str) -> None:
    client.replace(key, '{"a": 1}')
    old = current(client, key)
    client.delete(key)
    client.replace(key, '{"a": 1}')
    assert_error(client.replace(key, '{"a": 2}', If_Match=old), 412, echo=key)
    assert_error(client.delete(key, If_Match=old), 412, echo=key)
    assert client.fetch(key) == {"a": parse_exact("1")}


@pytest.mark.parametrize("value", MALFORMED)
def test_malformed_precondition_is_400(client: Client, key: str, value: str) -> None:
    for field in ("If-Match", "If-None-Match"):
        for response in (
            client.get(key, **{field: value}),
            client.replace(key, "{}", **{field: value}),
            client.delete(key, **{field: value}),
        ):
            assert field in str(assert_error(response, 400)["error"]), response
    assert "a" in client.fetch(key)


def test_repeated_header_field_is_one_list(client: Client, key: str) -> None:
    tag = current(client, key)
    head = client.head_of("DELETE", f"/picus/{key}", f"If-Match: {tag}", 'If-Match: "other"')
    assert client.exchange([head]).status == 200


def test_hundred_replaces_of_one_etag_have_one_winner(client: Client, key: str) -> None:
    for turn in range(3):
        tag = current(client, key)
        with ThreadPoolExecutor(100) as threads:
            bodies = [f'{{"turn": {turn}, "writer": {writer}}}' for writer in range(100)]
            responses = list(threads.map(lambda body, tag=tag: client.replace(key, body, If_Match=tag), bodies))
        assert sorted({response.status for response in responses}) == [200, 412]
        [winner] = [number for number, response in enumerate(responses) if response.status == 200]
        assert client.fetch(key) == parse_exact(bodies[winner])
        assert tag_of(responses[winner]) == current(client, key)


def test_hundred_deletes_of_one_etag_have_one_winner(client: Client, key: str) -> None:
    tag = current(client, key)
    with ThreadPoolExecutor(100) as threads:
        responses = list(threads.map(lambda _: client.delete(key, If_Match=tag), range(100)))
    assert [response.status for response in responses].count(200) == 1
    assert {response.status for response in responses} == {200, 412}


def test_hundred_creates_of_one_key_have_one_winner(client: Client) -> None:
    key = f"contended {uuid4()}"
    with ThreadPoolExecutor(100) as threads:
        bodies = [f'{{"writer": {writer}}}' for writer in range(100)]
        responses = list(threads.map(lambda body: client.replace(key, body, If_None_Match="*"), bodies))
    assert {response.status for response in responses} == {201, 412}
    [winner] = [number for number, response in enumerate(responses) if response.status == 201]
    assert client.fetch(key) == parse_exact(bodies[winner])


def test_version_attribute_in_body_is_refused(client: Client, key: str) -> None:
    mine = '{"picus_version": "v1:' + "0" * 32 + '"}'
    assert_error(client.put(mine), 400, pointer="/picus_version")
    assert_error(client.replace(key, mine), 400, pointer="/picus_version")
    for value in ('"v1:mine"', "1", "null", '{"S": "x"}', '["v1:' + "0" * 32 + '"]'):
        other = client.store(f'{{"picus_version": {value}}}')
        assert client.fetch(other) == {"picus_version": parse_exact(value)}
        tag = current(client, other)
        assert client.replace(other, f'{{"picus_version": {value}, "b": 1}}', If_Match=tag).status == 200
        assert_error(client.replace(other, "{}", If_Match=tag), 412, echo=other)
