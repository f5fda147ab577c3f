"""The examples of the description, each sent to the service as it stands there."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from tests.contract.client import Client
from tests.contract.exact import Response
from tests.contract.test_schema import described

# As a client would: create under the example's key, read, change, delete.
ORDER = ["replaceItem", "getItem", "patchItem", "listItems", "deleteItem", "createItem"]


class Operation:
    """One operation of the description."""

    def __init__(self, client: Client, method: str, path: str, described: dict[str, Any]) -> None:
        self.client, self.method, self.path, self.described = client, method, path, described

    def parameters(self, where: str) -> dict[str, list[Any]]:
        """Return the examples of each parameter in this place (path, query or header)."""
        return {
            each["name"]: [each["example"]] if "example" in each else []
            for each in self.described.get("parameters", [])
            if each["in"] == where
        }

    def bodies(self) -> list[tuple[str | None, Any]]:
        """Return each example of a request body with its media type."""
        content = self.described.get("requestBody", {}).get("content", {})
        return [(kind, content[kind]["example"]) for kind in content] or [(None, None)]

    def send(
        self,
        media_type: str | None = None,
        body: Any = None,
        query: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> Response:
        """Send one request. Fail unless the description has the status and media type of the response."""
        path = self.path
        for name, values in self.parameters("path").items():
            path = path.replace(f"{{{name}}}", quote(values[0], safe=""))
        target = f"{path}?{urlencode(query)}" if query else path
        text = None if media_type is None else json.dumps(body)
        given = {**(headers or {}), **({"Content-Type": media_type} if media_type else {})}
        response = self.client.request(self.method, target, text, given)
        described = self.described["responses"][str(response.status)]
        assert response.media_type in described.get("content", {response.media_type: None}), response
        return response

    def example(self, status: int) -> Any:
        """Return the example of the JSON response with this status."""
        content = self.described["responses"][str(status)]["content"]["application/json"]
        return content["example"]


@pytest.fixture
def operations(client: Client) -> Iterator[dict[str, Operation]]:
    """Return the operations by name. The item of the examples is deleted before and after."""
    document = described(client)
    found = {
        operation["operationId"]: Operation(client, method.upper(), path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    found["deleteItem"].send()
    yield found
    found["deleteItem"].send()


def test_every_body_example_gets_documented_response(operations: dict[str, Operation]) -> None:
    for name in [*ORDER, *operations.keys() - set(ORDER)]:
        operation = operations[name]
        for media_type, body in operation.bodies():
            response = operation.send(media_type, body)
            assert response.status in (200, 201), response
            if name in ("replaceItem", "getItem", "patchItem", "deleteItem"):
                assert json.loads(response.body) == operation.example(response.status)
            if name == "listItems":
                assert operation.example(200)[0] in json.loads(response.body)


def test_optional_parameters_have_no_example(operations: dict[str, Operation]) -> None:
    # Swagger UI would send it: a precondition, or the same Idempotency-Key each time.
    for operation in operations.values():
        for parameter in operation.described.get("parameters", []):
            examples = {"example", "examples", "default"} & {*parameter, *parameter["schema"]}
            assert parameter.get("required", False) == bool(examples), parameter


def test_errors_are_as_shown(operations: dict[str, Operation]) -> None:
    for name in ("getItem", "deleteItem"):
        response = operations[name].send()
        assert response.status == 404
        assert json.loads(response.body) == operations[name].example(404)
    replace = operations["replaceItem"]
    media_type, body = replace.bodies()[0]
    replace.send(media_type, body)
    stale = replace.send(media_type, body, headers={"If-Match": '"another"'})
    assert stale.status == 412
    assert json.loads(stale.body) == replace.example(412)
    bad = replace.send(media_type, {"a": [{"b": int("1" * 39)}]})
    assert bad.status == 400
    assert json.loads(bad.body)["pointer"] == replace.example(400)["pointer"]
