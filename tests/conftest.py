"""Fixtures for everything that needs a real table."""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from picus_api.core.access import access
from picus_api.core.dynamodb.table import reset_transport
from picus_api.models import Item
from tests.dynamodb import CREDENTIALS, ministack, new_table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

# Fifty examples find what a change breaks. No deadline: a busy machine must not fail a test.
settings.register_profile("picus", max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("picus")

# Tests of everything but access are about open deployments. Their servers inherit these variables.
os.environ.setdefault("ANONYMOUS_SCOPES", "read,write,delete")
os.environ.setdefault("SECURE_COOKIES", "off")


@pytest.fixture(scope="session")
def dynamodb_url() -> Iterator[str]:
    """Run ministack for the whole session, and give its address."""
    with ministack() as url:
        yield url


def use_table(monkeypatch: pytest.MonkeyPatch, url: str, name: str) -> None:
    """Point the Item model and the transport of this process at a table."""
    for variable, value in {**CREDENTIALS, "DYNAMODB_TABLE_NAME": name, "DYNAMODB_ENDPOINT_URL": url}.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setattr(Item.Meta, "table_name", name)
    monkeypatch.setattr(Item.Meta, "host", url)
    reset_transport()
    access.rules.cache_clear()
    monkeypatch.setattr(Item, "_connection", None)


@pytest.fixture
def table(dynamodb_url: str, monkeypatch: pytest.MonkeyPatch) -> "Table":
    """Create an empty table, and point Item at it."""
    created = new_table(dynamodb_url)
    use_table(monkeypatch, dynamodb_url, created.name)
    return created
