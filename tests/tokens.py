"""Tokens for the tests of servers, in a token table on the server's DynamoDB."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from picus_api.core.dynamodb.table import reset_transport
from picus_api.table_setup import create_missing, table_specs
from tests.conftest import use_table


@contextmanager
def token_table(url: str, name: str) -> Iterator[None]:
    """Create the tables that an item table lacks. Inside the block ``token_admin`` works with them."""
    with pytest.MonkeyPatch.context() as patch:
        use_table(patch, url, name)
        for spec in table_specs():
            create_missing(spec)
        try:
            yield
        finally:
            reset_transport()
