"""Conditional deletes whose responses are lost, with a proxy in front of DynamoDB's rules."""

import socket
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING

import pytest

from picus_api.core import store
from picus_api.core.dynamodb import table as dynamodb
from picus_api.core.errors import OutcomeUnknown, PreconditionFailed, TableThrottled
from picus_api.core.etag import etag
from picus_api.core.preconditions import parse_preconditions
from tests.conftest import use_table
from tests.faulty import FaultyProxy
from tests.http_server import Request

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

ROUNDS = 100


class LosingProxy(FaultyProxy):
    """A proxy that loses the responses to the next deletes that name a version."""

    losses = 0

    def _forward(self, connection: socket.socket, request: Request) -> bool:
        reply = self._ask(request)
        if not self.losses or b'":a0"' not in request.body:
            connection.sendall(reply)
            return True
        self.losses -= 1
        self.meanwhile()
        return False


@pytest.fixture
def proxy(table: "Table", dynamodb_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[LosingProxy]:
    with LosingProxy(dynamodb_url) as proxy:
        use_table(monkeypatch, proxy.url, table.name)
        yield proxy
        dynamodb.shared_transport().close()


def both(action: Callable[[], object]) -> list[str]:
    """Run an action in two threads at once, and return the outcomes."""
    barrier = Barrier(2)

    def outcome() -> str:
        barrier.wait()
        try:
            action()
        except PreconditionFailed:
            return "412"
        return "200"

    with ThreadPoolExecutor(2) as pool:
        return sorted(future.result() for future in [pool.submit(outcome) for _ in range(2)])


@pytest.mark.parametrize("write", ["create", "replace", "delete"])
def test_throttling_after_a_lost_response_is_unknown(
    table: "Table", dynamodb_url: str, monkeypatch: pytest.MonkeyPatch, write: str
) -> None:
    """Report a throttled write as not written only if no earlier attempt may have been carried out."""
    with FaultyProxy(dynamodb_url) as faulty:
        use_table(monkeypatch, faulty.url, table.name)
        store.replace("k", {"n": {"N": "1"}})
        writes: dict[str, Callable[[], object]] = {
            "create": lambda: store.create({"n": {"N": "2"}}),
            "replace": lambda: store.replace("k", {"n": {"N": "2"}}),
            "delete": lambda: store.delete("k"),
        }
        for faults, call, error in (
            (["throttled"] * 4, writes[write], TableThrottled),
            (["closed after", *["throttled"] * 4], writes[write], OutcomeUnknown),
            (["closed after", *["throttled"] * 4], lambda: store.get("k"), TableThrottled),
        ):
            faulty.faults = deque(faults)
            with pytest.raises(error) as raised:
                call()
            assert type(raised.value) is error
        dynamodb.shared_transport().close()


def test_one_of_two_deletes_succeeds_if_responses_are_lost(proxy: LosingProxy) -> None:
    for number in range(ROUNDS):
        written = store.replace("k", {"n": {"N": str(number)}}).item
        seen = parse_preconditions(etag(written), None)
        proxy.losses = 2
        assert both(lambda seen=seen: store.delete("k", seen)) == ["200", "412"]  # type: ignore[misc]


def test_a_repeated_delete_spares_an_item_that_came_between(proxy: LosingProxy, table: "Table") -> None:
    seen = parse_preconditions(etag(store.replace("k", {"n": {"N": "1"}}).item), None)
    proxy.losses = 1
    proxy.meanwhile = lambda: table.put_item(Item={"object_id": "k", "n": 2})
    store.delete("k", seen)
    assert table.get_item(Key={"object_id": "k"})["Item"] == {"object_id": "k", "n": 2}
