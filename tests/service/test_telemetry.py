"""OpenTelemetry: switched on by a variable, and absent otherwise."""

import socket
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from picus_api.core.environment import SettingError
from picus_project.telemetry import instrumented
from tests.dynamodb import ROOT
from tests.http_server import Request, Server
from tests.service.conftest import gunicorn

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def accept(connection: socket.socket, request: Request) -> bool:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    return True


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_span_of_a_request_continues_the_trace_of_its_client() -> None:
    with Server(accept) as collector:
        settings = {
            **{"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "100"},
            # Nobody looks for a DynamoDB there.
            "DYNAMODB_ENDPOINT_URL": collector.url,
        }
        with gunicorn(DYNAMODB_TABLE_NAME="none", **settings) as client:
            fields = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
            assert client.request("GET", "/__version__", headers=fields).status == 200
            wait_until(lambda: any(bytes.fromhex(TRACE) in request.body for request in collector.requests))
    assert collector.requests[0].head.startswith("POST /v1/traces ")


def test_opentelemetry_is_imported_only_with_the_variable() -> None:
    code = "import sys, picus_project.wsgi; print([name for name in sys.modules if 'opentelemetry' in name])"
    environment = {"DYNAMODB_TABLE_NAME": "none", "PATH": "", "AWS_REGION": "us-east-1"}
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert run.stdout == "[]\n"


def test_missing_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    with pytest.raises(SettingError, match="opentelemetry is not installed: install the extra `otel`"):
        instrumented(lambda environ, start_response: [])
