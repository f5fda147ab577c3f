"""The service where there is no epoll, as on macOS: gunicorn's own threads, with the same rules for requests."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.client import Client
from tests.contract.expect import assert_error
from tests.dynamodb import ROOT
from tests.service.conftest import Shared, gunicorn
from tests.service.http_cases import CASES, EXPECTATIONS, HOST, exchange, head, put, statuses
from tests.service.raw_socket import PROBE
from tests.stack import running_stack

NO_EPOLL = str(Path(__file__).with_name("no_epoll"))


@pytest.fixture(scope="module")
def client(shared: Shared) -> Iterator[Client]:
    url = shared[0].meta.client.meta.endpoint_url
    settings = {"DYNAMODB_TABLE_NAME": shared[0].name, "DYNAMODB_ENDPOINT_URL": url, "PYTHONPATH": NO_EPOLL}
    with gunicorn(**settings) as client:
        yield client


def test_gunicorns_own_threads_serve(client: Client) -> None:
    """gthread announces itself in a field that the other worker does not send."""
    assert client.request("GET", "/__version__").header("Server") == "gunicorn"


@pytest.mark.parametrize(("data", "status"), CASES.values(), ids=CASES)
def test_the_same_rules_hold_for_requests(client: Client, data: bytes, status: int) -> None:
    assert statuses(exchange(client, data)) == [status]


@pytest.mark.parametrize(("data", "expected"), EXPECTATIONS.values(), ids=EXPECTATIONS)
def test_the_same_expectations_are_met(client: Client, data: bytes, expected: list[int]) -> None:
    assert statuses(exchange(client, data)) == expected


def test_connection_is_a_list_of_options(client: Client) -> None:
    closing = head(HOST.strip(), b"Connection: keep-alive, close")
    assert statuses(exchange(client, closing + PROBE)) == [200]
    assert statuses(exchange(client, head(HOST.strip()) + PROBE)) == [200, 200]


def test_early_errors_have_the_error_format(client: Client) -> None:
    assert_error(client.exchange([put(b"Transfer-Encoding: gzip")]), 501)


def test_items_are_stored_and_listed(client: Client) -> None:
    key = client.store('{"a": "x"}')
    assert client.fetch(key) == {"a": "x"}
    assert client.listed()[key] == {"a": "x", "object_id": key}


def test_a_list_announces_no_trailers(client: Client) -> None:
    response = client.request("GET", "/picus/list", headers={"Prefer": "consumed-capacity"})
    assert response.status == 200
    assert response.header("Trailer") is None


def test_an_incomplete_body_is_408(client: Client) -> None:
    started = time.monotonic()
    response = client.exchange([put(b"Content-Length: 9")])
    assert_error(response, 408)
    assert 9 < time.monotonic() - started < 30


def test_a_part_of_the_contract_holds_without_epoll() -> None:
    """Run ``make run`` without epoll, and only a part of the contract, because all of it takes too long."""
    files = [f"tests/contract/test_{name}.py" for name in ("closing", "delete", "health", "list", "put")]
    with running_stack(PYTHONPATH=NO_EPOLL) as url:
        command = [sys.executable, "-m", "pytest", "-q", *files]
        # The suite runs no product code itself, so its coverage is not measured.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
        result = subprocess.run(
            command, cwd=ROOT, env=environment | {"PICUS_BASE_URL": url}, capture_output=True, text=True, check=False
        )
    assert result.returncode == 0, result.stdout
