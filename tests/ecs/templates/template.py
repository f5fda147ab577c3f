"""The templates as plain data, with functions in their long form: `{"Ref": name}`, `{"Fn::Sub": text}`."""

from collections.abc import Iterator
from typing import Any

from picus_project.local.cloudformation import read
from tests.dynamodb import ROOT

NAMES = sorted(path.stem for path in (ROOT / "ecs").glob("*.yaml"))
STAGES = ("staging", "production")


def template(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = read(ROOT / "ecs" / f"{name}.yaml")
    return loaded


def resource(name: str, logical_id: str) -> dict[str, Any]:
    found: dict[str, Any] = template(name)["Resources"][logical_id]
    return found


def properties(name: str, logical_id: str) -> dict[str, Any]:
    found: dict[str, Any] = resource(name, logical_id)["Properties"]
    return found


def resources(name: str, resource_type: str) -> dict[str, dict[str, Any]]:
    """Return the properties of all resources of a type, by logical id."""
    every = template(name)["Resources"].items()
    return {logical_id: entry.get("Properties", {}) for logical_id, entry in every if entry["Type"] == resource_type}


def attributes(properties: dict[str, Any], key: str) -> dict[str, str]:
    """Return a list of Key and Value entries as a dict."""
    return {entry["Key"]: entry["Value"] for entry in properties[key]}


def leaves(node: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every scalar below a node, with its keys joined by slashes."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from leaves(value, f"{path}/{key}")
    elif isinstance(node, list):
        for item in node:
            yield from leaves(item, path)
    else:
        yield path, node


def statements(name: str, logical_id: str) -> list[dict[str, Any]]:
    """Return the statements of a role's policies, with actions and resources as lists."""
    policies = properties(name, logical_id)["Policies"]
    found = [entry for policy in policies for entry in policy["PolicyDocument"]["Statement"]]
    # A conditional statement counts as if its condition held.
    found = [entry["Fn::If"][1] if "Fn::If" in entry else entry for entry in found]
    return [entry | {key: _as_list(entry[key]) for key in ("Action", "Resource")} for entry in found]


def actions(name: str, logical_id: str) -> set[str]:
    return {action for statement in statements(name, logical_id) for action in statement["Action"]}


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
