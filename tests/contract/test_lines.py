"""GET /picus/list with `Accept: application/x-ndjson` or `text/csv`: an item a line."""

import csv
import io

import pytest

from tests.contract.client import Client
from tests.contract.expect import assert_error, assert_request_id
from tests.contract.lists import NDJSON, items_of, lines_of, marked, target


def test_ndjson_has_the_items_of_the_array(client: Client) -> None:
    mark, keys = marked(client, '"a": 1.10', '"a": "line\\nbreak \\u2028 \\r é😀"', '"a": [1, {"b": null}]')
    lines = lines_of(client.request("GET", target(filter=mark), headers=NDJSON))
    assert lines == items_of(client.request("GET", target(filter=mark)))
    assert {line["object_id"] for line in lines} == set(keys)


def test_the_whole_table_can_be_ndjson(client: Client) -> None:
    # DynamoDB ends a page at 1 MB: these are 1.5 MB.
    keys = [client.store(f'{{"n": {n}, "filler": "{"x" * 380_000}"}}') for n in range(4)]
    response = client.request("GET", "/picus/list", headers=NDJSON)
    assert_request_id(response)
    assert set(keys) <= {str(line["object_id"]) for line in lines_of(response)}


def test_no_match_is_empty_ndjson(client: Client) -> None:
    response = client.request("GET", target(filter='mark = "nobody has this"'), headers=NDJSON)
    assert (response.status, lines_of(response)) == (200, [])


def test_empty_ndjson_has_its_type(client: Client) -> None:
    response = client.request("GET", target(filter='mark = "nobody has this"', limit="5"), headers=NDJSON)
    assert (response.status, response.media_type, response.body) == (200, "application/x-ndjson", b"")


def test_format_parameter_selects_ndjson(client: Client) -> None:
    mark, _ = marked(client, "")
    assert len(lines_of(client.request("GET", target(filter=mark, format="ndjson")))) == 1


def test_head_has_type_of_ndjson(client: Client) -> None:
    response = client.request("HEAD", "/picus/list", headers=NDJSON)
    assert (response.status, response.media_type, response.body) == (200, "application/x-ndjson", b"")


def test_error_is_json_for_ndjson_client(client: Client) -> None:
    error = assert_error(client.request("GET", target(filter="a"), headers=NDJSON), 400)
    assert error["parameter"] == "filter"
    assert_error(client.request("POST", "/picus/list", headers=NDJSON), 405)


@pytest.mark.parametrize("path", ["/picus/get/x", "/"])
def test_only_lists_are_ndjson(client: Client, path: str) -> None:
    assert_error(client.request("GET", path, headers=NDJSON), 406)


def test_csv_has_the_fields_as_columns(client: Client) -> None:
    """Four pages of DynamoDB: the whole table is streamed."""
    mark, keys = marked(client, *[f'"n": -{n}.50, "filler": "{"x" * 380_000}"' for n in range(4)])
    for parameters in ({"filter": mark}, {}):
        query = target(fields="object_id,n", **parameters)
        response = client.request("GET", query, headers={"Accept": "text/csv"})
        assert (response.status, response.header("Content-Type")) == (200, "text/csv; charset=utf-8")
        head, *rows = csv.reader(io.StringIO(response.body.decode(), newline=""), strict=True)
        assert head == ["object_id", "n"]
        found = {key: number for key, number in rows if key in keys}
        assert found == {key: f"-{n}.5" for n, key in enumerate(keys)}
    error = assert_error(client.request("GET", "/picus/list?format=csv"), 400)
    assert (error["code"], error["parameter"]) == ("invalid_parameter", "fields")
