"""Both computes in this process, over tables in moto: the service by DRF's client, the function by its handler."""

import json
import logging
from collections.abc import Callable, Iterator
from contextvars import copy_context
from typing import Any, NamedTuple
from urllib.parse import quote

import pytest

from picus_api import token_admin
from picus_api.core.access import access
from picus_api.core.dynamodb import table
from picus_project.local.events import rest_proxy_event
from tests.unit.api.conftest import JSON_TYPE, Client, api, body_of, stocked  # noqa: F401 - fixtures

ALL = frozenset(access.SCOPES)


class Reply(NamedTuple):
    """A response of either compute."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Computes:
    """Sends DELETE to the function, as the edge does, and all else to the service."""

    def __init__(self, service: Client, handler: Callable[[dict[str, Any], object], dict[str, Any]]) -> None:
        self._service = service
        self._handler = handler

    def send(
        self, method: str, path: str, body: str = "", content_type: str = JSON_TYPE, compute: str = "", **fields: str
    ) -> Reply:
        """Send a request, to a ``compute`` if given. ``fields``: header fields, with underscores for hyphens."""
        if compute != "function" and method != "DELETE":
            # Django's client decodes the path: RAW_URI has it as it is sent.
            raw = quote(path, safe="%/?=&:")
            response = self._service.send(method, path, body, content_type, RAW_URI=raw, **fields)
            return Reply(response.status_code, dict(response.headers), body_of(response))
        headers = [(name.replace("_", "-"), value) for name, value in fields.items()]
        # The function never resets the id of its request: a copy of the context keeps it from other tests.
        event = rest_proxy_event(method=method, path=path, headers=headers)
        response = copy_context().run(self._handler, event, None)
        return Reply(response["statusCode"], response["headers"], response["body"].encode())


@pytest.fixture
def handler(item_table: str) -> Callable[[dict[str, Any], object], dict[str, Any]]:
    """Import the function without its log handler, which would replace pytest's."""
    root, audit = logging.getLogger(), logging.getLogger("botocore")
    handlers, levels = root.handlers[:], (root.level, audit.level)
    from delete_fn.handler import handler

    root.handlers[:] = handlers
    root.setLevel(levels[0])
    audit.setLevel(levels[1])
    return handler


@pytest.fixture
def computes(stocked: Client, handler: Any) -> Computes:  # noqa: F811
    """Return both computes, open to all."""
    return Computes(stocked, handler)


@pytest.fixture
def closed(computes: Computes, monkeypatch: pytest.MonkeyPatch) -> Computes:
    """Return both computes, where anonymous clients may do nothing."""
    monkeypatch.setenv("ANONYMOUS_SCOPES", "none")
    access.rules.cache_clear()
    return computes


@pytest.fixture
def calls(item_table: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, str]]]:
    """Return the calls to DynamoDB from now on: operation and the end of the table's name."""
    made: list[tuple[str, str]] = []
    transport = table.shared_transport()
    call = transport.call

    def recording(operation: str, request: Any) -> Any:
        about = request if isinstance(request, dict) else json.loads(request)
        made.append((operation, str(about.get("TableName", item_table)).removeprefix(item_table)))
        return call(operation, request)

    monkeypatch.setattr(transport, "call", recording)
    yield made
    monkeypatch.undo()


def bearer(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}


def new(scopes: frozenset[str] = ALL, prefix: str = "", lifetime: int | None = None) -> str:
    """Create a token, and return its text."""
    return token_admin.create_token("test", scopes, prefix, lifetime).text
