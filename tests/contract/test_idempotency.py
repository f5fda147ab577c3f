"""Idempotency-Key on POST (draft-ietf-httpapi-idempotency-key-header): a request that is sent again writes once."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from tests.contract.client import Client
from tests.contract.exact import Response, parse_exact
from tests.contract.expect import assert_error, assert_json


def new_key() -> str:
    return f'"{uuid4()}"'


def post(client: Client, field: str, body: str = '{"a": 1.10}', **headers: str) -> Response:
    return client.put(body, Idempotency_Key=field, **headers)


def same(first: Response, second: Response) -> bool:
    names = ("Location", "ETag", "Content-Type")
    return (first.status, first.body, *map(first.header, names)) == (
        second.status,
        second.body,
        *map(second.header, names),
    )


def count(client: Client, mark: str) -> int:
    return [item.get("mark") for item in client.listed().values()].count(mark)


def test_repeated_request_gets_same_response(client: Client) -> None:
    field, mark = new_key(), str(uuid4())
    responses = [post(client, field, f'{{"mark": "{mark}", "n": 1.10}}') for _ in range(3)]
    assert_json(responses[0], 201)
    assert same(responses[0], responses[1])
    assert same(responses[0], responses[2])
    assert [response.header("Idempotent-Replayed") for response in responses] == [None, "true", "true"]
    assert count(client, mark) == 1
    key = str(responses[0].object["object_id"])
    assert client.fetch(key) == {"mark": mark, "n": parse_exact("1.1")}
    assert client.get(key).header("ETag") == responses[0].header("ETag")


def test_another_key_makes_another_item(client: Client) -> None:
    first, second = post(client, new_key()), post(client, new_key())
    assert first.object["object_id"] != second.object["object_id"]


@pytest.mark.parametrize("body", ['{"a": 2}', "{}", '{"a": "1.10"}', '{"a": 1.10, "b": null}', '{"a": [1.10]}'])
def test_used_key_with_other_body_is_422(client: Client, body: str) -> None:
    field = new_key()
    key = str(post(client, field).object["object_id"])
    assert_error(post(client, field, body), 422)
    assert client.fetch(key) == {"a": parse_exact("1.1")}
    assert post(client, field).object["object_id"] == key


def test_equal_json_counts_as_same_body(client: Client) -> None:
    field = new_key()
    first = post(client, field, '{"a": 1.10, "b": ["é", {}]}')
    assert same(first, post(client, field, '{ "b" : ["\\u00e9", {}], "a": 11e-1 }'))


def test_hundred_parallel_requests_write_once(client: Client) -> None:
    field, mark = new_key(), str(uuid4())
    with ThreadPoolExecutor(100) as threads:
        responses = list(threads.map(lambda _: post(client, field, f'{{"mark": "{mark}"}}'), range(100)))
    assert {(response.status, response.body, response.header("ETag")) for response in responses} == {
        (201, responses[0].body, responses[0].header("ETag"))
    }
    assert count(client, mark) == 1


def test_parallel_bodies_under_one_key_have_one_winner(client: Client) -> None:
    field, mark = new_key(), str(uuid4())
    with ThreadPoolExecutor(20) as threads:
        bodies = [f'{{"mark": "{mark}", "n": {n}}}' for n in range(20)]
        responses = list(threads.map(lambda body: post(client, field, body), bodies))
    assert sorted(response.status for response in responses) == [201] + [422] * 19
    assert count(client, mark) == 1


def test_deleted_item_is_not_created_again(client: Client) -> None:
    field = new_key()
    first = post(client, field)
    key = str(first.object["object_id"])
    client.delete(key)
    assert same(first, post(client, field))
    assert client.get(key).status == 404


def test_refused_body_leaves_key_unused(client: Client) -> None:
    field = new_key()
    assert_error(post(client, field, '{"a": 1e400}'), 400, pointer="/a")
    assert_error(post(client, field, '{"a": "' + "x" * 410_000 + '"}'), 413)
    assert post(client, field).status == 201


def test_a_large_item_is_written_once(client: Client) -> None:
    field, body = new_key(), '{"a": "' + "x" * 400_000 + '"}'
    assert same(post(client, field, body), post(client, field, body))


@pytest.mark.parametrize("field", ["{}", "  {}  ", '"{}"', '"a \\"quoted\\" \\\\ {}"', '"{}' + "x" * 219 + '"'])
def test_keys_of_all_forms_work(client: Client, field: str) -> None:
    field = field.replace("{}", str(uuid4()))
    first = post(client, field)
    assert first.status == 201
    assert same(first, post(client, field))


def test_unquoted_key_equals_quoted_key(client: Client) -> None:
    key = str(uuid4())
    assert same(post(client, key), post(client, f'"{key}"'))


@pytest.mark.parametrize(
    "field",
    [
        "",
        '""',
        '"a',
        'a"',
        "a b",
        '"a", "b"',
        "a,b",
        '"a\\x"',
        '"é"',
        "'a'",
        ":YQ==:;",
        '"' + "x" * 256 + '"',
        "x" * 10_240,
        '"' + "x" * 10_240 + '"',
    ],
    ids=lambda field: field[:12],
)
def test_malformed_or_long_key_is_400(client: Client, field: str) -> None:
    mark = str(uuid4())
    response = client.put(f'{{"mark": "{mark}"}}', Idempotency_Key=field)
    assert "Idempotency-Key" in str(assert_error(response, 400)["error"])
    assert count(client, mark) == 0


def test_ndjson_with_key_is_refused(client: Client) -> None:
    mark = str(uuid4())
    response = post(client, new_key(), f'{{"mark": "{mark}"}}\n', Content_Type="application/x-ndjson")
    assert "Idempotency-Key" in str(assert_error(response, 400)["error"])
    assert count(client, mark) == 0
