"""Tables in moto's server, started once in this process. It stands for DynamoDB's logic, not for its limits."""

import logging
import os
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from moto.server import ThreadedMotoServer

from picus_api.core.dynamodb import table
from picus_api.core.logs import LineHandler
from picus_api.core.values.codec import decode
from picus_api.table_setup import create_missing, table_specs
from tests.conftest import use_table

Stored = Callable[[str], dict[str, Any] | None]


@pytest.fixture(scope="session", autouse=True)
def only_captured_logs() -> None:
    """Remove the handler that writes to stderr from a thread. pytest shows the logs of tests that fail."""
    root = logging.getLogger()
    root.handlers[:] = [handler for handler in root.handlers if not isinstance(handler, LineHandler)]


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    """Return the address of moto's server, and stop it after the run."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def item_table(moto_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Create an empty item table and its idempotency table for one test, and return the item table's name."""
    for variable in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(variable)
    name = f"picus_{uuid.uuid4().hex}"
    use_table(monkeypatch, moto_url, name)
    for spec in table_specs():
        create_missing(spec)
    yield name
    table.shared_transport().close()


@pytest.fixture
def stored(item_table: str) -> Stored:
    """Return a function that reads an item as DynamoDB has it, by a key; None if there is no such item."""

    def read(key: str) -> dict[str, Any] | None:
        response: dict[str, Any] = decode(table.call("GetItem", Key={"object_id": {"S": key}}, ConsistentRead=True))
        return response.get("Item")

    return read
