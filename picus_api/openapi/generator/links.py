"""What drf-spectacular has no word for: links from an answer to the requests that it leads to."""

from typing import Any

_KEY = "$response.body#/object_id"
_PATH = "$request.path.key"


def _links(key: str, *operations: str) -> dict[str, Any]:
    return {name: {"operationId": name, "parameters": {"key": key}} for name in operations}


_LINKS = {
    ("createItems", "201"): _links(_KEY, "getItem", "replaceItem", "patchItem", "deleteItem"),
    ("replaceItem", "201"): _links(_PATH, "getItem", "patchItem", "deleteItem"),
    ("replaceItem", "200"): _links(_PATH, "getItem", "patchItem", "deleteItem"),
    ("patchItem", "200"): _links(_PATH, "getItem", "replaceItem", "deleteItem"),
    ("getItem", "200"): _links(_PATH, "replaceItem", "patchItem", "deleteItem"),
}


def _operations(result: dict[str, Any]) -> list[dict[str, Any]]:
    return [operation for path in result["paths"].values() for operation in path.values()]


def add_links(result: dict[str, Any], **context: Any) -> dict[str, Any]:
    """drf-spectacular's hook."""
    for operation in _operations(result):
        for status, response in operation["responses"].items():
            if links := _LINKS.get((operation["operationId"], status)):
                response["links"] = links
    return result


def require_bodies(result: dict[str, Any], **context: Any) -> dict[str, Any]:
    """drf-spectacular's hook: an empty body is an error wherever there is to be one."""
    for operation in _operations(result):
        if "requestBody" in operation:
            operation["requestBody"]["required"] = True
    return result
