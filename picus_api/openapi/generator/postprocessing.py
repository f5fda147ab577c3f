"""Hooks of drf-spectacular that complete the document: links between operations, required bodies, order."""

from typing import Any

_KEY = "$response.body#/object_id"
_PATH = "$request.path.key"
_METHODS = ("get", "post", "put", "patch", "delete")


def _links(key: str, *operations: str) -> dict[str, Any]:
    return {name: {"operationId": name, "parameters": {"key": key}} for name in operations}


_LINKS = {
    ("createItem", "201"): _links(_KEY, "getItem", "replaceItem", "patchItem", "deleteItem"),
    ("replaceItem", "201"): _links(_PATH, "getItem", "patchItem", "deleteItem"),
    ("replaceItem", "200"): _links(_PATH, "getItem", "patchItem", "deleteItem"),
    ("patchItem", "200"): _links(_PATH, "getItem", "replaceItem", "deleteItem"),
    ("getItem", "200"): _links(_PATH, "replaceItem", "patchItem", "deleteItem"),
}


def _operations(result: dict[str, Any]) -> list[dict[str, Any]]:
    return [operation for path in result["paths"].values() for operation in path.values()]


def add_links(result: dict[str, Any], **context: Any) -> dict[str, Any]:
    """Add links from responses to the operations on the same item."""
    for operation in _operations(result):
        for status, response in operation["responses"].items():
            if links := _LINKS.get((operation["operationId"], status)):
                response["links"] = links
    return result


def require_bodies(result: dict[str, Any], **context: Any) -> dict[str, Any]:
    """Mark every request body as required, because an empty body is an error."""
    for operation in _operations(result):
        if "requestBody" in operation:
            operation["requestBody"]["required"] = True
    return result


def describe_scopes(result: dict[str, Any], **context: Any) -> dict[str, Any]:
    """Write the scope that an operation needs into its description, which pages show."""
    for operation in _operations(result):
        if scope := operation.get("x-required-scope"):
            told = operation.get("description")
            operation["description"] = f"{told}\n\n" * bool(told) + f"Needs the scope `{scope}`."
    return result


def require_no_token_by_default(result: dict[str, Any], **context: Any) -> dict[str, Any]:
    """State that an operation without a security requirement needs no token."""
    return {**result, "security": []}


def order_methods(result: dict[str, Any], **context: Any) -> dict[str, Any]:
    """Order the methods of each path, because drf-spectacular leaves them unordered."""
    paths = {
        path: {method: operations[method] for method in _METHODS if method in operations}
        for path, operations in result["paths"].items()
    }
    return {**result, "paths": paths}


def use_single_examples(result: dict[str, Any], **context: Any) -> dict[str, Any]:
    """Write an only example as ``example``, so that pages show it without a menu of examples."""
    return {name: _with_single_examples(value) for name, value in result.items()}


def _with_single_examples(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_single_examples(each) for each in value]
    if not isinstance(value, dict):
        return value
    found = {name: _with_single_examples(each) for name, each in value.items() if name != "examples"}
    if "examples" in value:
        [example] = value["examples"].values()
        found["example"] = example["value"]
    return found
