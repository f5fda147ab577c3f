"""The wire form of DynamoDB's values, which all code of the core passes around.

An attribute value is an object of one type tag and its value:
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html
Binary values are base64 text, as on the wire; PynamoDB hands over bytes, which are accepted too.
"""

from collections.abc import Iterable, Iterator
from typing import Any

AttributeValue = dict[str, Any]
AttributeMap = dict[str, AttributeValue]
Path = tuple[str | int, ...]

# DynamoDB counts the item itself as the first level, and empty containers too.
MAX_DEPTH = 32
MAX_NAME_BYTES = 65535

NOT_JSON_TYPES = frozenset(("SS", "NS", "BS", "B"))
"""The type tags for which JSON has no type."""


def not_json_values(attributes: AttributeMap) -> Iterator[tuple[Path, str]]:
    """Yield the path and the type tag of each value for which JSON has no type (sets and binary)."""
    return ((path, tag) for path, tag in _tags(attributes.items()) if tag in NOT_JSON_TYPES)


def _tags(values: Iterable[tuple[str | int, AttributeValue]], *path: str | int) -> Iterator[tuple[Path, str]]:
    for step, value in values:
        [(tag, content)] = value.items()
        yield (*path, step), tag
        if tag in "ML":
            yield from _tags(content.items() if tag == "M" else enumerate(content), *path, step)
