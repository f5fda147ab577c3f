"""Which calls are retried, how often and for how long."""

import calendar
import socket
import time
from email.utils import formatdate

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from picus_api.core.dynamodb.dynamodb_errors import NoResponse, ServiceError
from picus_api.core.dynamodb.http_parser import HttpReply
from picus_api.core.dynamodb.retry import Limits, is_repeatable, kind_of
from tests.http_server import Request, Server, dynamodb_response, error, replies
from tests.unit.core.dynamodb.conftest import QUICK, Make

FINE = dynamodb_response(200, b'{"a":1}')


@pytest.mark.parametrize(
    "code",
    [
        "ProvisionedThroughputExceededException",
        "ThrottlingException",
        "RequestLimitExceeded",
        "TransactionInProgressException",
        "LimitExceededException",
        "RequestTimeout",
    ],
)
@pytest.mark.parametrize("operation", ["GetItem", "UpdateItem"])
def test_throttling_is_waited_out(make_transport: Make, code: str, operation: str) -> None:
    with Server(replies(error(code), error(code), FINE)) as server:
        found = make_transport(server.url).call(operation, {})
        assert found == (b'{"a":1}', "REQUEST1", 3, False)
        assert server.connections == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize("body", [b"", b"<html>Bad Gateway", b'{"__type":"a#InternalServerError"}', b"[1]"])
def test_server_errors_are_retried(make_transport: Make, status: int, body: bytes) -> None:
    with Server(replies(dynamodb_response(status, body), FINE)) as server:
        assert make_transport(server.url).call("Scan", {}) == (b'{"a":1}', "REQUEST1", 2, True)


def test_persistent_error_has_attempts_and_request_id(make_transport: Make) -> None:
    refusal = error("ProvisionedThroughputExceededException", "The level of configured ... ")
    with Server(replies(refusal)) as server:
        with pytest.raises(ServiceError) as failure:
            make_transport(server.url).call("GetItem", {})
        assert len(server.requests) == 4
    assert isinstance(failure.value, ClientError)
    assert failure.value.response["Error"] == {
        "Code": "ProvisionedThroughputExceededException",
        "Message": "The level of configured ... ",
    }
    assert failure.value.response["ResponseMetadata"]["RetryAttempts"] == 3
    assert failure.value.response["ResponseMetadata"]["HTTPHeaders"]["x-amzn-requestid"] == "REQUEST1"
    assert (failure.value.request_id, failure.value.attempts, failure.value.response_lost) == (
        "REQUEST1",
        4,
        False,
    )


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (error("ValidationException", "no"), "ValidationException"),
        (error("ResourceNotFoundException"), "ResourceNotFoundException"),
        (error("ConditionalCheckFailedException"), "ConditionalCheckFailedException"),
        (error("AccessDeniedException"), "AccessDeniedException"),
        (
            error("InvalidSignatureException", "The request signature we calculated ..."),
            "InvalidSignatureException",
        ),
        (dynamodb_response(400, b'{"__type":"ns#SomeException:http://x/","Message":"m"}'), "SomeException"),
        (dynamodb_response(413, b"too large"), "413"),
        (dynamodb_response(301, b"", "Location: http://elsewhere"), "301"),
    ],
)
def test_a_refusal_is_final(make_transport: Make, reply: bytes, code: str) -> None:
    with Server(replies(reply)) as server:
        with pytest.raises(ServiceError) as failure:
            make_transport(server.url).call("PutItem", {})
        assert (failure.value.code, len(server.requests), failure.value.response_lost) == (code, 1, False)


def test_absent_server_is_no_response_after_retries(make_transport: Make) -> None:
    with Server(replies(FINE)) as server:
        url = server.url
    with pytest.raises(NoResponse, match=r"PutItem \(attempts: 4\): .*refused") as failure:
        make_transport(url).call("PutItem", {})
    assert isinstance(failure.value, BotoCoreError)
    assert (failure.value.attempts, failure.value.response_lost, failure.value.operation) == (
        4,
        False,
        "PutItem",
    )
    assert isinstance(failure.value.__cause__, Exception)


@pytest.mark.parametrize("body", [b"", b"OK", b"{", b"[1]", b"<html></html>"])
def test_success_without_json_object_is_lost(make_transport: Make, body: bytes) -> None:
    with Server(replies(dynamodb_response(200, body), FINE)) as server:
        assert make_transport(server.url).call("Scan", {}) == (b'{"a":1}', "REQUEST1", 2, True)


def test_response_may_have_space_and_no_checksum(make_transport: Make) -> None:
    with Server(replies(dynamodb_response(200, b'{"a":1}\r\n', crc=False))) as server:
        assert make_transport(server.url).call("Scan", {}).attempts == 1


def test_refusal_after_lost_response_notes_it(make_transport: Make) -> None:
    with Server(replies(dynamodb_response(500, b""), error("ValidationException", "no"))) as server:
        with pytest.raises(ServiceError) as failure:
            make_transport(server.url).call("DeleteItem", {})
        assert (failure.value.code, failure.value.response_lost) == ("ValidationException", True)


def test_restart_of_server_is_not_noticed(make_transport: Make) -> None:
    """All idle connections die at once: no call waits, and no attempt is counted."""
    with Server(replies(FINE)) as server:
        transport = make_transport(server.url, limits=QUICK._replace(attempts=1))
        for _ in range(3):
            assert transport.call("UpdateItem", {}) == (b'{"a":1}', "REQUEST1", 1, False)
            server.drop_connections()
            time.sleep(0.01)  # the FIN arrives


def test_stale_connection_costs_no_attempt(
    make_transport: Make,
) -> None:
    """The server closes while the request is under way, which no check before sending can notice."""

    def script(connection: socket.socket, request: Request) -> bool:
        if request.number in (2, 4):
            return False
        connection.sendall(FINE)
        return True

    with Server(script) as server:
        transport = make_transport(server.url, limits=QUICK._replace(attempts=1))
        assert transport.call("GetItem", {}) == (b'{"a":1}', "REQUEST1", 1, False)
        assert transport.call("GetItem", {}) == (b'{"a":1}', "REQUEST1", 1, True)
        with pytest.raises(NoResponse) as failure:  # not so for what must not be done twice
            transport.call("UpdateItem", {})
        assert (failure.value.attempts, failure.value.response_lost, len(server.requests)) == (1, True, 4)


def test_the_deadline_ends_a_call_before_its_attempts_do(make_transport: Make) -> None:
    with Server(lambda _, __: server.stopping.wait(10) and False) as server:
        limits = Limits(read_timeout=0.2, attempts=100, deadline=0.7, base_delay=0.001)
        started = time.monotonic()
        with pytest.raises(NoResponse, match="timed out") as failure:
            make_transport(server.url, limits=limits).call("GetItem", {})
        assert 0.3 < time.monotonic() - started < 8
        assert 2 <= failure.value.attempts <= 5


@pytest.mark.parametrize(
    ("operation", "repeatable"),
    [
        ("GetItem", True),
        ("Query", True),
        ("Scan", True),
        ("BatchGetItem", True),
        ("TransactGetItems", True),
        ("DescribeTable", True),
        ("ListTables", True),
        ("PutItem", True),
        ("DeleteItem", True),
        ("BatchWriteItem", True),
        ("TransactWriteItems", True),
        ("CreateTable", True),
        ("UpdateItem", False),
        ("UpdateTable", False),
        ("ExecuteStatement", False),
        ("BatchExecuteStatement", False),
        ("SomethingNew", False),
    ],
)
def test_repeatable_operations(operation: str, repeatable: bool) -> None:
    assert is_repeatable(operation) is repeatable


@pytest.mark.parametrize("off_by", [3600, -3600])
@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("InvalidSignatureException", "Signature expired: 20150830T123600Z is now earlier than ..."),
        ("InvalidSignatureException", "Signature not yet current: 20150830T123600Z is still later than ..."),
        ("RequestTimeTooSkewed", ""),
    ],
)
def test_a_wrong_clock_is_corrected_by_the_servers(make_transport: Make, off_by: int, code: str, message: str) -> None:
    """The server's clock is an hour off, and it checks the time of requests."""

    def script(connection: socket.socket, request: Request) -> bool:
        now = time.time() + off_by
        sent = time.strptime(request.headers["x-amz-date"], "%Y%m%dT%H%M%SZ")
        good = abs(calendar.timegm(sent) - now) < 300
        connection.sendall(FINE if good else error(code, message, 400, f"Date: {formatdate(now, usegmt=True)}"))
        return True

    with Server(script) as server:
        transport = make_transport(server.url)
        assert transport.call("PutItem", {}).attempts == 2
        assert transport.call("PutItem", {}).attempts == 1


@pytest.mark.parametrize("date", ["Date: Mon, 30 Nov 2026 10:00:00 GMT", "Date: yesterday", "X: y"])
def test_clock_is_corrected_once_per_call(make_transport: Make, date: str) -> None:
    with Server(replies(error("RequestTimeTooSkewed", "", 400, date))) as server:
        with pytest.raises(ServiceError) as failure:
            make_transport(server.url).call("PutItem", {})
        assert failure.value.code == "RequestTimeTooSkewed"
        assert len(server.requests) == (2 if "2026" in date else 1)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "ThrottlingException", "throttled"),
        (503, "ThrottlingException", "throttled"),
        (500, "Other", "failed"),
    ],
)
def test_error_codes_have_kinds(status: int, code: str, kind: str) -> None:
    body = b'{"__type":"x#%s"}' % code.encode()
    assert kind_of(ServiceError(HttpReply(status, {}, body), "GetItem")) == kind
