"""What failed calls leave behind: no object, even before a garbage collection."""

import gc
import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from botocore.exceptions import ClientError

from picus_api.core.dynamodb.breaker import FAILURES
from picus_api.core.dynamodb.dynamodb_errors import NoResponse
from picus_api.core.dynamodb.transport import Transport
from tests.dynamodb import free_port
from tests.faulty import AFTER, BEFORE, FaultyProxy
from tests.http_server import Request, dynamodb_response, error
from tests.unit.core.dynamodb.conftest import QUICK, Make

QUICK_FAULTS = sorted({*BEFORE, *AFTER} - {"drip", "stalled before", "stalled after"})
ANSWERS = {
    "PutItem": error("ConditionalCheckFailedException"),
    "TransactWriteItems": error("TransactionCanceledException"),
}


class _Proxy(FaultyProxy):
    def _ask(self, request: Request) -> bytes:
        return ANSWERS.get(request.operation, dynamodb_response(200, b'{"Item":{}}'))


@contextmanager
def without_collection() -> Iterator[None]:
    """Collect no garbage, so that objects in cycles stay."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def objects() -> Counter[str]:
    """Return how many objects of Picus and tracebacks there are, by their types."""
    names = (f"{type(each).__module__}.{type(each).__qualname__}" for each in gc.get_objects())
    return Counter(name for name in names if name.startswith("picus_api.") or name == "builtins.traceback")


@pytest.fixture(autouse=True)
def no_kept_log_records(caplog: pytest.LogCaptureFixture) -> None:
    """Let pytest keep no record, which would keep the error that it tells of."""
    caplog.set_level(logging.WARNING, logger="picus_api")


def fail(transport: Transport, operation: str) -> None:
    """Make a call that may fail, and drop its error."""
    try:
        transport.call(operation, {"TableName": "t"})
    except (ClientError, NoResponse):
        return


def test_failed_calls_leave_no_objects(make_transport: Make) -> None:
    with _Proxy("") as proxy, without_collection():
        transport = make_transport(proxy.url, QUICK._replace(attempts=2), size=4)
        fail(transport, "GetItem")
        before = objects()
        for fault in QUICK_FAULTS:
            for operation in ("GetItem", "PutItem", "UpdateItem", "TransactWriteItems"):
                proxy.faults.extend([fault, fault])  # the second attempt fails as well
                fail(transport, operation)
                proxy.faults.clear()
            fail(transport, "GetItem")
        assert objects() - before == Counter()


def test_refused_connections_leave_no_objects(make_transport: Make) -> None:
    with without_collection():
        transport = make_transport(f"http://127.0.0.1:{free_port()}", QUICK._replace(attempts=1))
        fail(transport, "GetItem")
        before = objects()
        for _ in range(FAILURES - 2):
            fail(transport, "GetItem")
        assert objects() - before == Counter()
        with pytest.raises(NoResponse, match="connecting to"):
            transport.call("GetItem", {})
