"""The access path of a list: an index is used only where it can't change the answer."""

from dataclasses import replace
from typing import Any

import pytest

from picus_api.core.dynamodb.table_description import Index
from picus_api.core.errors import BadParameter
from picus_api.core.query.access_path import AccessPath
from picus_api.core.query.cursor import Position
from picus_api.core.query.expressions import Placeholders
from picus_api.core.query.filters import parse_filter
from picus_api.core.query.plan import (
    ListExpressions,
    index_path,
    missing_index,
    parse_sort,
    scan_path,
    table_path,
)
from picus_api.core.query.projection import parse_fields

STATUS = Index("status-index", "status", "S")
BY_TIME = Index("status-created-index", "status", "S", "created", "S")
BY_PRICE = Index("status-price-index", "status", "S", "price", "N")
SIZE = Index("size-index", "size", "N")
KEYS_ONLY = Index("owner-index", "owner", "S", projected=frozenset({"object_id", "owner"}))
ALL = (STATUS, BY_TIME, BY_PRICE, SIZE, KEYS_ONLY)


def wanted(filter_text: str = "", fields: str = "", sort: str = "") -> ListExpressions:
    placeholders = Placeholders()
    return ListExpressions(
        tuple(parse_filter(filter_text, placeholders)) if filter_text else (),
        parse_fields(fields) if fields else None,
        parse_sort(sort) if sort else None,
        placeholders,
    )


def plan(list_: ListExpressions, *indexes: Index, holds_all: bool = False) -> AccessPath:
    found = table_path(list_) or index_path(list_, indexes or ALL, lambda index: holds_all)
    return found or scan_path(list_)


@pytest.mark.parametrize(
    ("filter_text", "name"),
    [
        ("", "scan"),
        ('object_id = "k"', "get"),
        ('object_id = "k" AND n = 1', "get"),
        ('object_id = "k" AND begins_with(object_id, "k")', "get"),
        ('object_id = ""', "scan"),
        ("object_id = 5", "scan"),
        (f'object_id = "{"x" * 2049}"', "scan"),
        ('object_id > "k"', "scan"),
        ('object_id = "k" OR n = 1', "scan"),
        ('NOT object_id = "k"', "scan"),
        ('status = "open"', "query status-index"),
        ('(status = "open") AND (n = 1 OR n = 2)', "query status-index"),
        ('n = 1 AND (m = 2 AND status = "open")', "query status-index"),
        ('NOT NOT status = "open"', "query status-index"),
        ('status = "open" OR n = 1', "scan"),
        ('NOT status = "open"', "scan"),
        ('status != "open"', "scan"),
        ('status > "open"', "scan"),
        ("status = 5", "scan"),
        ("status = null", "scan"),
        ('status = ""', "scan"),
        ('status.x = "open"', "scan"),
        ('status = "open" AND status = "closed"', "scan"),
        ('status = "open" AND (status = "a" OR n = 1)', "scan"),
        ('status = "open" AND status:*', "query status-index"),
        ("size = 1", "query size-index"),
        ('size = "1"', "scan"),
        ('status = "open" AND created > "2024"', "query status-created-index"),
        ('status = "open" AND created >= "a" AND created < "b"', "query status-created-index"),
        ('status = "open" AND created < "b"', "query status-index"),
        ('status = "open" AND created:*', "query status-index"),
        ('status = "open" AND created != "x"', "query status-index"),
        ('status = "open" AND (created = "x" OR n = 1)', "query status-index"),
        ('status = "open" AND price < 5', "query status-price-index"),
        ('status = "open" AND price < 5 AND created > "2024"', "query status-created-index"),
        ('status = "open" AND price >= 5 AND price <= 6 AND created > "2024"', "query status-price-index"),
        ('owner = "me"', "scan"),
    ],
)
def test_filter_determines_access_path(filter_text: str, name: str) -> None:
    assert plan(wanted(filter_text)).name == name


@pytest.mark.parametrize(
    ("filter_text", "if_unknown", "if_it_holds_all"),
    [
        ('status = "open"', "scan", "scan"),
        ('status = "open" AND created:*', "scan", "query status-created-index"),
        ('status = "open" AND created < "b"', "scan", "query status-created-index"),
        ('status = "open" AND created > "b"', "query status-created-index", "query status-created-index"),
        ('status = "open" AND NOT created = "x"', "scan", "scan"),
        ('status = "open" AND created = 5', "scan", "scan"),
    ],
)
def test_sort_key_must_be_demanded(filter_text: str, if_unknown: str, if_it_holds_all: str) -> None:
    assert plan(wanted(filter_text), BY_TIME).name == if_unknown
    assert plan(wanted(filter_text), BY_TIME, holds_all=True).name == if_it_holds_all


@pytest.mark.parametrize(
    ("filter_text", "fields", "name"),
    [
        ('owner = "me"', "owner", "query owner-index"),
        ('owner = "me"', "object_id", "query owner-index"),
        ('owner = "me" AND object_id > "a"', "owner", "query owner-index"),
        ('owner = "me"', "owner,size", "scan"),
        ('owner = "me" AND n = 1', "owner", "scan"),
    ],
)
def test_projection_must_have_all_attributes(filter_text: str, fields: str, name: str) -> None:
    assert plan(wanted(filter_text, fields), KEYS_ONLY).name == name


def request_of(path: AccessPath) -> dict[str, Any]:
    """Return the expressions of a path with names and values in place of placeholders, which must all be in use."""
    meanings = dict(path.parameters.get("ExpressionAttributeNames", {}))
    for placeholder, value in path.parameters.get("ExpressionAttributeValues", {}).items():
        meanings[placeholder] = str(*value.values())
    expressions = {name: text for name, text in path.parameters.items() if name.endswith("Expression")}
    assert all(any(each in text for text in expressions.values()) for each in meanings)
    for placeholder, meaning in meanings.items():
        expressions = {name: text.replace(placeholder, meaning) for name, text in expressions.items()}
    return expressions


def test_keys_become_key_condition_and_the_rest_filters() -> None:
    path = plan(wanted('status = "open" AND created > "2024" AND n = 1', "n"))
    assert request_of(path) == {
        "KeyConditionExpression": "status = open AND created > 2024",
        "FilterExpression": "n = 1",
        "ProjectionExpression": "created, n, object_id",
    }
    assert path.parameters["IndexName"] == "status-created-index"
    assert "ConsistentRead" not in path.parameters
    assert sorted(path.parameters["ExpressionAttributeValues"].values(), key=str) == [
        {"N": "1"},
        {"S": "2024"},
        {"S": "open"},
    ]
    item = {"object_id": {"S": "k"}, "created": {"S": "2025"}, "n": {"N": "1"}}
    position = path.position(item)
    assert position == Position("k", "status-created-index", {"S": "2025"})
    assert path.start(position) == {"object_id": {"S": "k"}, "status": {"S": "open"}, "created": {"S": "2025"}}
    assert path.fields is not None
    assert path.fields.select(item) == {"object_id": {"S": "k"}, "n": {"N": "1"}}
    counting = path.counting()
    assert (counting["Select"], "ProjectionExpression" in counting) == ("COUNT", False)
    assert set(counting["ExpressionAttributeNames"].values()) == {"status", "created", "n"}


def test_get_reads_one_item() -> None:
    path = plan(wanted('object_id = "k"', "name"))
    assert (path.operation, path.parameters["Key"]) == ("GetItem", {"object_id": {"S": "k"}})
    assert request_of(path) == {"ProjectionExpression": "name, object_id"}
    assert plan(wanted('object_id = "k" AND n = 1')).operation == "Query"
    assert plan(wanted('object_id = "k" AND begins_with(object_id, "x")')).is_empty


def test_sort_needs_index_in_this_order() -> None:
    path = plan(wanted('status = "open"', sort="-created"))
    assert (path.name, path.parameters["ScanIndexForward"]) == ("query status-created-index", False)
    assert (
        plan(wanted('status = "open" AND created < "b"', sort="created"), BY_TIME).name == "query status-created-index"
    )
    for filter_text, index in (
        ('status = "open"', "status-name-index"),
        ("", "ATTRIBUTE-name-index"),
        ('object_id = "k"', "ATTRIBUTE-name-index"),
        ('n = 1 OR status = "open"', "ATTRIBUTE-name-index"),
    ):
        list_ = wanted(filter_text, sort="name")
        assert plan(list_).name == "scan"
        assert index in missing_index(list_, list_.sort).message  # type: ignore[arg-type]


def test_missing_index_has_types_and_two_attributes() -> None:
    for filter_text, sort, command in (
        ('a = "x" AND n > 1', "n", "create_index a n --type N)"),
        ("n = 1", "a", "create_index n a --type N S)"),
        ("n = 1 AND m < 2", "m", "create_index n m --type N N)"),
        ('a = "x" AND b = "y"', "a", "create_index b a)"),
        ('a = "x"', "a", "the same a"),
        (
            'a = "x" AND n != 1',
            "n",
            "--type N). The filter may then limit n by comparisons without !=, OR and NOT only.",
        ),
        ('a = "x" AND NOT n = 1', "n", "a n). The filter may then limit n"),
    ):
        list_ = wanted(filter_text, sort=sort)
        assert command in missing_index(list_, list_.sort).message  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["", "-", "--a", "a.b", "a,b", "a desc"])
def test_malformed_sort_is_refused(text: str) -> None:
    with pytest.raises(BadParameter) as refused:
        parse_sort(text)
    assert refused.value.parameter == "sort"


def test_sort_names_are_read_as_in_filters() -> None:
    assert parse_sort("-a") == ("a", True)
    assert parse_sort('"-a b"') == ("-a b", False)


def test_indexes_of_equal_use_are_chosen_by_name() -> None:
    other = replace(STATUS, name="a-index")
    assert plan(wanted('status = "open"'), STATUS, other).name == plan(wanted('status = "open"'), other, STATUS).name
