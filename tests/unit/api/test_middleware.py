"""Health endpoints, request ids, security headers, capacity and chunked bodies, through all middleware."""

import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from picus_api.core import metrics
from picus_api.core.capacity import TRAILERS_KEY
from tests.unit.api.conftest import Client, body_of, error_of


def test_lbheartbeat_ignores_host_and_table(api: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in ("/__lbheartbeat__", "/__lbheartbeat__/"):
        assert api.send("GET", path, Host="10.0.0.1").status_code == 200


def test_heartbeat_names_failing_check(stocked: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    assert json.loads(stocked.send("GET", "/__heartbeat__").content)["checks"] == {"table": "ok"}
    monkeypatch.setenv("DYNAMODB_TABLE_NAME", "missing")
    response = stocked.send("GET", "/__heartbeat__")
    assert response.status_code == 500
    body = json.loads(response.content)
    assert (body["code"], body["checks"]) == ("check_failed", {"table": "error"})


def test_version_has_four_names(api: Client) -> None:
    assert set(json.loads(api.send("GET", "/__version__").content)) == {"version", "commit", "source", "build"}


def test_health_refuses_other_methods(api: Client) -> None:
    response = api.send("POST", "/__heartbeat__")
    error_of(response, 405, "method_not_allowed")
    assert response["Allow"] == "GET, HEAD, OPTIONS"
    assert api.send("OPTIONS", "/__heartbeat__").status_code == 200


@pytest.mark.parametrize(
    ("fields", "identifier"),
    [
        ({"X_Amz_Cf_Id": "edge", "X_Request_Id": "client"}, "edge"),
        ({"X_Request_Id": "client"}, "client"),
    ],
)
def test_request_id_is_returned(api: Client, fields: dict[str, str], identifier: str) -> None:
    assert api.send("GET", "/", **fields)["X-Request-Id"] == identifier


def test_unsafe_request_id_is_replaced(api: Client) -> None:
    first, second = (api.send("GET", "/", X_Request_Id='a"b')["X-Request-Id"] for _ in range(2))
    assert '"' not in first + second
    assert first != second


def test_only_pages_have_security_policies(stocked: Client) -> None:
    plain, page = stocked.send("GET", "/"), stocked.send("GET", "/", Accept="text/html")
    for response in (plain, page):
        assert response["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'self'" in page["Content-Security-Policy"]
    assert "form-action 'self'" in page["Content-Security-Policy"]
    assert page["X-Frame-Options"] == "DENY"
    assert "Content-Security-Policy" not in plain


def test_static_file_refuses_post_in_error_shape(api: Client) -> None:
    response = api.send("POST", "/static/picus_api/page.css")
    assert json.loads(response.content)["code"] in ("method_not_allowed", "path_not_found")


def post_chunks(client: Client, body: io.BytesIO) -> Any:
    """Return the response to a POST whose body has no Content-Length."""
    extra: dict[str, Any] = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input": body, "CONTENT_LENGTH": ""}
    return client.generic("POST", "/picus/put", content_type="application/json", **extra)


def test_chunked_body_is_read(stocked: Client) -> None:
    extra: dict[str, Any] = {
        "HTTP_TRANSFER_ENCODING": "chunked",
        "wsgi.input": io.BytesIO(b'{"a": 1}'),
        "CONTENT_LENGTH": "",
    }
    response = stocked.generic("POST", "/picus/put", content_type="application/json", **extra)
    assert response.status_code == 201


class Broken(io.BytesIO):
    """A body that breaks off."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    def read(self, *_: object) -> bytes:
        raise self._error


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (TimeoutError(), 408, "body_timeout"),
        (ConnectionError(), 400, "incomplete_body"),
        (ValueError("malformed chunk"), 400, "incomplete_body"),
    ],
)
def test_broken_chunked_body_is_refused(stocked: Client, error: Exception, status: int, code: str) -> None:
    error_of(post_chunks(stocked, Broken(error)), status, code)


def test_capacity_is_reported_on_request(stocked: Client) -> None:
    response = stocked.send("POST", "/picus/put", "{}", Prefer="consumed-capacity")
    assert float(response["Picus-Consumed-Capacity"]) > 0
    assert response["Preference-Applied"] == "consumed-capacity"
    assert "Picus-Consumed-Capacity" not in stocked.send("POST", "/picus/put", "{}")


def test_streamed_list_has_capacity_trailer(stocked: Client) -> None:
    """The server gives a function that takes the trailer fields; without one, no trailer is announced."""
    trailers: list[Callable[[], dict[str, str]]] = []
    extra: dict[str, Any] = {TRAILERS_KEY: trailers.append}
    response = stocked.generic("GET", "/picus/list", headers={"Prefer": "consumed-capacity"}, **extra)
    assert response["Trailer"] == "Picus-Consumed-Capacity"
    body_of(response)
    assert float(trailers[0]()["Picus-Consumed-Capacity"]) > 0
    assert "Trailer" not in stocked.send("GET", "/picus/list", Prefer="consumed-capacity")


def test_request_line_has_trace_ids_and_metrics(stocked: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    # The first write also reads the switch for read-only operation, which is then kept for a while.
    stocked.send("POST", "/picus/put", "{}")
    lines: list[dict[str, Any]] = []
    monkeypatch.setattr(metrics, "NAMESPACE", "Picus/test")
    monkeypatch.setattr("picus_api.core.logs.log_request", lines.append)
    trace = {"X_Amzn_Trace_Id": "Root=1-5759e988-bd862e3fe1be46a994272793"}
    stocked.send("POST", "/picus/put", '{"a": 1}', **trace)
    stocked.send("GET", "/picus/get/absent", Traceparent=f"00-{'ab' * 16}-00f067aa0ba902b7-01")
    assert [(line["compute"], line["requests"], line["errors"], line["dynamodb_calls"]) for line in lines] == [
        ("service", 1, 0, 1)
    ] * 2
    assert [line["consumed_capacity"] > 0 for line in lines] == [True, True]
