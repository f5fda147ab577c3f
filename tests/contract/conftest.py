"""The address that the suite runs against: `PICUS_BASE_URL`, or a new local stack if it is not set."""

import os
from collections.abc import Iterator

import pytest

from tests.contract.client import Client

pytest.register_assert_rewrite("tests.contract.expect")


@pytest.fixture(scope="session")
def own_stack() -> bool:
    """Return True if no other client uses the table."""
    return not os.environ.get("PICUS_BASE_URL")


@pytest.fixture(scope="session")
def base_url(own_stack: bool) -> Iterator[str]:
    """Return the base URL of the service, without a slash at the end."""
    if not own_stack:
        yield os.environ["PICUS_BASE_URL"].rstrip("/")
        return
    # Only here: against staging or production nothing of the project is imported.
    from tests.stack import running_stack

    with running_stack() as url:
        yield url.rstrip("/")


@pytest.fixture
def client(base_url: str) -> Iterator[Client]:
    """Return a client whose items are deleted after the test."""
    client = Client(base_url)
    yield client
    client.clean_up()
