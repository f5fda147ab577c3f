"""One deployed stage for all of the rehearsal."""

from collections.abc import Iterator

import pytest

from tests.rehearsal.staging import Staging, staging


@pytest.fixture(scope="session")
def stage() -> Iterator[Staging]:
    """`staging`, deployed once."""
    with staging() as deployed:
        yield deployed
