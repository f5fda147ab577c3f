"""Lists are streamed: each page is sent when it arrives, and a client that stops reading stops the scan."""

import json
import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.dynamodb import new_table
from tests.faulty import faulty_dynamodb
from tests.service.conftest import gunicorn
from tests.service.raw_socket import open_socket

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table


@pytest.fixture(scope="module")
def big_table(dynamodb_url: str) -> "Table":
    """Return a table of about 20 MB, which DynamoDB returns in twenty pages."""
    table = new_table(dynamodb_url)
    with table.batch_writer() as batch:
        for number in range(60):
            batch.put_item(Item={"object_id": f"{number}", "filler": "x" * 350_000})
    return table


def until(condition: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.01)


class Scans:
    """Count the pages that the service requests, and hold back all but the first until released."""

    def __init__(self, *, held: bool) -> None:
        self.count = 0
        self.released = threading.Event()
        if not held:
            self.released.set()

    def __call__(self, operation: str, count: int) -> None:
        if operation == "Scan":
            self.count = count
            if count > 1:
                self.released.wait(10)


def test_the_first_items_are_sent_before_the_second_page(dynamodb_url: str, big_table: "Table") -> None:
    scans = Scans(held=True)
    with (
        faulty_dynamodb(dynamodb_url, scans) as url,
        gunicorn(DYNAMODB_TABLE_NAME=big_table.name, DYNAMODB_ENDPOINT_URL=url) as client,
        client.connection() as connection,
    ):
        connection.request("GET", "/picus/list")
        response = connection.getresponse()
        assert response.status == 200
        assert response.read(100_000).startswith(b'[{"object_id":')
        # The service fetches one page ahead, and no more.
        until(lambda: scans.count == 2, seconds=30)
        scans.released.set()
        assert response.read().endswith(b"}]")
    assert scans.count > 15


def test_a_client_that_stops_reading_stops_the_scan(dynamodb_url: str, big_table: "Table") -> None:
    scans = Scans(held=False)
    with (
        faulty_dynamodb(dynamodb_url, scans) as url,
        gunicorn(DYNAMODB_TABLE_NAME=big_table.name, DYNAMODB_ENDPOINT_URL=url, WEB_THREADS="1") as client,
    ):
        with open_socket(client) as sock:
            sock.sendall(client.head_of("GET", "/picus/list"))
            assert sock.recv(1000).startswith(b"HTTP/1.1 200")
            until(lambda: scans.count > 1, seconds=30)
            before = -1
            while before != scans.count:
                before = scans.count
                time.sleep(0.5)
            # The sockets' buffers and one page ahead, not the whole table.
            assert scans.count < 15
        left = time.monotonic()
        assert client.request("GET", "/__lbheartbeat__").status == 200
        assert time.monotonic() - left < 5
        assert scans.count <= before + 1


def test_stopped_clients_leave_threads_free(dynamodb_url: str, big_table: "Table") -> None:
    settings = {"DYNAMODB_TABLE_NAME": big_table.name, "DYNAMODB_ENDPOINT_URL": dynamodb_url, "WEB_THREADS": "2"}
    with gunicorn(**settings, BUSY_SECONDS="30") as client, ExitStack() as stack:
        stopped = [stack.enter_context(client.connection()) for _ in range(6)]
        for connection in stopped:
            connection.request("GET", "/picus/list")
        for _ in range(5):
            started = time.monotonic()
            assert client.request("GET", "/picus/get/0").status == 200
            assert time.monotonic() - started < 8
            time.sleep(0.2)
        for connection in stopped:
            assert len(json.loads(connection.getresponse().read())) == 60


def test_a_reset_during_a_list_is_not_an_error(
    dynamodb_url: str, big_table: "Table", capfd: pytest.CaptureFixture[str]
) -> None:
    settings = {"DYNAMODB_TABLE_NAME": big_table.name, "DYNAMODB_ENDPOINT_URL": dynamodb_url}
    with gunicorn(**settings) as client:
        with open_socket(client) as sock:
            # Close sends a reset instead of the usual end.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            sock.sendall(client.head_of("GET", "/picus/list"))
            assert sock.recv(1000).startswith(b"HTTP/1.1 200")
        time.sleep(0.5)
        assert client.request("GET", "/picus/get/0").status == 200
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines() if line.startswith("{")]
    assert "/picus/list" in [line.get("path") for line in lines]
    assert [line for line in lines if line["level"] != "INFO"] == []
