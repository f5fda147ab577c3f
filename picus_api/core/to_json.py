"""DynamoDB attribute values to JSON text, exactly.

Types that JSON has no word for: a set becomes an array, binary a base64 string (RFC 4648).
"""

from base64 import b64encode
from collections.abc import Callable
from json.encoder import encode_basestring
from typing import Any

from picus_api.core.attributes import AttributeMap, AttributeValue
from picus_api.core.numbers import json_number


def json_from_attributes(attributes: AttributeMap) -> str:
    """One JSON object, compact."""
    members = [f"{encode_basestring(name)}:{_value(value)}" for name, value in attributes.items()]
    return "{" + ",".join(members) + "}"


def _value(value: AttributeValue) -> str:
    [(tag, content)] = value.items()
    return _WRITERS[tag](content)


def _array(parts: list[str]) -> str:
    return "[" + ",".join(parts) + "]"


def _binary(content: bytes | str) -> str:
    return f'"{content if isinstance(content, str) else b64encode(content).decode()}"'


_WRITERS: dict[str, Callable[[Any], str]] = {
    "S": encode_basestring,
    "N": json_number,
    "BOOL": lambda content: "true" if content else "false",
    "NULL": lambda content: "null",
    "M": json_from_attributes,
    "L": lambda content: _array([_value(element) for element in content]),
    "SS": lambda content: _array([encode_basestring(element) for element in content]),
    "NS": lambda content: _array([json_number(element) for element in content]),
    "B": _binary,
    "BS": lambda content: _array([_binary(element) for element in content]),
}
