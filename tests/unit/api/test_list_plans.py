"""The list by key, by index and in an order, with its count: header fields, combinations and errors."""

import json
from typing import Any

import pytest

from picus_api.core.dynamodb import table, table_description
from picus_api.core.dynamodb.table import domain_error
from picus_api.core.dynamodb.table_description import describe_table
from picus_api.core.errors import BadValue, TableUnavailable
from picus_api.core.query import batch_get, index_check
from picus_api.table_setup import IndexSpec, create_index
from picus_api.token_admin import create_token
from tests.unit.api.conftest import NDJSON_TYPE, Client, body_of, error_of
from tests.unit.api.test_list_view import NEXT, numbers

OPEN = 'filter=status = "open"'


@pytest.fixture
def twelve(stocked: Client) -> Client:
    """Return a client of a service with 12 items k0 to k11, half of them open, and two indexes."""
    for number in range(12):
        item = {"n": number, "status": "open" if number % 2 else "done", "at": f"{number % 5}"}
        stocked.send("PUT", f"/picus/put/k{number}", json.dumps(item))
    create_index(IndexSpec((("status", "S"),)))
    create_index(IndexSpec((("status", "S"), ("at", "S"))))
    table_description._cache.forget()
    return stocked


def keys(response: Any) -> list[str]:
    return [item["object_id"] for item in json.loads(body_of(response))]


@pytest.mark.parametrize(
    ("query", "plan", "found"),
    [
        ("", "scan", range(12)),
        (OPEN, "query status-index", range(1, 12, 2)),
        (f"{OPEN} AND n > 4", "query status-index", [5, 7, 9, 11]),
        (f'{OPEN} AND at > "2"', "query status-at-index", [3, 9]),
        ('filter=object_id = "k3"&fields=n', "get", [3]),
        ('filter=object_id = "k3" AND n = 4', "get", []),
        ("filter=n = 4", "scan", [4]),
        ("key=k3&key=k1&fields=n", "batch-get", [3, 1]),
    ],
)
def test_list_says_its_plan(twelve: Client, query: str, plan: str, found: Any) -> None:
    for more, accept in (("", "*/*"), ("", NDJSON_TYPE), ("&limit=1000", "*/*"), ("&limit=1000", NDJSON_TYPE)):
        if "key" in query and more:
            continue
        response = twelve.send("GET", f"/picus/list?{query}{more}", Accept=accept)
        body = body_of(response)
        items = json.loads(body) if accept == "*/*" else [json.loads(line) for line in body.splitlines()]
        assert (response["Picus-Plan"], {item["n"] for item in items}) == (plan, set(found))
        assert len(items) == len(found)
    assert twelve.send("GET", f"/picus/list?{query}", Accept="text/html")["Picus-Plan"] == plan
    assert twelve.send("HEAD", f"/picus/list?{query}")["Picus-Plan"] == plan


def test_pages_of_an_index_follow_each_other(twelve: Client) -> None:
    for query in (OPEN, f"{OPEN}&sort=-at&fields=n", f"{OPEN} AND n > 2&limit=2"):
        path: str | None = f"/picus/list?{query}&limit=2"
        path = path.replace("limit=2&limit=2", "limit=2") if path else None
        found: list[int] = []
        while path:
            response = twelve.send("GET", path)
            assert response["Picus-Plan"].startswith("query status-")
            found += numbers(response.content)
            match = NEXT.fullmatch(response.get("Link", ""))
            path = match[1] if match else None
        assert sorted(found) == ([3, 5, 7, 9, 11] if "n >" in query else [1, 3, 5, 7, 9, 11])


def test_cursor_belongs_to_its_plan(twelve: Client) -> None:
    first = twelve.send("GET", f"/picus/list?{OPEN}&sort=at&limit=2")
    cursor = NEXT.fullmatch(first["Link"])[1].partition("cursor=")[2].partition("&")[0]  # type: ignore[index]
    for query in (OPEN, f"{OPEN}&sort=-at", "limit=3", 'filter=status = "done"&sort=at'):
        error_of(twelve.send("GET", f"/picus/list?{query}&cursor={cursor}"), 400, "invalid_parameter")
    rest = twelve.send("GET", f"/picus/list?{OPEN}&sort=at&cursor={cursor}")
    assert len(numbers(body_of(rest))) == 4
    # A list goes on as it began, with the index or without it.
    begun = twelve.send("GET", f"/picus/list?{OPEN}&limit=2", Prefer="consistency=strong")
    assert (begun["Picus-Plan"], begun["Preference-Applied"]) == ("scan", "consistency=strong")
    assert twelve.send("GET", NEXT.fullmatch(begun["Link"])[1])["Picus-Plan"] == "scan"  # type: ignore[index]
    by_index = twelve.send("GET", f"/picus/list?{OPEN}&limit=2")
    following = NEXT.fullmatch(by_index["Link"])[1]  # type: ignore[index]
    for path in (following, f"/picus/list?{OPEN}&sort=at", f"/picus/list?{OPEN}&sort=at&cursor={cursor}"):
        response = twelve.send("GET", path, Prefer="consistency=strong")
        assert response["Picus-Plan"].startswith("query status-")
        assert (response.status_code, "Preference-Applied" in response) == (200, False)


def test_sort_orders_or_names_the_index(twelve: Client) -> None:
    for sort in ("at", "-at"):
        items = json.loads(body_of(twelve.send("GET", f"/picus/list?{OPEN}&sort={sort}")))
        assert [item["at"] for item in items] == sorted((item["at"] for item in items), reverse=sort[0] == "-")
    for query, index in (
        (f"{OPEN}&sort=n", "status-n-index"),
        ("sort=at", "-at-index"),
        ("filter=n>1&sort=at", "-at"),
    ):
        error = error_of(twelve.send("GET", f"/picus/list?{query}"), 400, "invalid_parameter")
        assert index in error["error"]
        assert error["parameter"] == "sort"


def test_keys_are_read_in_the_order_asked(twelve: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = "&".join(f"key={key}" for key in ("k7", "absent", "k1", "k7", "%C3%BC", "x" * 2049))
    assert keys(twelve.send("GET", f"/picus/list?{asked}")) == ["k7", "k1"]
    monkeypatch.setattr(batch_get, "_FIRST_KEYS", 3)
    assert keys(twelve.send("GET", f"/picus/list?{'&'.join(f'key=k{n}' for n in range(20))}")) == [
        f"k{n}" for n in range(12)
    ]
    assert keys(twelve.send("GET", "/picus/list?key=absent")) == []
    many = "&".join(f"key={number}" for number in range(101))
    for query, parameter in (
        (many, "key"),
        ("key=", "key"),
        ("key=a&limit=1", "limit"),
        ("key=a&filter=n=1", "filter"),
        ("key=a&sort=n", "sort"),
    ):
        error = error_of(twelve.send("GET", f"/picus/list?{query}"), 400, "invalid_parameter")
        assert error["parameter"] == parameter


def test_unprocessed_keys_are_read_again(twelve: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """DynamoDB returns at most 16 MB at once, and moto all keys: here only one of them is asked for at a time."""
    send, calls = table.send, []

    def one_at_a_time(operation: str, request: Any) -> Any:
        calls.append(operation)
        [(name, wanted)] = request["RequestItems"].items()
        result = send(operation, {"RequestItems": {name: {**wanted, "Keys": wanted["Keys"][:1]}}})
        response = {**json.loads(result.body), "UnprocessedKeys": {name: {"Keys": wanted["Keys"][1:]}}}
        return result._replace(body=json.dumps(response).encode())

    monkeypatch.setattr(table, "send", one_at_a_time)
    assert keys(twelve.send("GET", "/picus/list?key=k3&key=k2&key=k1")) == ["k3", "k2", "k1"]
    assert calls == ["BatchGetItem"] * 3


@pytest.mark.parametrize(
    ("query", "prefer", "count", "applied"),
    [
        ("", "count=exact", "12", "count=exact"),
        ("", "count=estimated", "12", "count=estimated"),
        ("limit=1", "count=exact, consistency=strong", "12", "count=exact, consistency=strong"),
        (f"{OPEN}&limit=2", "count=exact", "6", "count=exact"),
        ("filter=n < 3", "count=exact", "3", "count=exact"),
        ("filter=n < 3", "count=estimated", None, None),
        ('filter=object_id = "k1"', "count=exact", "1", "count=exact"),
        ("key=k1&key=absent", "count=exact", "1", "count=exact"),
        ("", "count=perhaps", None, None),
    ],
)
def test_count_is_in_a_header_field(
    twelve: Client, query: str, prefer: str, count: str | None, applied: str | None
) -> None:
    response = twelve.send("GET", f"/picus/list?{query}", Prefer=prefer)
    assert (response.get("Picus-Total-Count"), response.get("Preference-Applied")) == (count, applied)
    if "limit" in query:
        assert float(response["Picus-Consumed-Capacity"]) > 0


def test_plain_requests_describe_no_table(twelve: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    operations, call = [], table.call

    def noted(operation: str, **request: Any) -> bytes:
        operations.append(operation)
        return call(operation, **request)

    monkeypatch.setattr(table, "call", noted)
    body_of(twelve.send("GET", "/picus/list"))
    body_of(twelve.send("GET", "/picus/list?filter=n > 1 AND even = true"))
    twelve.send("GET", "/picus/get/k1")
    twelve.send("PUT", "/picus/put/k1", "{}")
    assert operations == ["Scan", "Scan", "GetItem", "PutItem"]


@pytest.mark.parametrize("code", ["ValidationException", "AccessDeniedException"])
def test_list_reads_the_table_if_its_index_fails(twelve: Client, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    call = table.call

    def without_queries(operation: str, **request: Any) -> bytes:
        if operation == "Query":
            cause: Any = OSError("no index")
            cause.code = code
            raise TableUnavailable from cause
        return call(operation, **request)

    monkeypatch.setattr(table, "call", without_queries)
    response = twelve.send("GET", f"/picus/list?{OPEN}")
    assert (response["Picus-Plan"], sorted(numbers(body_of(response)))) == ("scan", [1, 3, 5, 7, 9, 11])
    assert describe_table().indexes == ()
    table_description._cache.forget()
    sorted_list = twelve.send("GET", f"/picus/list?{OPEN}&sort=at")
    assert sorted_list.status_code == (400 if code == "ValidationException" else 503)


def test_prefix_of_token_holds_on_every_path(twelve: Client) -> None:
    team = {"Authorization": f"Bearer {create_token('test', frozenset({'read'}), 'k1').text}"}
    for query, found in (
        (OPEN, {"k1", "k11"}),
        (f'{OPEN} AND at > "0"', {"k1", "k11"}),
        (f"{OPEN}&sort=at", {"k1", "k11"}),
        ('filter=object_id = "k11"', {"k11"}),
        ('filter=object_id = "k2"', set()),
        ("key=k1&key=k12", {"k1"}),
    ):
        assert set(keys(twelve.send("GET", f"/picus/list?{query}", **team))) == found, query
    assert "Picus-Total-Count" not in twelve.send("GET", "/picus/list", Prefer="count=estimated", **team)
    assert twelve.send("GET", "/picus/list", Prefer="count=exact", **team)["Picus-Total-Count"] == "3"
    error_of(twelve.send("GET", "/picus/list?key=k1&key=k2", **team), 403, "insufficient_scope")
    page = twelve.send("GET", f"/picus/list?{OPEN}&limit=1", **team)
    assert set(keys(twelve.send("GET", NEXT.fullmatch(page["Link"])[1], **team))) < {"k1", "k11"}  # type: ignore[index]
    error_of(twelve.send("GET", NEXT.fullmatch(page["Link"])[1]), 400, "invalid_parameter")  # type: ignore[index]


def test_expired_items_are_not_listed(twelve: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TTL_ATTRIBUTE", "until")
    for key, until in (("k1", 5), ("k2", 5), ("k3", 9e9)):
        twelve.send("PUT", f"/picus/put/{key}", json.dumps({"n": 1, "status": "open", "at": "9", "until": int(until)}))
    for query, absent in (("", 2), (OPEN, 1), ('filter=object_id = "k1"', 1), ("fields=n", 2), (f"{OPEN}&sort=at", 1)):
        found = keys(twelve.send("GET", f"/picus/list?{query}"))
        assert not {"k1", "k2"} & set(found), query
        assert len(found) == {"": 10, OPEN: 5 + 1 - absent, "fields=n": 10}.get(query, len(found))
    response = twelve.send("GET", "/picus/list?key=k1&key=k3&fields=n")
    assert json.loads(body_of(response)) == [{"object_id": "k3", "n": 1}]


def test_value_that_an_index_refuses_is_400() -> None:
    """Moto takes such items, so these are DynamoDB's sentences."""
    kind = (
        "One or more parameter values were invalid: Type mismatch for Index Key a b Expected: S Actual: N IndexName: i"
    )
    empty = "The AttributeValue for a key attribute cannot contain an empty string value. IndexName: i, IndexKey: a b"
    invalid = "One or more parameter values were invalid: "
    size = f"{invalid}Size limit exceeded for Index Key a b Actual Size: 2175 bytes Max Size: 2048 bytes IndexName: i"
    partition = f"{invalid}Size of hashkey has exceeded the maximum size limit of2048 bytes"
    sort = f"{invalid}Aggregated size of all range keys has exceeded the size limit of 1024 bytes"
    for message, part, pointer in (
        (kind, "a text only", "/a b"),
        (empty, "no empty text", "/a b"),
        (size, "The index i of the table takes at most 2048 bytes here", "/a b"),
        (partition, "at most 2048 bytes", ""),
        (sort, "at most 1024 bytes", ""),
    ):
        for response in (
            {"Error": {"Code": "ValidationException", "Message": message}},
            {
                "Error": {"Code": "TransactionCanceledException", "Message": "x"},
                "CancellationReasons": [{"Code": "None"}, {"Code": "ValidationError", "Message": message}],
            },
        ):
            cause: Any = OSError()
            cause.response = response
            error = domain_error(cause)
            assert isinstance(error, BadValue)
            assert (error.status, error.body()["pointer"]) == (400, pointer)
            assert part in str(error)


def test_index_is_counted_a_little_with_each_list(twelve: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """An index without a safe comparison is used once all items are known to be in it."""
    query = f'/picus/list?{OPEN} AND at < "3"'
    by_time = next(each for each in describe_table().indexes if each.sort_key)
    monkeypatch.setattr(index_check, "PAGES_PER_LIST", 1)
    request = index_check._request
    # Pages of five items stand for DynamoDB's pages of 1 MB.
    monkeypatch.setattr(index_check, "_request", lambda index: {**request(index), "Limit": 5})
    assert [index_check.holds_all(by_time) for _ in range(4)] == [False, False, True, True]
    monkeypatch.setattr(table_description._cache, "found", table_description.TableDescription((by_time,)))
    response = twelve.send("GET", query)
    assert (response["Picus-Plan"], sorted(numbers(body_of(response)))) == ("query status-at-index", [1, 5, 7, 11])
    index_check.forget_other_indexes(())
    table.call("PutItem", Item={"object_id": {"S": "k12"}, "at": {"N": "1"}})
    assert [index_check.holds_all(by_time) for _ in range(4)] == [False] * 4
