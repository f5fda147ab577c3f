"""The function responds to every event, whatever its shape: API Gateway would show a client a Python repr."""

import json
from typing import Any

import pytest

from tests.function.function import Function

DELETE: dict[str, Any] = {"httpMethod": "DELETE", "path": "/picus/absent"}


@pytest.mark.parametrize(
    "event",
    [
        [],
        None,
        "text",
        1,
        {},
        {"httpMethod": None, "path": None},
        {"httpMethod": 1, "path": ["x"]},
        {"headers": [], "multiValueHeaders": "x"},
        {"httpMethod": "GET", "path": "/picus/%"},
    ],
)
def test_event_of_another_shape_gets_an_error(function: Function, event: Any) -> None:
    response = function(event)
    assert response["statusCode"] in (404, 405)
    assert set(json.loads(response["body"])) == {"error", "code"}


@pytest.mark.parametrize(
    "fields",
    [
        {"multiValueHeaders": {"If-Match": None}},
        {"multiValueHeaders": {"If-Match": []}},
        {"multiValueHeaders": {"Prefer": [None, 1]}},
        {"headers": {"If-Match": None}},
        {"headers": {"X-Request-Id": 5}, "multiValueHeaders": None},
        {"headers": None, "multiValueHeaders": {"Accept": "not a list"}},
        {"headers": {"prefer": {}}},
    ],
)
def test_event_with_odd_headers_is_carried_out(function: Function, table: object, fields: dict[str, Any]) -> None:
    response = function({**DELETE, **fields})
    assert response["statusCode"] in (404, 412)


@pytest.mark.parametrize(
    ("path", "key"), [("/%70icus/k", "k"), ("/picus/%6b", "k"), ("/picus/a%2fb", "a/b"), ("/picus/a%2Fb/", "a/b")]
)
def test_path_is_read_as_the_service_reads_it(function: Function, table: object, path: str, key: str) -> None:
    response = function({**DELETE, "path": path})
    assert (response["statusCode"], json.loads(response["body"])) == (
        404,
        {"error": f'Item with key "{key}" not found'},
    )


@pytest.mark.parametrize("path", ["/picus%2Fk", "//picus/k", "/PICUS/k", "/picus", "/picus/"])
def test_path_without_a_key_is_404(function: Function, path: str) -> None:
    response = function({**DELETE, "path": path})
    assert (response["statusCode"], json.loads(response["body"])["code"]) == (404, "path_not_found")
