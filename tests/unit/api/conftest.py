"""The service in this process: DRF's client on the whole stack of middleware, over a table in moto."""

import json
from typing import Any

import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

JSON_TYPE = "application/json"
NDJSON_TYPE = "application/x-ndjson"


class Client(APIClient):
    """DRF's client, with whole bodies as bytes."""

    def send(
        self, method: str, path: str, body: bytes | str = b"", content_type: str = JSON_TYPE, **fields: str
    ) -> Any:
        """Return the response to one request. ``fields``: header fields, with underscores instead of hyphens.

        ``RAW_URI`` among them is the request target as it was sent.
        """
        extra = {name: fields.pop(name) for name in ("RAW_URI",) if name in fields}
        headers = {name.replace("_", "-"): value for name, value in fields.items()}
        data = body.encode() if isinstance(body, str) else body
        return self.generic(method, path, data, content_type, headers=headers, **extra)  # type: ignore[arg-type]  # the stubs have str

    def store(self, body: str = "{}") -> str:
        """Store an item, and return its key."""
        response = self.send("POST", "/picus/put", body)
        assert response.status_code == 201, response.content
        return str(json.loads(response.content)["object_id"])


def body_of(response: Any) -> bytes:
    """Return the whole body, streamed or not."""
    return b"".join(response.streaming_content) if response.streaming else bytes(response.content)


def error_of(response: Any, status: int, code: str) -> dict[str, Any]:
    """Return the body of an error, which must have this status and code."""
    assert (response.status_code, response["Content-Type"]) == (status, JSON_TYPE), body_of(response)
    error: dict[str, Any] = json.loads(response.content)
    assert error["code"] == code, error
    assert error["error"].strip()
    return error


@pytest.fixture
def api(settings: Settings) -> Client:
    """Return a client whose Host is allowed. Exceptions become responses, as in production."""
    settings.ALLOWED_HOSTS = ["testserver"]
    return Client(raise_request_exception=False)


@pytest.fixture
def stocked(api: Client, item_table: str) -> Client:
    """Return a client of a service with a new, empty table."""
    return api
