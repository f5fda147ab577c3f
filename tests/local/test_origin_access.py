"""The stand-ins for ALB and API Gateway, which reject requests that bypass the edge."""

import base64
import json
import threading
from collections.abc import Callable, Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest

from picus_project.local import api_gateway
from picus_project.local.alb import LoadBalancer
from picus_project.local.api_gateway import ApiGateway
from picus_project.local.distribution import ALL_VIEWER, ALL_VIEWER_EXCEPT_HOST
from picus_project.local.edge import LocalEdge
from tests.local.edge_harness import Loop, Recorder, distribution, exchange, get
from tests.local.test_distribution import changed

JSON = {"content-type": "application/json"}


class Function:
    """A function that records its events and returns `result`, or raises it."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.contexts: list[Any] = []
        self.result: Any = {"statusCode": 200, "headers": {"X-Fn": "1"}, "body": '{"ok": true}'}

    def __call__(self, event: dict[str, Any], context: Any) -> Any:
        self.events.append(event)
        self.contexts.append(context)
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


@pytest.fixture
def function() -> Function:
    return Function()


@pytest.fixture
def port(loop: Loop, function: Function) -> Iterator[int]:
    """Return the port of a gateway with the function behind it; the port is known only once it listens."""
    gateway = ApiGateway(function=function, port=0, stage="stage", api_key="key")
    port = loop.serve(gateway.handle)
    gateway.host = f"127.0.0.1:{port}".encode()
    yield port
    gateway.threads.shutdown()


def delete(port: int, target: str = "/stage/picus/x", *headers: str, host: str = "", body: bytes = b"") -> Any:
    lines = [f"DELETE {target} HTTP/1.1", f"Host: {host or f'127.0.0.1:{port}'}", *headers, "", ""]
    return exchange(port, "\r\n".join(lines).encode() + body)


def test_gateway_invokes_the_function(port: int, function: Function) -> None:
    response = delete(port, "/stage/picus/a%2Fb?x=1", "x-api-key: key", "X-Amz-Cf-Id: the-id")
    assert (response.status, response.body) == (200, b'{"ok": true}')
    assert parsedate_to_datetime(response.headers.pop("date"))
    assert response.headers == {"content-type": "application/json", "x-fn": "1", "content-length": "12"}
    event, context = function.events[0], function.contexts[0]
    assert (event["path"], event["httpMethod"]) == ("/picus/a%2Fb", "DELETE")
    assert event["requestContext"]["path"] == "/stage/picus/a%2Fb"
    assert event["queryStringParameters"] == {"x": "1"}
    assert event["headers"]["X-Amz-Cf-Id"] == "the-id"
    assert context.aws_request_id


def test_function_gets_the_body(port: int, function: Function) -> None:
    delete(port, "/stage/picus/x", "x-api-key: key", "Content-Length: 5", body=b"hello")
    assert function.events[0]["body"] == "hello"


@pytest.mark.parametrize(
    ("target", "headers", "host"),
    [
        ("/stage/picus/x", (), ""),
        ("/stage/picus/x", ("x-api-key: guess",), ""),
        ("/stage/picus/x", ("x-api-key: key",), "viewer.example"),
        ("/picus/x", ("x-api-key: key",), ""),
        ("/stagepicus/x", ("x-api-key: key",), ""),
    ],
    ids=["no key", "wrong key", "foreign host", "no stage", "another stage"],
)
def test_gateway_forbids_other_requests(
    port: int, function: Function, target: str, headers: tuple[str, ...], host: str
) -> None:
    response = delete(port, target, *headers, "X-Amz-Cf-Id: the-id", host=host)
    assert (response.status, json.loads(response.body)) == (
        403,
        {"message": "Forbidden", "error": "Forbidden", "code": "forbidden"},
    )
    assert response.headers["x-request-id"] == "the-id"
    assert function.events == []


@pytest.mark.parametrize("target", ["/stage", "/stage/"])
def test_stage_alone_is_the_root_path(port: int, function: Function, target: str) -> None:
    delete(port, target, "x-api-key: key")
    assert function.events[0]["path"] == "/"


@pytest.mark.parametrize(
    "result",
    [
        None,
        "text",
        [200],
        {"statusCode": "two hundred"},
        {"statusCode": 99},
        {"statusCode": 200, "body": {"a": 1}},
        {"statusCode": 200, "body": "???", "isBase64Encoded": True},
        {"statusCode": 200, "headers": {"X": "a\r\nb"}},
        {"statusCode": 200, "headers": ["X"]},
        ValueError("secret"),
    ],
    ids=repr,
)
def test_failing_function_is_502(port: int, function: Function, result: Any) -> None:
    function.result = result
    response = delete(port, "/stage/picus/x", "x-api-key: key")
    assert (response.status, json.loads(response.body)["message"]) == (502, "Internal server error")
    assert b"secret" not in response.body


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        ({}, (200, JSON, b"")),
        ({"statusCode": "204", "body": None}, (204, JSON, b"")),
        ({"statusCode": 204, "body": "never sent"}, (204, JSON, b"")),
        (
            {"statusCode": 404, "headers": {"content-TYPE": "text/plain", "X-N": 1}, "body": "é"},
            (404, {"content-type": "text/plain", "x-n": "1"}, "é".encode()),
        ),
        (
            {"headers": {"X-M": "0", "Content-Length": "9"}, "multiValueHeaders": {"x-m": ["1"]}, "body": "b"},
            (200, {**JSON, "x-m": "1"}, b"b"),
        ),
        ({"body": base64.b64encode(b"\xff").decode(), "isBase64Encoded": True}, (200, JSON, b"\xff")),
    ],
)
def test_response_object_becomes_http(port: int, function: Function, result: Any, expected: Any) -> None:
    function.result = result
    response = delete(port, "/stage/picus/x", "x-api-key: key")
    response.headers.pop("content-length", None)
    assert parsedate_to_datetime(response.headers.pop("date"))
    assert (response.status, response.headers, response.body) == expected
    assert response.complete


def test_head_has_no_body(port: int) -> None:
    response = get(port, "/stage/x", "x-api-key: key", method="HEAD")
    assert response.status == 403  # the Host is the client's here
    assert (response.body, response.complete) == (b"", True)
    sent = f"HEAD /stage/x HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nx-api-key: key\r\n\r\n"
    response = exchange(port, sent.encode(), method="HEAD")
    assert (response.status, response.headers["content-length"], response.body) == (200, "12", b"")


def test_body_over_the_quota_is_413(port: int, function: Function, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_gateway, "MAX_BODY_BYTES", 10)
    headers = ("x-api-key: key", "Content-Length: 100000", "X-Amz-Cf-Id: the-id")
    response = delete(port, "/stage/picus/x", *headers, body=b"x" * 100_000)
    assert (response.status, response.error) == (413, "Request Too Long")
    assert function.events == []


def test_hanging_function_is_504_and_others_are_served(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_gateway, "INTEGRATION_SECONDS", 0.2)
    release = threading.Event()

    def hang(event: dict[str, Any], context: Any) -> Any:
        if event["path"] == "/hang":
            release.wait(10)
        return {"body": "done"}

    gateway = ApiGateway(function=hang, port=0, stage="stage", api_key="key")
    port = loop.serve(gateway.handle)
    gateway.host = f"127.0.0.1:{port}".encode()
    slow = threading.Thread(target=lambda: responses.append(delete(port, "/stage/hang", "x-api-key: key")))
    responses: list[Any] = []
    slow.start()
    assert delete(port, "/stage/quick", "x-api-key: key").body == b"done"
    slow.join(10)
    release.set()
    gateway.threads.shutdown()
    assert responses[0].status == 504


def balancer(loop: Loop, service: Recorder) -> int:
    target = ("127.0.0.1", loop.origin(service))
    return loop.proxy(LoadBalancer(port=4711, secret="alb-secret", target=target).route)


@pytest.mark.parametrize("headers", [(), ("X-Origin-Secret: guess",), ("X-Origin-Secret:",)])
def test_load_balancer_requires_the_secret(loop: Loop, alb: Recorder, headers: tuple[str, ...]) -> None:
    response = get(balancer(loop, alb), "/picus/list", *headers)
    assert response.status == 403
    assert response.error
    assert alb.requests == []


def test_load_balancer_adds_forwarded_headers(loop: Loop, alb: Recorder) -> None:
    sent = ("X-Forwarded-For: 203.0.113.9", "X-Forwarded-Proto: https", "X-Forwarded-Port: 1", "X-Amz-Cf-Id: the-id")
    response = get(balancer(loop, alb), "/a%2Fb?c", "X-Origin-Secret: alb-secret", *sent)
    assert response.status == 200
    assert alb.last.target == "/a%2Fb?c"
    assert alb.last.header("Host") == "viewer.example"
    assert alb.last.header("X-Forwarded-For") == "203.0.113.9, 127.0.0.1"
    assert alb.last.header("X-Forwarded-Proto") == "http"
    assert alb.last.header("X-Forwarded-Port") == "4711"
    assert alb.last.header("X-Amz-Cf-Id") == "the-id"
    assert (alb.last.header("X-Amzn-Trace-Id") or "").startswith("Root=1-")


def test_load_balancer_keeps_a_trace_id(loop: Loop, alb: Recorder) -> None:
    get(balancer(loop, alb), "/", "X-Origin-Secret: alb-secret", "X-Amzn-Trace-Id: Root=1-2-3")
    assert alb.last.header("X-Amzn-Trace-Id") == "Root=1-2-3"


@pytest.mark.parametrize(
    ("old", "new", "statuses"),
    [
        ("Comment: ", "Comment: ", (200, 200)),
        ("HeaderName: X-Origin-Secret", "HeaderName: X-Origin", (403, 200)),
        ("${AlbSecret}${AlbSecretVersion}", "${ApiKeySecret}${ApiKeyVersion}", (403, 200)),
        ("HeaderName: x-api-key", "HeaderName: x-api-kay", (200, 403)),
        ("OriginPath: !Ref ApiPath", "OriginPath: /elsewhere", (200, 403)),
        (ALL_VIEWER_EXCEPT_HOST, ALL_VIEWER, (200, 403)),
        ("PathPattern: /picus/list\n", "PathPattern: /picus/List\n", (405, 200)),
    ],
    ids=["right", "secret header", "secret", "key header", "stage", "host policy", "pattern"],
)
def test_wrong_template_is_rejected_by_the_origins(
    start_edge_and_origins: Callable[[Path], int], template_copy: Path, old: str, new: str, statuses: tuple[int, int]
) -> None:
    used = f"OriginRequestPolicyId: {old}" if old == ALL_VIEWER_EXCEPT_HOST else old
    port = start_edge_and_origins(changed(template_copy, (used, used.replace(old, new))))
    assert (get(port, "/picus/list").status, get(port, "/picus/x", method="DELETE").status) == statuses


@pytest.fixture
def start_edge_and_origins(loop: Loop, alb: Recorder) -> Iterator[Callable[[Path], int]]:
    """Return a function that starts the edge by a template, with both stand-ins behind it, and returns its port."""
    gateways: list[ApiGateway] = []

    def only_deletes(event: dict[str, Any], context: Any) -> Any:
        return {"statusCode": 200 if event["httpMethod"] == "DELETE" else 405}

    def start(template: Path) -> int:
        gateway = ApiGateway(function=only_deletes, port=0, stage="stage", api_key="api-secret")
        gateways.append(gateway)
        api_port = loop.serve(gateway.handle)
        gateway.host = f"127.0.0.1:{api_port}".encode()
        edge = LocalEdge(distribution(template, alb_port=balancer(loop, alb), api_port=api_port))
        return loop.proxy(edge.route)

    yield start
    for gateway in gateways:
        gateway.threads.shutdown()
