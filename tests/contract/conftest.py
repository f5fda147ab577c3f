"""Against what the suite runs: `PICUS_BASE_URL`, or a stack of its own when that is not set."""

import os
from collections.abc import Iterator

import pytest

from tests.contract.client import Client

pytest.register_assert_rewrite("tests.contract.expect")


@pytest.fixture(scope="session")
def own_stack() -> bool:
    """Whether the table is this suite's alone."""
    return not os.environ.get("PICUS_BASE_URL")


@pytest.fixture(scope="session")
def base_url(own_stack: bool) -> Iterator[str]:
    """Where the service answers, without a slash at the end."""
    if not own_stack:
        yield os.environ["PICUS_BASE_URL"].rstrip("/")
        return
    # Only here: against staging or production nothing of the project is imported.
    from tests.stack import running_stack

    with running_stack() as url:
        yield url.rstrip("/")


@pytest.fixture
def client(base_url: str) -> Iterator[Client]:
    """A client that leaves nothing behind."""
    client = Client(base_url)
    yield client
    client.clean_up()
