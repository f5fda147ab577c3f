"""DynamoDB fails: the client gets an error it can act on, and the operator the cause."""

import http.client
import json
import os
import signal
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.contract.client import Client
from tests.contract.expect import assert_error
from tests.dynamodb import CREDENTIALS, ROOT, free_port, new_table
from tests.faulty import Fault, faulty_dynamodb
from tests.preloaded import start_python
from tests.raw_client import RawConnection
from tests.service.conftest import gunicorn

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

REQUESTS = [("GET", "/picus/list", None), ("GET", "/picus/get/x", None), ("POST", "/picus/put", b"{}")]
JSON = {"Content-Type": "application/json"}


def assert_unavailable(client: Client) -> None:
    for method, path, body in REQUESTS:
        response = client.request(method, path, body, JSON)
        error = assert_error(response, 503)
        message = "The item store is unavailable at the moment: try again later."
        assert error == {"error": message, "code": "unavailable"}
    assert client.request("GET", "/__lbheartbeat__").status == 200
    heartbeat = client.request("GET", "/__heartbeat__")
    assert heartbeat.status == 500
    assert heartbeat.object["checks"] == {"table": "error"}
    assert "table" in str(heartbeat.object["error"])


def test_an_unreachable_dynamodb_is_503(capfd: pytest.CaptureFixture[str]) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    with gunicorn(DYNAMODB_TABLE_NAME="picus_data", DYNAMODB_ENDPOINT_URL=nobody) as client:
        assert_unavailable(client)
    log = capfd.readouterr().err
    assert "No response from DynamoDB to Scan" in log
    assert "refused" in log


def test_a_missing_table_is_503(dynamodb_url: str, capfd: pytest.CaptureFixture[str]) -> None:
    with gunicorn(DYNAMODB_TABLE_NAME="nowhere", DYNAMODB_ENDPOINT_URL=dynamodb_url) as client:
        assert_unavailable(client)
    assert "ResourceNotFoundException" in capfd.readouterr().err


def test_missing_credentials_are_503(dynamodb_url: str, capfd: pytest.CaptureFixture[str]) -> None:
    nothing = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_EC2_METADATA_DISABLED": "true"}
    with gunicorn(DYNAMODB_TABLE_NAME="picus_data", DYNAMODB_ENDPOINT_URL=dynamodb_url, **nothing) as client:
        assert_unavailable(client)
    assert "redentials" in capfd.readouterr().err


def test_throttling_after_the_retries_is_503_with_retry_after(dynamodb_url: str) -> None:
    def throttled(operation: str, count: int) -> tuple[int, str]:
        return 400, "ProvisionedThroughputExceededException"

    with (
        faulty_dynamodb(dynamodb_url, throttled) as url,
        gunicorn(DYNAMODB_TABLE_NAME="picus_data", DYNAMODB_ENDPOINT_URL=url) as client,
    ):
        response = client.get("x")
        assert_error(response, 503)
        assert int(response.header("Retry-After") or "0") >= 1


def test_throttled_call_is_retried_unnoticed(dynamodb_url: str) -> None:
    table = new_table(dynamodb_url)
    table.put_item(Item={"object_id": "x"})

    def once(operation: str, count: int) -> tuple[int, str] | None:
        return (400, "ThrottlingException") if count == 1 else None

    with (
        faulty_dynamodb(dynamodb_url, once) as url,
        gunicorn(DYNAMODB_TABLE_NAME=table.name, DYNAMODB_ENDPOINT_URL=url) as client,
    ):
        assert client.fetch("x") == {}


def three_pages(dynamodb_url: str) -> "Table":
    table = new_table(dynamodb_url)
    with table.batch_writer() as batch:
        for number in range(30):
            batch.put_item(Item={"object_id": str(number), "filler": "x" * 100_000})
    return table


@pytest.mark.parametrize("failure", [(0, ""), (500, "InternalServerError"), (400, "AccessDeniedException")])
def test_interrupted_list_never_looks_complete(dynamodb_url: str, failure: tuple[int, str]) -> None:
    def after_the_first_page(operation: str, count: int) -> tuple[int, str] | None:
        return failure if operation == "Scan" and count > 1 else None

    table = three_pages(dynamodb_url)
    fault: Fault = after_the_first_page
    with (
        faulty_dynamodb(dynamodb_url, fault) as url,
        gunicorn(DYNAMODB_TABLE_NAME=table.name, DYNAMODB_ENDPOINT_URL=url) as client,
        client.connection() as connection,
    ):
        connection.request("GET", "/picus/list")
        response = connection.getresponse()
        assert response.status == 200
        with pytest.raises(http.client.IncompleteRead) as cut:
            response.read()
        with pytest.raises(json.JSONDecodeError):
            json.loads(cut.value.partial)
        assert client.request("GET", "/__lbheartbeat__").status == 200


def test_stopping_service_finishes_request_in_flight(shared: tuple["Table", Client]) -> None:
    table, _ = shared
    port = free_port()
    environment = {**CREDENTIALS, "PORT": str(port), "ALLOWED_HOSTS": "127.0.0.1", "DYNAMODB_TABLE_NAME": table.name}
    endpoint = {"DYNAMODB_ENDPOINT_URL": table.meta.client.meta.endpoint_url}
    command = ["-m", "gunicorn", "-c", "gunicorn.conf.py", "picus_project.wsgi"]
    process = start_python(command, os.environ | environment | endpoint, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    assert process.stderr
    for line in process.stderr:
        if "Booting worker" in line:
            break
    client = Client(f"http://127.0.0.1:{port}")
    with RawConnection(client.base_url) as connection:
        head = client.head_of("POST", "/picus/put", "Content-Type: application/json", "Content-Length: 7")
        connection.send(head + b'{"a"')
        # The worker has the request once it has responded to another one that came later.
        assert client.request("GET", "/__lbheartbeat__", headers={"Connection": "close"}).status == 200
        process.send_signal(signal.SIGTERM)
        connection.send(b":1}")
        assert connection.read_response().status == 201
    # Read to the end: a closed pipe would make Python's own exit fail.
    process.communicate(timeout=120)
    assert process.returncode == 0


def test_liveness_holds_while_dynamodb_is_silent(dynamodb_url: str) -> None:
    """Otherwise the load balancer would replace healthy tasks."""
    over = threading.Event()

    def silence(operation: str, count: int) -> None:
        over.wait(60)

    with (
        faulty_dynamodb(dynamodb_url, silence) as url,
        gunicorn(DYNAMODB_TABLE_NAME="picus_data", DYNAMODB_ENDPOINT_URL=url, WEB_THREADS="8") as client,
        ThreadPoolExecutor(24) as askers,
    ):
        statuses = askers.map(lambda _: client.request("GET", "/picus/get/x").status, range(200))
        time.sleep(11)  # as long as a call may last
        for _ in range(10):
            started = time.monotonic()
            assert client.request("GET", "/__lbheartbeat__").status == 200
            assert time.monotonic() - started < 8
            time.sleep(0.1)
        over.set()
        assert set(statuses) == {503}
