"""Pages of a table: limits, links to the next page, filters, and the pages of a whole table."""

from decimal import Decimal
from typing import Any

import pytest

from picus_api.core import store
from picus_api.core.batch_write import Row, write_new_items
from picus_api.core.dynamodb import table
from picus_api.core.errors import ItemNotFound
from picus_api.core.query import pagination
from picus_api.core.query.access_path import WHOLE_TABLE, AccessPath
from picus_api.core.query.list_expressions import parse_list
from picus_api.core.query.pagination import Page, count_items, read_page, read_pages, scan_request
from picus_api.core.query.plan import scan_path
from picus_api.core.values.codec import encode


def never() -> bool:
    return False


@pytest.fixture
def thirty(item_table: str) -> set[str]:
    """Store 30 items with the numbers 0 to 29 as ``n``, and return their keys."""
    keys = {f"key-{number:02}" for number in range(30)}
    rows = (Row(key, encode({"object_id": {"S": key}, "n": {"N": str(int(key[4:]))}}), 1) for key in keys)
    assert not any(outcome.error for batch in write_new_items(rows) for outcome in batch)
    return keys


def filtered(text: str) -> AccessPath:
    return scan_path(parse_list(text))


def keys_of(page: Page) -> list[str]:
    return [item["object_id"]["S"] for item in page.items]


def walk(limit: int, path: AccessPath = WHOLE_TABLE) -> list[list[str]]:
    """Return the keys of all pages, one after the other."""
    pages, start = [], None
    while True:
        page = read_page(path, limit, start, never)
        pages.append(keys_of(page))
        if page.position is None:
            return pages
        start = path.start(page.position)
        assert page.position.key == pages[-1][-1]


def test_page_of_empty_table_is_empty(item_table: str) -> None:
    assert read_page(WHOLE_TABLE, 10, None, never)[:2] == ([], None)
    assert [page.items for page in read_pages()] == [[]]


@pytest.mark.parametrize(("limit", "sizes"), [(1, [1] * 30), (7, [7, 7, 7, 7, 2]), (15, [15, 15]), (30, [30])])
def test_pages_follow_each_other_without_gaps(thirty: set[str], limit: int, sizes: list[int]) -> None:
    pages = walk(limit)
    assert [len(page) for page in pages] == sizes
    assert sorted(key for page in pages for key in page) == sorted(thirty)


def test_last_full_page_has_no_next_key(thirty: set[str]) -> None:
    assert read_page(WHOLE_TABLE, 30, None, never).next_key is None
    assert read_page(WHOLE_TABLE, 29, None, never).next_key is not None


@pytest.mark.parametrize("limit", [1, 4, 10])
def test_filtered_pages_have_only_matches(thirty: set[str], limit: int) -> None:
    pages = walk(limit, filtered("n < 10"))
    assert sorted(key for page in pages for key in page) == [f"key-0{digit}" for digit in range(10)]
    assert all(len(page) == limit for page in pages[:-1])


def test_filter_without_matches_ends_with_empty_page(thirty: set[str]) -> None:
    assert walk(5, filtered("n > 100")) == [[]]


def test_filter_out_of_time_continues_after_last_key(thirty: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A filter that finds nothing in time returns an empty page, and the key to continue from."""
    monkeypatch.setattr(pagination, "_FIRST_STEP", 2)
    monkeypatch.setattr(pagination, "_STEP_GROWTH", 1)
    page = read_page(filtered("n > 100"), 1, None, give_up=lambda: True)
    assert page.items == []
    assert page.next_key in thirty


def test_page_of_large_items_ends_early(item_table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pagination, "MAX_PAGE_BYTES", 700_000)
    for _ in range(10):
        store.create({"text": {"S": "x" * 300_000}})
    pages = walk(10)
    assert max(map(len, pages)) < 10
    assert len({key for page in pages for key in page}) == 10


def test_scan_removes_versions_and_keeps_numbers(item_table: str) -> None:
    key = store.create({"n": {"N": "1.10"}, "big": {"N": "12345678901234567890123456789012345678"}})["object_id"]
    [item] = next(read_pages()).items
    assert item == {
        "object_id": key,
        "n": {"N": item["n"]["N"]},
        "big": {"N": "12345678901234567890123456789012345678"},
    }
    assert Decimal(item["n"]["N"]) == Decimal("1.1")


def test_projection_keeps_named_attributes(thirty: set[str]) -> None:
    page = read_page(scan_path(parse_list(fields="n")), 3, None, never)
    assert [set(item) for item in page.items] == [{"object_id", "n"}] * 3


def test_scan_after_key_that_no_item_can_have() -> None:
    for key in ("", "x" * 2049):
        with pytest.raises(ItemNotFound):
            scan_request(key, None)


@pytest.mark.parametrize("first", [1, 7, 250])
def test_pages_of_whole_table_have_every_item(thirty: set[str], monkeypatch: pytest.MonkeyPatch, first: int) -> None:
    monkeypatch.setattr(pagination, "_FIRST_PAGE_ITEMS", first)
    monkeypatch.setattr(pagination, "_MIN_PAGE_ITEMS", first)
    monkeypatch.setattr(pagination, "_PAGE_BYTES", 1)
    pages = list(read_pages())
    assert sorted(key for page in pages for key in keys_of(page)) == sorted(thirty)
    assert len(pages) >= 30 // first


def test_reader_who_stops_reads_at_most_one_page_ahead(thirty: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    scans: list[str] = []
    call = table.call

    def counted(operation: str, **request: Any) -> bytes:
        scans.append(operation)
        return call(operation, **request)

    monkeypatch.setattr(table, "call", counted)
    monkeypatch.setattr(pagination, "_FIRST_PAGE_ITEMS", 2)
    pages = read_pages()
    assert len(next(pages).items) == 2
    pages.close()  # type: ignore[attr-defined]
    assert len(scans) <= 2


def test_next_limit_follows_item_size() -> None:
    assert pagination.next_limit(100, 100 * 1024) == 384
    assert pagination.next_limit(10, 4_000_000) == pagination._MIN_PAGE_ITEMS
    assert pagination.next_limit(0, 0) == pagination._MIN_PAGE_ITEMS


def test_attribute_named_as_next_key_does_not_mislead(item_table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pagination, "_FIRST_PAGE_ITEMS", 1)
    monkeypatch.setattr(pagination, "_MIN_PAGE_ITEMS", 1)
    monkeypatch.setattr(pagination, "_PAGE_BYTES", 1)
    wrong = {"M": {"object_id": {"S": "wrong"}}}
    keys = [store.create({"LastEvaluatedKey": wrong, "Count": {"N": "1"}})["object_id"] for _ in range(5)]
    assert sorted(key for page in read_pages() for key in keys_of(page)) == sorted(key["S"] for key in keys)
    body = b'{"Items":[],"LastEvaluatedKey":{"object_id":{"S":"right"}},"Count":7}'
    assert (pagination._expected_start(body), pagination._item_count(body)) == ({"object_id": {"S": "right"}}, 7)
    misleading = body.replace(b'"Count"', b'"x":{"LastEvaluatedKey":{"object_id":{"S":"wrong"}}},"Count"')
    assert pagination._expected_start(misleading) == {"object_id": {"S": "wrong"}}


def test_items_are_counted(thirty: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert count_items(WHOLE_TABLE, never) == 30
    assert count_items(scan_path(parse_list("n < 10", "n")), never) == 10
    assert count_items(WHOLE_TABLE, lambda: True) == 30
