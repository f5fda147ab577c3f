"""The address that the suite runs against: `PICUS_BASE_URL`, or a new local stack if it is not set.

With `PICUS_TOKEN` every request has this token. With `PICUS_WITH_TOKEN=1` the new local stack refuses requests without
a token, and every request has a token of it; the tests of the image and the rehearsal do the same.
"""

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
def base_url_and_token(own_stack: bool) -> Iterator[tuple[str, str]]:
    """Return the base URL of the service, without a slash at the end, and the token for it, or ""."""
    if not own_stack:
        yield os.environ["PICUS_BASE_URL"].rstrip("/"), os.environ.get("PICUS_TOKEN", "")
        return
    # Only here: against staging or production nothing of the project is imported.
    from tests.stack import WITH_TOKEN, closed_stack, running_stack

    if WITH_TOKEN:
        with closed_stack() as both:
            yield both
    else:
        with running_stack() as url:
            yield url.rstrip("/"), ""


@pytest.fixture(scope="session")
def base_url(base_url_and_token: tuple[str, str]) -> str:
    """Return the base URL of the service, without a slash at the end."""
    return base_url_and_token[0]


@pytest.fixture
def client(base_url_and_token: tuple[str, str]) -> Iterator[Client]:
    """Return a client whose items are deleted after the test."""
    client = Client(*base_url_and_token)
    yield client
    client.clean_up()
