"""The list's query parameters, its pages and its formats."""

import json
import re
from itertools import pairwise

import pytest
from django.http import QueryDict

from picus_api import list_stream
from picus_api.core.access.access import Access
from picus_api.core.dynamodb.table import shared_transport
from picus_api.core.errors import BadParameter
from picus_api.core.query.cursor import Position, encode_cursor
from picus_api.core.query.plan import scan_path
from picus_api.list_query import ListQuery, parse_list_query
from picus_api.list_stream import KeepAlive
from tests.conftest import use_table
from tests.http_server import Server, dynamodb_response, error, replies
from tests.unit.api.conftest import JSON_TYPE, NDJSON_TYPE, Client, body_of, error_of

NEXT = re.compile(r'<(/picus/list\?[^>]+)>; rel="next"')


def parse(query: str) -> ListQuery:
    return parse_list_query(QueryDict(query), Access(frozenset({"read"})))


@pytest.fixture
def ten(stocked: Client) -> Client:
    """Return a client of a service with ten items, numbered from 0."""
    lines = "".join(f'{{"n": {number}, "even": {str(number % 2 == 0).lower()}}}\n' for number in range(10))
    body_of(stocked.send("POST", "/picus/put", lines, NDJSON_TYPE))
    return stocked


def numbers(body: bytes) -> list[int]:
    return [item["n"] for item in json.loads(body)]


def test_limit_is_whole_number() -> None:
    assert parse("limit=1").limit == 1
    assert parse("limit=1000").limit == 1000
    assert parse("").limit is None


@pytest.mark.parametrize("value", ["0", "1001", "-1", "1.5", "x", "1e2", "%2B1", "%D9%A1", "9999999999", "+1"])
def test_other_limits_are_refused(value: str) -> None:
    with pytest.raises(BadParameter, match="whole number from 1 to 1000") as refused:
        parse(f"limit={value}")
    assert refused.value.parameter == "limit"


@pytest.mark.parametrize("name", ["limit", "cursor", "filter", "fields"])
def test_empty_and_repeated_parameters_are_refused(name: str) -> None:
    for query, sentence in ((f"{name}=", "is empty"), (f"{name}=1&{name}=2", "given 2 times")):
        with pytest.raises(BadParameter, match=sentence) as refused:
            parse(query)
        assert refused.value.parameter == name


def test_cursor_belongs_to_table_and_filter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DYNAMODB_TABLE_NAME", "items")
    cursor = encode_cursor("k", "items", "")
    assert parse(f"cursor={cursor}").position == Position("k")
    for query in (f"cursor={cursor}&filter=n%3D1", "cursor=x", f"cursor={encode_cursor('k', 'others', '')}"):
        with pytest.raises(BadParameter) as refused:
            parse(query)
        assert refused.value.parameter == "cursor"


def test_filter_and_fields_become_expressions() -> None:
    expressions = scan_path(parse("filter=n%20%3E%201&fields=a,b.c").wanted).parameters
    assert set(expressions) == {
        "ConsistentRead",
        "FilterExpression",
        "ProjectionExpression",
        "ExpressionAttributeNames",
        "ExpressionAttributeValues",
    }
    assert set(expressions["ExpressionAttributeNames"].values()) == {"n", "a", "b", "c", "object_id"}


@pytest.mark.parametrize(("query", "parameter"), [("filter=n%20%3D", "filter"), ("fields=a,,b", "fields")])
def test_malformed_expression_has_position(query: str, parameter: str) -> None:
    with pytest.raises(BadParameter) as refused:
        parse(query)
    assert refused.value.parameter == parameter
    assert refused.value.position is not None


def test_empty_list_is_empty_array(stocked: Client) -> None:
    response = stocked.send("GET", "/picus/list")
    assert (response["Content-Type"], body_of(response)) == ("application/json", b"[]")


def test_list_has_every_item_once(ten: Client) -> None:
    assert sorted(numbers(body_of(ten.send("GET", "/picus/list")))) == list(range(10))


def test_filter_finds_matching_items(ten: Client) -> None:
    found = numbers(body_of(ten.send("GET", "/picus/list?filter=even = true AND n > 3")))
    assert sorted(found) == [4, 6, 8]


def test_fields_keep_key_and_named_attributes(ten: Client) -> None:
    items = json.loads(body_of(ten.send("GET", "/picus/list?fields=n")))
    assert all(set(item) == {"object_id", "n"} for item in items)


@pytest.mark.parametrize("query", ["limit=3", "limit=2&filter=n<7", "limit=4&fields=n"])
def test_next_links_lead_through_all_items(ten: Client, query: str) -> None:
    path: str | None = f"/picus/list?{query}"
    found: list[int] = []
    while path:
        response = ten.send("GET", path)
        found += numbers(response.content)
        match = NEXT.fullmatch(response.get("Link", ""))
        path = match[1] if match else None
    assert sorted(found) == list(range(7 if "filter" in query else 10))


def test_last_page_has_no_link(ten: Client) -> None:
    assert "Link" not in ten.send("GET", "/picus/list?limit=10")
    assert "Link" in ten.send("GET", "/picus/list?limit=9")


@pytest.mark.parametrize("query", ["", "limit=10"])
def test_ndjson_has_a_line_for_each_item(ten: Client, query: str) -> None:
    response = ten.send("GET", f"/picus/list?{query}", Accept=NDJSON_TYPE)
    lines = body_of(response)
    assert response["Content-Type"] == NDJSON_TYPE
    assert lines.endswith(b"}\n")
    assert sorted(json.loads(line)["n"] for line in lines.splitlines()) == list(range(10))


def test_empty_ndjson_page_keeps_its_type(stocked: Client) -> None:
    response = stocked.send("GET", "/picus/list?limit=10", Accept=NDJSON_TYPE)
    assert (response["Content-Type"], response.content) == (NDJSON_TYPE, b"")


def test_bad_parameter_is_400_with_its_name(stocked: Client) -> None:
    error = error_of(stocked.send("GET", "/picus/list?limit=x"), 400, "invalid_parameter")
    assert error["parameter"] == "limit"
    error = error_of(stocked.send("GET", "/picus/list?filter=n = "), 400, "invalid_parameter")
    assert (error["parameter"], type(error["position"])) == ("filter", int)


def test_error_for_ndjson_client_is_json(stocked: Client) -> None:
    error_of(stocked.send("GET", "/picus/list?limit=0", Accept=NDJSON_TYPE), 400, "invalid_parameter")


@pytest.mark.parametrize("accept", [JSON_TYPE, NDJSON_TYPE])
def test_failure_before_first_match_is_503(api: Client, monkeypatch: pytest.MonkeyPatch, accept: str) -> None:
    no_match = dynamodb_response(200, b'{"Items": [], "Count": 0, "LastEvaluatedKey": {"object_id": {"S": "a"}}}')
    with Server(replies(no_match, no_match, error("AccessDeniedException"))) as server:
        use_table(monkeypatch, server.url, "picus_failing")
        error_of(api.send("GET", "/picus/list?filter=n > 1", Accept=accept), 503, "unavailable")
        shared_transport().close()
    assert [request.operation for request in server.requests] == ["Scan"] * 3


def test_browser_gets_page_of_25(stocked: Client) -> None:
    body_of(stocked.send("POST", "/picus/put", "{}\n" * 30, NDJSON_TYPE))
    response = stocked.send("GET", "/picus/list", Accept="text/html")
    assert response["Content-Type"] == "text/html; charset=utf-8"
    assert NEXT.fullmatch(response["Link"])


def test_head_of_list_reads_no_further_page(ten: Client) -> None:
    response = ten.send("HEAD", "/picus/list")
    assert (response.status_code, body_of(response)) == (200, b"")


def test_silent_body_gets_spaces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_stream, "SILENCE_SECONDS", -1)
    assert list(map(KeepAlive(), [b"[1", b"", b"", b"]"])) == [b"[1", b" ", b" ", b"]"]
    monkeypatch.setattr(list_stream, "SILENCE_SECONDS", 100)
    assert list(map(KeepAlive(), [b"[1", b"", b"]"])) == [b"[1", b"", b"]"]


def test_pages_of_list_are_in_order_of_the_scan(ten: Client) -> None:
    """The pages of a limit and the whole list have the same order."""
    whole = numbers(body_of(ten.send("GET", "/picus/list")))
    page = numbers(ten.send("GET", "/picus/list?limit=4").content)
    assert page == whole[:4]
    assert all(one != two for one, two in pairwise(whole))


@pytest.mark.parametrize("limit", ["", "&limit=1000", "&filter=n > -5"])
def test_csv_has_the_columns_of_fields(stocked: Client, limit: str) -> None:
    body = '{"n": -1.50, "text": "=1+1", "deep": {"list": [1, "a"]}}\n'
    body += '{"n": 12345678901234567890123, "text": "a,\\"b\\""}'
    body_of(stocked.send("POST", "/picus/put", body, NDJSON_TYPE))
    for query, accept in (("&format=csv", "*/*"), ("", "text/csv"), ("", "text/csv, application/json;q=0.5")):
        response = stocked.send("GET", f"/picus/list?fields=n,deep.list,text{limit}{query}", Accept=accept)
        assert (response.status_code, response["Content-Type"]) == (200, "text/csv; charset=utf-8")
        head, *rows = body_of(response).decode().split("\r\n")
        assert head == "n,deep.list,text"
        assert sorted(rows) == ["", '-1.5,"[1,""a""]",\'=1+1', '12345678901234567890123,,"a,""b"""']


def test_csv_pages_have_links_and_headers(ten: Client) -> None:
    path: str | None = "/picus/list?fields=n&format=csv&limit=4"
    found: list[str] = []
    while path:
        response = ten.send("GET", path)
        head, *rows, last = body_of(response).decode().split("\r\n")
        assert (head, last) == ("n", "")
        found += rows
        match = NEXT.fullmatch(response.get("Link", ""))
        path = match[1] if match else None
    assert sorted(map(int, found)) == list(range(10))
    assert body_of(ten.send("GET", "/picus/list?fields=n&format=csv&filter=n > 99")) == b"n\r\n"
    assert body_of(ten.send("GET", "/picus/list?fields=n&format=csv&filter=n > 99&limit=2")) == b"n\r\n"
    assert body_of(ten.send("HEAD", "/picus/list?fields=n&format=csv")) == b""


def test_csv_without_fields_is_400(stocked: Client) -> None:
    for query in ("format=csv", "format=csv&limit=3", "format=csv&filter=n=1"):
        error = error_of(stocked.send("GET", f"/picus/list?{query}"), 400, "invalid_parameter")
        assert error["parameter"] == "fields"
        assert "fields=object_id,name" in error["error"]
    error_of(stocked.send("GET", "/picus/list?format=csv&fields=a,"), 400, "invalid_parameter")
    error_of(stocked.send("GET", "/picus/list?fields=a&limit=0", Accept="text/csv"), 400, "invalid_parameter")
    error_of(stocked.send("POST", "/picus/put", "{}", Accept="text/csv"), 406, "not_acceptable")


def test_silent_csv_sends_its_last_row_slowly(monkeypatch: pytest.MonkeyPatch) -> None:
    pieces = [b"head\r\n", b"", b"", b"", b"x" * 100 + b"\r\n", b"", b"last\r\n", b""]
    for seconds, first in ((-1, b"h"), (100, b"")):
        monkeypatch.setattr(list_stream, "SILENCE_SECONDS", seconds)
        keep_alive = list_stream.CsvKeepAlive()
        sent = [*map(keep_alive, pieces), *keep_alive.end()]
        assert b"".join(sent) == b"".join(pieces)
        assert sent[:4] == [b"", first, first and b"e", first and b"a"]
