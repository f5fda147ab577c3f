"""GET /picus/list?limit=N: pages, each with a link to the next while there is more."""

import pytest

from tests.contract.client import Client
from tests.contract.expect import assert_error
from tests.contract.lists import NDJSON, items_of, lines_of, marked, next_target, pages, target


def some_items(client: Client, count: int) -> tuple[str, list[str]]:
    return marked(client, *(f'"n": {n}' for n in range(count)))


def a_cursor(client: Client, mark: str) -> str:
    link = next_target(client.request("GET", target(limit=1, filter=mark)))
    assert link
    return link.partition("cursor=")[2].partition("&")[0]


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 6, 1000])
def test_the_pages_together_are_the_list(client: Client, limit: int) -> None:
    mark, keys = some_items(client, 5)
    found = list(pages(client, limit=limit, filter=mark))
    assert sorted(str(item["object_id"]) for page in found for item in page) == sorted(keys)
    # Every page but the last is full, and the last is not empty.
    assert [len(page) for page in found] == [limit] * (5 // limit) + ([5 % limit] if 5 % limit else [])


def test_pages_of_whole_table_equal_the_list(client: Client) -> None:
    _, keys = some_items(client, 7)
    before = items_of(client.request("GET", "/picus/list"))
    found = list(pages(client, limit=3))
    after = items_of(client.request("GET", "/picus/list"))
    # Other clients may write meanwhile. Items that stay are on the pages once, in the order of the list.
    lasting = [item for item in before if item in after]
    assert [item for page in found for item in page if item in lasting] == lasting
    assert set(keys) <= {str(item["object_id"]) for item in lasting}
    assert all(len(page) == 3 for page in found[:-1])


def test_cursor_without_limit_returns_the_rest(client: Client) -> None:
    mark, keys = some_items(client, 4)
    first = client.request("GET", target(limit=1, filter=mark))
    rest = items_of(client.request("GET", target(cursor=a_cursor(client, mark), filter=mark)))
    assert {str(item["object_id"]) for item in items_of(first) + rest} == set(keys)
    assert len(rest) == 3


def test_a_deleted_item_does_not_break_the_page_behind_it(client: Client) -> None:
    mark, _ = some_items(client, 3)
    first = client.request("GET", target(limit=1, filter=mark))
    link = next_target(first)
    assert link
    assert client.delete(str(items_of(first)[0]["object_id"])).status == 200
    assert len(items_of(client.request("GET", link))) == 1


def test_a_page_of_large_items_is_whole(client: Client) -> None:
    # DynamoDB ends a scan at 1 MB: these are 1.5 MB.
    mark, keys = marked(client, *(f'"filler": "{"x" * 380_000}"' for _ in range(4)))
    response = client.request("GET", target(limit=4, filter=mark))
    assert {str(item["object_id"]) for item in items_of(response)} == set(keys)
    assert next_target(response) is None


def test_no_match_is_empty_page_without_link(client: Client) -> None:
    response = client.request("GET", target(limit=10, filter='mark = "nobody has this"'))
    assert items_of(response) == []
    assert next_target(response) is None


def test_a_page_can_be_ndjson(client: Client) -> None:
    mark, keys = some_items(client, 3)
    response = client.request("GET", target(limit=2, filter=mark), headers=NDJSON)
    assert len(lines_of(response)) == 2
    link = next_target(response)
    assert link
    rest = client.request("GET", link, headers=NDJSON)
    assert {str(item["object_id"]) for item in lines_of(response) + lines_of(rest)} == set(keys)
    assert next_target(rest) is None


def test_head_of_a_page_has_its_headers(client: Client) -> None:
    mark, _ = some_items(client, 2)
    path = target(limit=1, filter=mark)
    head, get = client.request("HEAD", path), client.request("GET", path)
    assert (head.status, head.body) == (200, b"")
    assert next_target(head) == next_target(get) is not None


@pytest.mark.parametrize("limit", ["0", "-1", "1000000000", "1001", "x", "1.0", "+1", "1e2", "٣", " 1", "", "9" * 5000])
def test_malformed_limit_is_400(client: Client, limit: str) -> None:
    error = assert_error(client.request("GET", target(limit=limit)), 400)
    assert error["parameter"] == "limit"


def test_a_limit_given_twice_is_400(client: Client) -> None:
    assert assert_error(client.request("GET", "/picus/list?limit=1&limit=2"), 400)["parameter"] == "limit"


@pytest.mark.parametrize("cursor", ["", "x", "AAAA", "%00", "é", "a" * 4000, "////", "=", "Zm9vYmFyYmF6cXV4"])
def test_unknown_cursor_is_400(client: Client, cursor: str) -> None:
    assert assert_error(client.request("GET", target(limit=1, cursor=cursor)), 400)["parameter"] == "cursor"


def test_a_tampered_cursor_is_400(client: Client) -> None:
    mark, _ = some_items(client, 2)
    cursor = a_cursor(client, mark)
    assert items_of(client.request("GET", target(limit=1, filter=mark, cursor=cursor)))
    for position in range(0, len(cursor), 5):
        other = "A" if cursor[position] != "A" else "B"
        changed = cursor[:position] + other + cursor[position + 1 :]
        assert_error(client.request("GET", target(limit=1, filter=mark, cursor=changed)), 400)
    for changed in (cursor[:-1], cursor[1:], cursor + "A", cursor + "="):
        assert_error(client.request("GET", target(limit=1, filter=mark, cursor=changed)), 400)


def test_a_cursor_under_another_filter_is_400(client: Client) -> None:
    mark, _ = some_items(client, 2)
    cursor = a_cursor(client, mark)
    for other in ("n >= 0", f"{mark} AND n >= 0", f"({mark})"):
        assert_error(client.request("GET", target(limit=1, filter=other, cursor=cursor)), 400)
    assert_error(client.request("GET", target(limit=1, cursor=cursor)), 400)


def test_limit_and_fields_may_change_from_page_to_page(client: Client) -> None:
    mark, keys = some_items(client, 3)
    rest = client.request("GET", target(limit=9, filter=mark, fields="n", cursor=a_cursor(client, mark)))
    assert len(items_of(rest)) == len(keys) - 1
