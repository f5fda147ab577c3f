"""While DynamoDB does not respond, calls fail at once, and one call at a time tries it again."""

import socket
import threading
import time
from contextlib import suppress

import pytest

from picus_api.core.dynamodb.breaker import FAILURES, OPEN_SECONDS
from picus_api.core.dynamodb.dynamodb_errors import NoResponse, ServiceError
from picus_api.core.dynamodb.retry import Limits
from picus_api.core.dynamodb.transport import Transport
from tests.http_server import Request, Server, dynamodb_response, until
from tests.unit.core.dynamodb.conftest import Make

ONCE = Limits(connect_timeout=1.0, read_timeout=5.0, attempts=1, deadline=5.0)


class Outage:
    """A server that closes connections without a response, until it is told to respond or to be silent."""

    def __init__(self) -> None:
        self.reply: bytes | None = None
        self.silent = threading.Event()
        self.silent.set()
        self.count = 0

    def __call__(self, connection: socket.socket, request: Request) -> bool:
        self.count += 1
        self.silent.wait(5)
        if self.reply is None:
            return False
        connection.sendall(self.reply)
        return True


def fail(transport: Transport, times: int = 1) -> None:
    for _ in range(times):
        with pytest.raises(NoResponse):
            transport.call("GetItem", {})


def test_breaker_opens_after_failures_and_closes_again(make_transport: Make) -> None:
    outage = Outage()
    with Server(outage) as server:
        transport = make_transport(server.url, limits=ONCE)
        fail(transport, FAILURES)
        assert outage.count == FAILURES
        with pytest.raises(NoResponse, match="circuit breaker is open"):
            transport.call("GetItem", {})
        assert outage.count == FAILURES
        outage.reply = dynamodb_response(200, b"{}")
        time.sleep(OPEN_SECONDS)
        for _ in range(3):
            assert transport.call("GetItem", {}).body == b"{}"


def test_open_breaker_admits_one_call_at_a_time(make_transport: Make) -> None:
    outage = Outage()
    with Server(outage) as server:
        transport = make_transport(server.url, limits=ONCE)
        fail(transport, FAILURES)
        outage.silent.clear()
        time.sleep(OPEN_SECONDS)
        probe = threading.Thread(target=fail, args=(transport,))
        probe.start()
        until(lambda: outage.count == FAILURES + 1)
        started = time.monotonic()
        fail(transport, 100)
        assert time.monotonic() - started < 10
        assert outage.count == FAILURES + 1
        outage.silent.set()
        probe.join()


@pytest.mark.parametrize("status", [200, 400])
def test_any_response_resets_the_count(make_transport: Make, status: int) -> None:
    outage = Outage()
    with Server(outage) as server:
        transport = make_transport(server.url, limits=ONCE)
        for _ in range(3):
            outage.reply = None
            for _ in range(FAILURES - 1):
                before = outage.count
                fail(transport)
                assert outage.count > before
            outage.reply = dynamodb_response(status, b"{}")
            with suppress(ServiceError):
                transport.call("GetItem", {})
