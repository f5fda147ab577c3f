"""The list streams: pages leave as they come, and a reader who stops or leaves stops the scan."""

import json
import socket
import threading
import time
from collections.abc import Callable
from http.client import IncompleteRead
from typing import TYPE_CHECKING

import pytest

from picus_project.response import HURRY_SECONDS
from tests.dynamodb import new_table
from tests.faulty import faulty_dynamodb
from tests.service.conftest import gunicorn

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table


@pytest.fixture(scope="module")
def big_table(dynamodb_url: str) -> "Table":
    """About 20 MB: twenty pages."""
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
    """Counts the pages that the service asks for, and holds back those after the first until released."""

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


def test_the_first_items_leave_before_the_second_page_has_come(dynamodb_url: str, big_table: "Table") -> None:
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
        # The next page is fetched ahead, and no further one.
        until(lambda: scans.count == 2, seconds=2)
        scans.released.set()
        assert response.read().endswith(b"}]")
    assert scans.count > 15


def test_a_reader_who_stops_stops_the_scan_and_one_who_leaves_frees_the_thread(
    dynamodb_url: str, big_table: "Table"
) -> None:
    scans = Scans(held=False)
    with (
        faulty_dynamodb(dynamodb_url, scans) as url,
        gunicorn(DYNAMODB_TABLE_NAME=big_table.name, DYNAMODB_ENDPOINT_URL=url, WEB_THREADS="1") as client,
    ):
        address = client.host.split(":")
        with socket.create_connection((address[0], int(address[1])), timeout=10) as sock:
            sock.sendall(client.head_of("GET", "/picus/list"))
            assert sock.recv(1000).startswith(b"HTTP/1.1 200")
            until(lambda: scans.count > 1, seconds=5)
            before = -1
            while before != scans.count:
                before = scans.count
                time.sleep(0.5)
            # What the sockets' buffers take, and one page ahead: not the table.
            assert scans.count < 15
        left = time.monotonic()
        assert client.request("GET", "/__lbheartbeat__").status == 200
        assert time.monotonic() - left < 1
        assert scans.count <= before + 1


def test_readers_who_stop_leave_threads_to_others(dynamodb_url: str, big_table: "Table") -> None:
    settings = {"DYNAMODB_TABLE_NAME": big_table.name, "DYNAMODB_ENDPOINT_URL": dynamodb_url, "WEB_THREADS": "2"}
    with gunicorn(**settings) as client, client.connection() as patient, client.connection() as cut:
        for connection in (patient, cut):
            connection.request("GET", "/picus/list")
            time.sleep(0.5)
        # One may be waited for, and has a thread; the other has one for some seconds.
        with client.connection() as other:
            other.timeout = HURRY_SECONDS + 3
            other.request("GET", "/picus/get/0")
            assert other.getresponse().status == 200
        items = json.loads(patient.getresponse().read())
        assert len(items) == 60
        with pytest.raises((IncompleteRead, ConnectionError)):
            cut.getresponse().read()
