"""Lists by index have the items that a scan has, in pages, in order and for every filter.

The items are older than the indexes, as in a table that gets an index later: DynamoDB then refuses no item that an
index can't hold, and leaves it out of the index.
"""

import json
from collections.abc import Iterator
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from picus_api.core.dynamodb import table as item_table
from picus_api.core.dynamodb.table_description import describe_table
from picus_api.core.query.access_path import AccessPath
from picus_api.core.query.cursor import Position
from picus_api.core.query.list_expressions import choose_path, parse_list
from picus_api.core.query.pagination import count_items, read_page, read_pages
from picus_api.core.query.plan import scan_path
from picus_api.core.values.codec import decode, encode
from picus_api.table_setup import IndexSpec, create_index
from tests.conftest import use_table
from tests.dynamodb import new_table

STATUS: list[Any] = [None, {"S": "open"}, {"S": "done"}, {"S": ""}, {"N": "1"}, {"NULL": True}]
CREATED: list[Any] = [None, {"S": "a"}, {"S": "b"}, {"S": "b\0"}, {"S": ""}, {"N": "2"}, {"M": {"x": {"S": "a"}}}]
PRICE: list[Any] = [None, {"N": "1"}, {"N": "2.5"}, {"S": "2.5"}]
TYPES = {"status": "S", "created": "S", "price": "N"}
INDEXES = (("status",), ("status", "created"), ("status", "price"), ("price", "created"))


def items() -> Iterator[dict[str, Any]]:
    for number, values in enumerate(product(STATUS, CREATED, PRICE)):
        present = zip(TYPES, values, strict=True)
        yield {"object_id": {"S": f"k{number}"}, **{name: value for name, value in present if value is not None}}


ITEMS = {item["object_id"]["S"]: item for item in items()}


def is_held(item: dict[str, Any], names: tuple[str, ...]) -> bool:
    """Return True if DynamoDB's index with these keys holds the item."""
    return all(item.get(name, {}).get(TYPES[name]) for name in names)


@pytest.fixture(scope="module", autouse=True)
def indexed(dynamodb_url: str) -> Iterator[None]:
    """Make a table with all items, and then its indexes. ministack's indexes hold values of any type: drop those."""
    with pytest.MonkeyPatch.context() as patch:
        use_table(patch, dynamodb_url, new_table(dynamodb_url).name)
        for item in ITEMS.values():
            item_table.call("PutItem", Item=item)
        for names in INDEXES:
            assert create_index(IndexSpec(tuple((name, TYPES[name]) for name in names)))
        call = item_table.call

        def call_like_dynamodb(operation: str, **request: Any) -> bytes:
            body = call(operation, **request)
            if "IndexName" not in request or "Items" not in (response := decode(body)):
                return body
            names = tuple(request["IndexName"].split("-")[:-1])
            held = [each for each in response["Items"] if is_held(ITEMS[each["object_id"]["S"]], names)]
            return encode({**response, "Items": held})

        patch.setattr(item_table, "call", call_like_dynamodb)
        yield
        item_table.shared_transport().close()


def keys_by(path: AccessPath) -> list[str]:
    return [item["object_id"]["S"] for page in read_pages(path) for item in page.items]


def in_pages(path: AccessPath, limit: int) -> list[str]:
    keys: list[str] = []
    start = None
    while True:
        page = read_page(path, limit, start, lambda: False)
        keys += [item["object_id"]["S"] for item in page.items]
        if page.position is None:
            return keys
        start = path.start(page.position)


texts = st.sampled_from(["", "a", "b", "b\0", "open", "done"]).map(json.dumps)
values = texts | st.sampled_from(["1", "2", "2.5", "null", '{"x": "a"}'])
ordered = texts | st.sampled_from(["0", "1", "2", "2.5", "3"])
names = st.sampled_from([*TYPES, "created.x", "object_id"])
comparisons = st.one_of(
    st.builds("{} {} {}".format, names, st.sampled_from(["=", "!="]), values),
    st.builds("{} {} {}".format, names, st.sampled_from(["<", "<=", ">", ">="]), ordered),
    st.builds("{}:*".format, names),
    st.builds("begins_with({}, {})".format, names, texts),
    st.sampled_from(['object_id = "k25"', "price = 1", "price = 2.5"]),
)
others = st.recursive(
    comparisons,
    lambda inner: (
        st.builds("({} {} {})".format, inner, st.sampled_from(["AND", "OR"]), inner) | inner.map("NOT {}".format)
    ),
    max_leaves=4,
)
filters = st.lists(others | st.just('status = "open"'), min_size=1, max_size=4).map(" AND ".join)


@given(filters, st.sampled_from([None, "object_id", "price,created.x"]), st.integers(1, 9))
@example('status = "open" AND created:*', None, 3)
@example('status = "open" AND created < "b"', None, 3)
@example('status = "open" AND created > "a" AND created < "b\\u0000"', "price", 3)
@example('price = 1 AND created >= "a" AND created <= "b"', "created.x", 1)
def test_every_filter_finds_the_same_with_indexes(text: str, fields: str | None, limit: int) -> None:
    wanted = parse_list(text, fields)
    path, whole = choose_path(wanted), scan_path(parse_list(text, fields))
    expected = {item["object_id"]["S"]: item for page in read_pages(whole) for item in page.items}
    assert {item["object_id"]["S"]: item for page in read_pages(path) for item in page.items} == expected, path.name
    if path.index is not None:
        assert sorted(in_pages(path, limit)) == sorted(expected), path.name


@given(filters, st.integers(1, 9))
@example('status = "open" AND price > 0', 2)
@example('status = "open" AND price:*', 2)
@example('price = 1 AND created > ""', 2)
@example('status = "open" AND price < 2.5 AND price > 0', 2)
def test_expired_items_are_in_no_list(text: str, limit: int) -> None:
    """Prices are times here, and the time is 2."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TTL_ATTRIBUTE", "price")
        patch.setattr(item_table, "now", lambda: 2)
        path = choose_path(parse_list(text))
        expected = keys_by(scan_path(parse_list(text)))
        assert sorted(keys_by(path)) == sorted(expected), path.name
        assert not any(ITEMS[key].get("price") == {"N": "1"} for key in expected)
        if path.index is not None:
            assert sorted(in_pages(path, limit)) == sorted(expected), path.name
        by_time = choose_path(parse_list(f'status = "open" AND ({text})', sort="price")) if is_simple(text) else None
        if by_time is not None:
            assert by_time.name == "query status-price-index"
            assert all(ITEMS[key]["price"] == {"N": "2.5"} for key in keys_by(by_time))


def is_simple(text: str) -> bool:
    """Return True if the filter does not rule out an order by price."""
    return "price" not in text and "status" not in text


def test_list_in_the_order_of_expiry_goes_on() -> None:
    """DynamoDB refuses to start at an item that has expired since the last page."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TTL_ATTRIBUTE", "price")
        patch.setattr(item_table, "now", lambda: 0)
        for sort, left in (("price", {"2.5"}), ("-price", set())):
            wanted = parse_list('status = "open"', sort=sort)
            whole = {ITEMS[key]["price"]["N"] for key in keys_by(choose_path(wanted))}
            assert whole == {"1", "2.5"}
            position = Position("k0", "status-price-index", {"N": "1"})
            patch.setattr(item_table, "now", lambda: 2)
            path = choose_path(parse_list('status = "open"', sort=sort), position)
            start = path.start(position)
            assert Decimal(2) < Decimal(start["price"]["N"]) < Decimal("2.1")
            found = {
                ITEMS[item["object_id"]["S"]]["price"]["N"] for page in read_pages(path, start) for item in page.items
            }
            assert found == left
            patch.setattr(item_table, "now", lambda: 0)


def test_indexes_are_used() -> None:
    assert len(describe_table().indexes) == len(INDEXES)
    for text, name in (
        ('status = "open"', "query status-index"),
        ('status = "open" AND created >= "a" AND created < "b"', "query status-created-index"),
        ('price = 1 AND created > ""', "query price-created-index"),
        ("price = 1", "scan"),
        # The table has items with another type of created, so an index by it could miss some.
        ("price = 1 AND created:*", "scan"),
        ('object_id = "k1"', "get"),
    ):
        assert choose_path(parse_list(text)).name == name
    assert choose_path(parse_list('status = "open"'), strong=True).name == "scan"


@pytest.mark.parametrize("sort", ["created", "-created"])
@pytest.mark.parametrize("rest", ["", ' AND created > "a"', " AND price > 1", ' AND created != "a"'])
def test_sorted_list_is_in_order(sort: str, rest: str) -> None:
    text = f'status = "open"{rest}'
    if "!=" in rest:
        with pytest.raises(Exception, match="status-created-index"):
            choose_path(parse_list(text, None, sort))
        return
    path = choose_path(parse_list(text, "price", sort))
    assert path.name == "query status-created-index"
    found = keys_by(path)
    created = [ITEMS[key]["created"]["S"] for key in found]
    assert created == sorted(created, reverse=sort.startswith("-"))
    expected = {key for key in keys_by(scan_path(parse_list(text))) if is_held(ITEMS[key], ("status", "created"))}
    assert set(found) == expected
    assert in_pages(path, 2) == found
    assert all("created" not in item for page in read_pages(path) for item in page.items)


def test_count_is_the_number_of_items() -> None:
    for text in ('status = "open" AND price > 1', 'object_id = "k1"', 'created = "a"'):
        path = choose_path(parse_list(text))
        assert count_items(path, lambda: False) == len(keys_by(path)) > 0
