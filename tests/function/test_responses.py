"""The packaged function's whole responses to events of API Gateway's REST proxy integration."""

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from picus_api.core import metrics
from picus_project.local.events import rest_proxy_event
from tests.function.function import REQUEST_ID, Function, expected, running_function

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

KEYS = ["1", "a/b", "two words", 'it\'s "quoted"', "é 文 🦜", "100%", "a%2Fb", "a/", "/", "a+b", "?#&=;", "x" * 2048]
NO_SUCH_PATH = '{"error": "There is nothing at this path.", "code": "path_not_found"}'


def path_of(key: str) -> str:
    return "/picus/" + quote(key, safe="")


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("slash", ["", "/"])
def test_item_with_any_key_is_deleted(function: Function, table: "Table", key: str, slash: str) -> None:
    table.put_item(Item={"object_id": key, "name": "x"})
    sentence = json.dumps(f'Item with key "{key}" deleted successfully', ensure_ascii=False)

    assert function.send("DELETE", path_of(key) + slash) == expected(200, f'{{"message": {sentence}}}')
    assert "Item" not in table.get_item(Key={"object_id": key})


@pytest.mark.parametrize("key", [*KEYS, "x" * 3000, "é" * 1025])
def test_an_absent_item_is_a_404(function: Function, key: str) -> None:
    sentence = json.dumps(f'Item with key "{key}" not found', ensure_ascii=False)

    assert function.send("DELETE", path_of("absent " + key)) == expected(
        404, f'{{"error": {sentence}}}'.replace('key \\"', 'key \\"absent ', 1)
    )


def test_404_has_bytes_of_contract(function: Function) -> None:
    assert function.send("DELETE", "/picus/nope")["body"] == r'{"error": "Item with key \"nope\" not found"}'


def test_a_second_delete_is_a_404(function: Function, table: "Table") -> None:
    table.put_item(Item={"object_id": "once"})

    assert [function.send("DELETE", "/picus/once")["statusCode"] for _ in range(2)] == [200, 404]


def test_only_the_item_with_that_key_is_deleted(function: Function, table: "Table") -> None:
    for key in ("a/b c", "a%2Fb c", "a%2Fb%20c"):
        table.put_item(Item={"object_id": key})

    assert function.send("DELETE", "/picus/a%2Fb%20c")["statusCode"] == 200
    assert "Item" not in table.get_item(Key={"object_id": "a/b c"})
    assert "Item" in table.get_item(Key={"object_id": "a%2Fb c"})
    assert "Item" in table.get_item(Key={"object_id": "a%2Fb%20c"})


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "TRACE", "BREW"])
def test_other_method_is_405_with_allow(function: Function, table: "Table", method: str) -> None:
    table.put_item(Item={"object_id": "kept"})

    assert function.send(method, "/picus/kept") == expected(
        405,
        f'{{"error": "Method \\"{method}\\" not allowed.", "code": "method_not_allowed"}}',
        Allow="DELETE, OPTIONS",
    )
    assert "Item" in table.get_item(Key={"object_id": "kept"})


def test_options_is_200_with_allow(function: Function) -> None:
    assert function.send("OPTIONS", "/picus/1") == expected(200, '{"name": "Delete an item"}', Allow="DELETE, OPTIONS")


@pytest.mark.parametrize("method", ["DELETE", "GET", "OPTIONS"])
@pytest.mark.parametrize("path", ["/picus/", "/picus", "/", "/other/1", "/PICUS/1"])
def test_a_path_without_a_key_is_a_404(function: Function, method: str, path: str) -> None:
    assert function.send(method, path) == expected(404, NO_SUCH_PATH)


@pytest.mark.parametrize("path", ["/picus/%FF", "/picus/a%C3", "/picus/%ED%A0%80"])
def test_a_key_that_is_not_utf_8_is_a_400(function: Function, path: str) -> None:
    body = '{"error": "The key in the path is not valid UTF-8.", "code": "invalid_key"}'
    assert function.send("DELETE", path) == expected(400, body)


def test_unknown_event_gets_response(function: Function) -> None:
    response = function({})

    assert response["statusCode"] == 404
    assert response["body"] == NO_SUCH_PATH


@pytest.mark.parametrize(
    ("headers", "request_id"),
    [
        ([("X-Amz-Cf-Id", REQUEST_ID), ("X-Request-Id", "clients")], REQUEST_ID),
        ([("x-request-id", "clients")], "clients"),
        ([("X-Amz-Cf-Id", 'forged" line'), ("X-Request-Id", "clients")], "clients"),
    ],
)
def test_request_id_is_from_edge_or_client(function: Function, headers: list[tuple[str, str]], request_id: str) -> None:
    function.log()

    response = function(rest_proxy_event(method="GET", path="/picus/1", headers=headers))

    assert response["headers"]["X-Request-Id"] == request_id
    assert [line["request_id"] for line in function.log()] == [request_id]


def test_request_without_id_gets_new_id(function: Function) -> None:
    event = rest_proxy_event(method="GET", path="/picus/1")

    first, second = (function(event)["headers"]["X-Request-Id"] for _ in range(2))

    assert first != second
    assert all(re.fullmatch(r"[0-9a-f-]{32,36}", request_id) for request_id in (first, second))


def test_each_request_is_one_line_of_json_in_the_log(function: Function) -> None:
    function.log()

    function.send("DELETE", "/picus/a%2Fb%20%C3%A9")

    [line] = function.log()
    assert line.pop("time").endswith("Z")
    assert 0 < line.pop("duration_ms") < 10_000
    assert line == {
        "level": "INFO",
        "logger": "picus.request",
        "message": "request",
        "request_id": REQUEST_ID,
        "method": "DELETE",
        "path": "/picus/a%2Fb%20%C3%A9",
        "status": 404,
        "key": "a/b é",
        "compute": "function",
        "client": "127.0.0.1",
        "agent": "",
        "token": "anonymous",
    }


def test_delete_has_a_line_for_the_audit(function: Function, table: "Table") -> None:
    table.put_item(Item={"object_id": "audited"})
    function.log()
    fields = [("X-Forwarded-For", "6.6.6.6, 203.0.113.9, 130.176.0.1"), ("User-Agent", "x"), ("X-Request-Id", "r")]
    assert function(rest_proxy_event(method="DELETE", path="/picus/audited", headers=fields))["statusCode"] == 200
    audit, request = function.log()
    who = {"compute": "function", "client": "203.0.113.9", "agent": "x", "token": "anonymous", "key": "audited"}
    assert {name: audit.pop(name) for name in who} == {name: request[name] for name in who} == who
    del audit["time"]
    about = {"level": "INFO", "logger": "picus.audit", "message": "change", "request_id": "r", "action": "delete"}
    assert audit == about


def test_line_has_the_metrics_of_the_service_and_trace_id(fresh: Path, table: "Table", dynamodb_url: str) -> None:
    settings = {"DYNAMODB_TABLE_NAME": table.name, "DYNAMODB_ENDPOINT_URL": dynamodb_url}
    root = "1-5759e988-bd862e3fe1be46a994272793"
    with running_function(fresh, **settings, METRICS_NAMESPACE="Picus/test") as function:
        function(rest_proxy_event(method="DELETE", path="/picus/1", headers=[("X-Amzn-Trace-Id", f"Root={root}")]))
        *_, line = function.log()
    assert (line["compute"], line["xray_trace_id"]) == ("function", root)
    assert line.keys() >= metrics.UNITS.keys()
    assert line["dynamodb_calls"] >= 1
    assert line["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Picus/test"
