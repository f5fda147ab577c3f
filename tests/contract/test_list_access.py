"""Lists by key, with a count, in an order; and the preferences of writes (RFC 7240)."""

from urllib.parse import quote

import pytest

from tests.contract.client import Client
from tests.contract.expect import BROWSER, assert_error, assert_json
from tests.contract.lists import NDJSON, items_of, lines_of, marked, target


def keys_target(*keys: str, more: str = "") -> str:
    return "/picus/list?" + "&".join(f"key={quote(key, safe='')}" for key in keys) + more


def test_items_of_many_keys_are_in_the_order_asked(client: Client) -> None:
    _, keys = marked(client, '"n": 1, "m": 1', '"n": 2', '"n": 3.10')
    odd = f"a/b ü&=?% {keys[0]}"
    assert client.replace(odd, '{"n": 4}').status == 201
    asked = [keys[2], "absent", odd, keys[0], keys[2], "x" * 2049]
    response = client.request("GET", keys_target(*asked))
    assert [item["object_id"] for item in items_of(response)] == [keys[2], odd, keys[0]]
    assert response.header("Picus-Plan") == "batch-get"
    lines = lines_of(client.request("GET", keys_target(*asked, more="&fields=n"), headers=NDJSON))
    assert [set(line) for line in lines] == [{"object_id", "n"}] * 3
    assert items_of(client.request("GET", keys_target("absent"))) == []
    page = client.request("GET", keys_target(keys[1]), headers={"Accept": BROWSER})
    assert keys[1].encode() in page.body


@pytest.mark.parametrize("more", ["limit=1", "cursor=x", "filter=n=1", "sort=n", "key="])
def test_keys_exclude_other_parameters(client: Client, more: str) -> None:
    error = assert_error(client.request("GET", f"/picus/list?key=a&{more}"), 400)
    assert error["parameter"] == more.partition("=")[0]


def test_more_than_100_keys_are_refused(client: Client) -> None:
    assert items_of(client.request("GET", keys_target(*map(str, range(100))))) is not None
    assert assert_error(client.request("GET", keys_target(*map(str, range(101)))), 400)["parameter"] == "key"


def test_list_says_how_it_was_read(client: Client) -> None:
    mark, [key] = marked(client, '"n": 1')
    for filter_text, plan in (
        (mark, "scan"),
        (f'object_id = "{key}"', "get"),
        (f'object_id = "{key}" AND {mark}', "get"),
        (f'{mark} OR object_id = "{key}"', "scan"),
        (f'{mark} AND NOT object_id = "absent"', "scan"),
    ):
        for parameters in ({}, {"limit": 5}, {"fields": "n"}):
            response = client.request("GET", target(filter=filter_text, **parameters))
            assert [item["object_id"] for item in items_of(response)] == [key]
            assert (response.header("Picus-Plan"), response.header("Link")) == (plan, None)
    assert client.request("HEAD", "/picus/list").header("Picus-Plan") == "scan"


def test_exact_count_is_of_the_whole_list(client: Client) -> None:
    mark, _ = marked(client, *(f'"n": {n}' for n in range(5)))
    for parameters in ({}, {"limit": 2}, {"fields": "n"}):
        response = client.request("GET", target(filter=mark, **parameters), headers={"Prefer": "count=exact"})
        assert response.header("Picus-Total-Count") == "5"
        assert response.header("Preference-Applied") == "count=exact"
    plain = client.request("GET", target(filter=mark))
    assert plain.header("Picus-Total-Count") is plain.header("Preference-Applied") is None


def test_estimated_count_needs_a_whole_list(client: Client) -> None:
    # DynamoDB updates the number every six hours, so it may be 0 for a table with items.
    asked = {"Prefer": "count=estimated"}
    assert (client.request("GET", target(limit=1), headers=asked).header("Picus-Total-Count") or "").isdecimal()
    assert client.request("GET", target(filter="n = 1"), headers=asked).header("Picus-Total-Count") is None


@pytest.mark.parametrize("filter_text", ["", 'status = "open"', "n > 1"])
def test_order_without_index_is_refused(client: Client, filter_text: str) -> None:
    parameters = {"filter": filter_text} if filter_text else {}
    error = assert_error(client.request("GET", target(sort="-no_such_name", **parameters)), 400)
    assert (error["parameter"], "-no_such_name-index" in str(error["error"])) == ("sort", True)


def test_writes_return_the_item_to_those_who_prefer_it(client: Client) -> None:
    prefer = {"Prefer": "return=representation", "Content-Type": "application/json"}
    created = client.request("POST", "/picus/put", '{"a": 1.10}', prefer)
    key = str(created.object["object_id"])
    client.created.append(key)
    assert assert_json(created, 201) == client.get(key).json
    assert created.header("Content-Location") == created.header("Location")
    replaced = client.request("PUT", f"/picus/put/{key}", '{"b": 2}', prefer)
    assert assert_json(replaced, 200) == client.get(key).json
    assert (replaced.header("ETag"), replaced.header("Preference-Applied")) == (
        client.get(key).header("ETag"),
        "return=representation",
    )
