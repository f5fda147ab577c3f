"""Many items in one request: bounded memory, and what DynamoDB does not take."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.client import Client
from tests.contract.exact import Number, Response
from tests.contract.expect import assert_error
from tests.contract.lists import lines_of
from tests.dynamodb import free_port, new_table
from tests.faulty import faulty_dynamodb
from tests.service.conftest import gunicorn
from tests.service.memory import peak_megabytes

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

LINES = {"Content-Type": "application/x-ndjson"}
THROTTLED = (400, "ProvisionedThroughputExceededException")


def post(client: Client, count: int) -> Response:
    body = "".join(f'{{"n": {n}}}\n' for n in range(count))
    return client.request("POST", "/picus/put", body, LINES)


def numbers(table: "Table") -> list[int]:
    """Return the `n` of every item, sorted."""
    return sorted(int(str(item["n"])) for item in table.scan(ConsistentRead=True)["Items"])


def works(operation: str, count: int) -> tuple[int, str] | None:
    return None


@pytest.fixture
def own_table(dynamodb_url: str) -> "Table":
    return new_table(dynamodb_url)


def test_unprocessed_items_are_sent_again(dynamodb_url: str, own_table: "Table") -> None:
    def take_ten(operation: str, count: int, request: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        if operation != "BatchWriteItem":
            return request, {}
        [(name, requests)] = request["RequestItems"].items()
        left = {name: requests[10:]} if requests[10:] else {}
        return {"RequestItems": {name: requests[:10]}}, {"UnprocessedItems": left}

    with (
        faulty_dynamodb(dynamodb_url, works, take_ten) as url,
        gunicorn(DYNAMODB_TABLE_NAME=own_table.name, DYNAMODB_ENDPOINT_URL=url) as client,
    ):
        keys = [line["object_id"] for line in lines_of(post(client, 60))]
        assert len(keys) == len(set(map(str, keys))) == 60
        assert client.fetch(str(keys[59])) == {"n": Number("59")}
    assert numbers(own_table) == list(range(60))


def test_response_names_lines_that_are_not_written(dynamodb_url: str, own_table: "Table") -> None:
    def third_batch_and_later(operation: str, count: int) -> tuple[int, str] | None:
        return THROTTLED if operation == "BatchWriteItem" and count > 2 else None

    with (
        faulty_dynamodb(dynamodb_url, third_batch_and_later) as url,
        gunicorn(DYNAMODB_TABLE_NAME=own_table.name, DYNAMODB_ENDPOINT_URL=url) as client,
    ):
        response = post(client, 200)
        assert response.status == 200
        results = lines_of(response)
    assert len(results) == 200
    written = [n for n, result in enumerate(results) if list(result) == ["object_id"]]
    assert written == numbers(own_table)
    assert len(written) == 50
    for n, result in enumerate(results):
        if n not in written:
            assert result["line"] == Number(str(n + 1))
            assert result.keys() == {"line", "error", "code", "status"}
    codes = {result["code"] for result in results if "code" in result}
    assert codes == {"throttled", "not_tried"}


@pytest.mark.parametrize(
    ("failure", "retry"), [(THROTTLED, True), ((400, "AccessDeniedException"), False)], ids=["throttled", "refused"]
)
def test_failure_of_first_batch_is_503(
    dynamodb_url: str, own_table: "Table", failure: tuple[int, str], retry: bool
) -> None:
    def fails(operation: str, count: int) -> tuple[int, str] | None:
        return failure if operation == "BatchWriteItem" else None

    with (
        faulty_dynamodb(dynamodb_url, fails) as url,
        gunicorn(DYNAMODB_TABLE_NAME=own_table.name, DYNAMODB_ENDPOINT_URL=url) as client,
    ):
        response = post(client, 100)
        assert_error(response, 503)
        assert bool(response.header("Retry-After")) == retry
    assert numbers(own_table) == []


def test_an_unreachable_dynamodb_is_503() -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    with gunicorn(DYNAMODB_TABLE_NAME="picus_data", DYNAMODB_ENDPOINT_URL=nobody) as client:
        assert_error(post(client, 3), 503)


def test_items_with_lost_response_are_named(dynamodb_url: str, own_table: "Table") -> None:
    def cut(operation: str, count: int) -> tuple[int, str] | None:
        return (0, "") if operation == "BatchWriteItem" and count > 1 else None

    with (
        faulty_dynamodb(dynamodb_url, cut) as url,
        gunicorn(DYNAMODB_TABLE_NAME=own_table.name, DYNAMODB_ENDPOINT_URL=url) as client,
    ):
        results = lines_of(post(client, 30))
        assert [set(result) for result in results[:25]] == [{"object_id"}] * 25
        assert [set(result) for result in results[25:]] == [{"line", "error", "code", "status", "object_id"}] * 5
        assert {result["code"] for result in results[25:]} == {"outcome_unknown"}
        assert client.get(str(results[29]["object_id"])).status == 404


def test_client_that_leaves_stops_the_writing(dynamodb_url: str, own_table: "Table") -> None:
    def slowly(operation: str, count: int) -> tuple[int, str] | None:
        if operation == "BatchWriteItem":
            time.sleep(0.1)
        return None

    with (
        faulty_dynamodb(dynamodb_url, slowly) as url,
        gunicorn(DYNAMODB_TABLE_NAME=own_table.name, DYNAMODB_ENDPOINT_URL=url, WEB_THREADS="1") as client,
    ):
        body = '{"n": 1}\n' * 10_000
        with client.connection() as connection:
            connection.request("POST", "/picus/put", body, LINES)
            assert connection.getresponse().read(10)
        assert client.request("GET", "/__lbheartbeat__").status == 200
        written = -1
        while written != (now := own_table.scan(Select="COUNT", ConsistentRead=True)["Count"]):
            written = now
            time.sleep(1)  # Batches that were under way end meanwhile; all batches would take over ten seconds.
        assert written < 5000


def test_the_memory_for_a_large_body_is_bounded(shared: tuple["Table", Client], tmp_path: Path) -> None:
    table = shared[0]
    line = b'{"mark": "broken at the end", "n": [1, 2.50, null], "filler": "%b"}\n' % (b"x" * 20_000)
    count = 120_000_000 // len(line)

    def pieces() -> Iterator[bytes]:
        head = ("POST", "/picus/put", "Content-Type: application/x-ndjson")
        yield client.head_of(*head, f"Content-Length: {count * len(line) + 8}")
        for _ in range(count):
            yield line
        yield b'{"mark":'

    endpoint = table.meta.client.meta.endpoint_url
    with gunicorn(DYNAMODB_TABLE_NAME=table.name, DYNAMODB_ENDPOINT_URL=endpoint, SPOOL_DIR=str(tmp_path)) as client:
        assert client.request("GET", "/picus/list").status == 200
        before = peak_megabytes(client)
        error = assert_error(client.exchange(pieces()), 400)
        assert error["line"] == Number(str(count + 1))
        assert peak_megabytes(client) - before < 30
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("chunked", [True, False])
def test_a_body_over_its_own_limit_is_413(shared: tuple["Table", Client], chunked: bool) -> None:
    table = shared[0]
    settings = {"MAX_NDJSON_BYTES": "1000", "MAX_BODY_BYTES": "100"}
    endpoint = table.meta.client.meta.endpoint_url
    with gunicorn(DYNAMODB_TABLE_NAME=table.name, DYNAMODB_ENDPOINT_URL=endpoint, **settings) as client:
        line = b'{"mark": "over the limit"}\n'
        framing = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {40 * len(line)}"
        head = client.head_of("POST", "/picus/put", "Content-Type: application/x-ndjson", framing)
        chunks = [b"%x\r\n%b\r\n" % (len(line), line)] * 40 + [b"0\r\n\r\n"] if chunked else [line] * 40
        response = client.exchange([head, *chunks])
        assert "1000 bytes" in str(assert_error(response, 413)["error"])
        # Each line is held to what a single item's body is.
        long = b'{"a": "%b"}\n' % (b"x" * 100)
        error = assert_error(client.request("POST", "/picus/put", long, LINES), 413)
        assert error["line"] == Number("1")


def test_without_room_for_the_body_it_is_503(shared: tuple["Table", Client], capfd: pytest.CaptureFixture[str]) -> None:
    table = shared[0]
    endpoint = table.meta.client.meta.endpoint_url
    # Nobody can make a file there.
    with gunicorn(DYNAMODB_TABLE_NAME=table.name, DYNAMODB_ENDPOINT_URL=endpoint, SPOOL_DIR="/proc") as client:
        small = client.request("POST", "/picus/put", '{"a": 1}\n', LINES)
        assert small.status == 200
        assert_error(client.request("POST", "/picus/put", '{"a": 1}\n' * 200_000, LINES), 503)
    assert "no_spool_space" in capfd.readouterr().err


def test_lines_that_stall_are_408(shared: tuple["Table", Client]) -> None:
    table = shared[0]
    endpoint = table.meta.client.meta.endpoint_url
    with gunicorn(DYNAMODB_TABLE_NAME=table.name, DYNAMODB_ENDPOINT_URL=endpoint, NDJSON_SECONDS="1") as client:
        head = client.head_of("POST", "/picus/put", "Content-Type: application/x-ndjson", "Content-Length: 100000")

        def drip() -> Iterator[bytes]:
            yield head
            for _ in range(40):
                yield b" "
                time.sleep(0.1)

        assert_error(client.exchange(drip()), 408)


def test_outage_between_large_items_names_written_ones(dynamodb_url: str, own_table: "Table") -> None:
    def third_put(operation: str, count: int) -> tuple[int, str] | None:
        return (400, "AccessDeniedException") if operation == "PutItem" and count > 4 else None

    # With their versions they are too large, so their batch is refused and they are put one by one, each in two tries.
    line = f'{{"n": 1, "filler": "{"x" * 409_530}"}}\n'
    with (
        faulty_dynamodb(dynamodb_url, third_put) as url,
        gunicorn(DYNAMODB_TABLE_NAME=own_table.name, DYNAMODB_ENDPOINT_URL=url) as client,
    ):
        results = lines_of(client.request("POST", "/picus/put", line * 5 + '{"n": 2}\n' * 100, LINES))
    assert [list(result) for result in results[:2]] == [["object_id"]] * 2
    assert [set(result) for result in results[2:]] == [{"line", "error", "code", "status"}] * 103
    assert numbers(own_table) == [1, 1]
