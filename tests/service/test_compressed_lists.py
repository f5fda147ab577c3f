"""Compressed lists: a page can be read when it arrives, and a list that breaks off does not look whole."""

import gzip
import json
import zlib
from http.client import IncompleteRead
from typing import TYPE_CHECKING

import pytest

from tests.contract.client import Client
from tests.dynamodb import new_table
from tests.faulty import Fault, faulty_dynamodb
from tests.service.conftest import gunicorn
from tests.service.raw_socket import open_socket
from tests.service.test_list_streaming import Scans

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

GZIP_WINDOW = 31


@pytest.fixture(scope="module")
def table_of_pages(dynamodb_url: str) -> "Table":
    """Return a table that DynamoDB returns in four pages."""
    table = new_table(dynamodb_url)
    with table.batch_writer() as batch:
        for number in range(12):
            batch.put_item(Item={"object_id": f"{number}", "filler": "x" * 350_000})
    return table


def every_third_scan(operation: str, count: int) -> tuple[int, str] | None:
    return (400, "AccessDeniedException") if operation == "Scan" and count % 3 == 0 else None


def received(client: Client, head: bytes) -> bytes:
    """Return the body of a response that ends with its connection, which must be reset."""
    data = b""
    with open_socket(client) as sock:
        sock.sendall(head)
        try:
            while piece := sock.recv(65536):
                data += piece
        except ConnectionResetError:
            pass
        else:
            pytest.fail("the response looks complete")
    return data.partition(b"\r\n\r\n")[2]


def test_a_page_can_be_decompressed_before_the_next_is_read(dynamodb_url: str, table_of_pages: "Table") -> None:
    scans = Scans(held=True)
    with (
        faulty_dynamodb(dynamodb_url, scans) as url,
        gunicorn(DYNAMODB_TABLE_NAME=table_of_pages.name, DYNAMODB_ENDPOINT_URL=url) as client,
        client.connection() as connection,
    ):
        connection.request("GET", "/picus/list", headers={"Accept-Encoding": "gzip"})
        response = connection.getresponse()
        decompressor = zlib.decompressobj(GZIP_WINDOW)
        text = b""
        while text.count(b'"object_id"') < 2:
            text += decompressor.decompress(response.read1())
        assert scans.count <= 2
        scans.released.set()
        text += decompressor.decompress(response.read())
        assert decompressor.eof
    assert len(json.loads(text)) == 12


@pytest.mark.parametrize("target", ["/picus/list", "/picus/list?format=ndjson"])
def test_a_compressed_list_that_breaks_off_has_no_end(dynamodb_url: str, table_of_pages: "Table", target: str) -> None:
    fault: Fault = every_third_scan
    with (
        faulty_dynamodb(dynamodb_url, fault) as url,
        gunicorn(DYNAMODB_TABLE_NAME=table_of_pages.name, DYNAMODB_ENDPOINT_URL=url) as client,
        client.connection() as connection,
    ):
        connection.request("GET", target, headers={"Accept-Encoding": "gzip"})
        with pytest.raises(IncompleteRead) as cut:
            connection.getresponse().read()
        # HTTP/1.0 has no chunks: only the missing end of the gzip stream tells.
        head = client.head_of("GET", target, "Accept-Encoding: gzip")
        unchunked = received(client, head.replace(b"HTTP/1.1", b"HTTP/1.0"))
    for body in (cut.value.partial, unchunked):
        assert zlib.decompressobj(GZIP_WINDOW).decompress(body).count(b'"object_id"') >= 2
        with pytest.raises(EOFError):
            gzip.decompress(body)
