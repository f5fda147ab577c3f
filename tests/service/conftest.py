"""The service as production runs it: gunicorn with its own configuration, over HTTP."""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.contract.client import Client
from tests.dynamodb import CREDENTIALS, ROOT, free_port, new_table, started
from tests.preloaded import start_python

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

Service = Callable[..., AbstractContextManager[Client]]
Shared = tuple["Table", Client]


@contextmanager
def gunicorn(**environment: str) -> Iterator[Client]:
    """Run a service with these environment variables, and give a client."""
    with _gunicorn(**environment) as (_, client):
        yield client


@contextmanager
def service_process(shared: "Shared") -> Iterator[tuple["subprocess.Popen[bytes]", Client]]:
    """Run a service on the shared table, and give its process and a client."""
    table, _ = shared
    url = table.meta.client.meta.endpoint_url
    with _gunicorn(DYNAMODB_TABLE_NAME=table.name, DYNAMODB_ENDPOINT_URL=url) as both:
        yield both


@contextmanager
def _gunicorn(**environment: str) -> Iterator[tuple["subprocess.Popen[bytes]", Client]]:
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    arguments = ["-m", "gunicorn", "-c", "gunicorn.conf.py", "picus_project.wsgi:application"]
    settings = {**CREDENTIALS, "PORT": str(port), "ALLOWED_HOSTS": "127.0.0.1", "WEB_THREADS": "8", **environment}
    process = start_python(arguments, os.environ | settings, cwd=ROOT)
    with started(process, f"{base}/__lbheartbeat__"):
        yield process, Client(base)


@pytest.fixture(scope="session")
def shared(dynamodb_url: str) -> Iterator[tuple["Table", Client]]:
    """Run one service on one table, for all tests that delete their items."""
    table = new_table(dynamodb_url)
    with gunicorn(DYNAMODB_TABLE_NAME=table.name, DYNAMODB_ENDPOINT_URL=dynamodb_url) as client:
        yield table, client
