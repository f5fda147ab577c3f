"""Convert DynamoDB attribute values to JSON text, exactly.

Types that JSON does not have: a set becomes an array, binary a base64 string (RFC 4648).
"""

from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NoReturn

import orjson

from picus_api.core.values.attribute_values import AttributeMap, AttributeValue
from picus_api.core.values.numbers import json_number

Converter = Callable[[Any], Any]


class NotJsonType(Exception):
    """A value of a type that JSON does not have."""


def json_from_attributes(attributes: AttributeMap) -> bytes:
    """Return one JSON object, compact, in UTF-8."""
    return orjson.dumps(_readable(attributes))


def json_lines(items: Iterable[AttributeMap]) -> bytes:
    """Return the JSON objects of the items, a line each (NDJSON)."""
    return b"".join([orjson.dumps(_readable(item), option=orjson.OPT_APPEND_NEWLINE) for item in items])


def json_from_value(value: AttributeValue) -> bytes:
    """Return the JSON text of one attribute value, compact, in UTF-8."""
    return orjson.dumps(_readable({"": value})[""])


def strict_json_from_attributes(attributes: AttributeMap) -> bytes:
    """Return a JSON object from which equal attributes can be made. Raises NotJsonType for sets and binary."""
    return orjson.dumps(_reversible(attributes))


def _members_converter(not_json: Mapping[str, Converter]) -> Callable[[AttributeMap], dict[str, Any]]:
    """Return a function that converts attributes to objects for orjson. Numbers are text that orjson copies as it is.

    ``not_json`` has the converters of the types that JSON does not have.
    """

    # Most values are strings or numbers, so these two need no call, and no iteration over the value's only tag.
    def members(attributes: AttributeMap) -> dict[str, Any]:
        return {
            name: value["S"] if "S" in value else _number(value["N"]) if "N" in value else other(value)
            for name, value in attributes.items()
        }

    def elements(values: list[AttributeValue]) -> list[Any]:
        return [
            value["S"] if "S" in value else _number(value["N"]) if "N" in value else other(value) for value in values
        ]

    def other(value: AttributeValue) -> Any:
        [(tag, content)] = value.items()
        return converters[tag](content)

    converters: dict[str, Converter] = {
        "BOOL": bool,
        "NULL": lambda content: None,
        "M": members,
        "L": elements,
        **not_json,
    }
    return members


def _number(text: str) -> orjson.Fragment:
    return orjson.Fragment(json_number(text))


def binary_text(content: bytes | str) -> str:
    """Return the base64 of binary, which on the wire is base64 already."""
    return content if isinstance(content, str) else b64encode(content).decode()


def _refuse(content: object) -> NoReturn:
    raise NotJsonType


_NOT_JSON: dict[str, Converter] = {
    "SS": list,
    "NS": lambda content: list(map(_number, content)),
    "B": binary_text,
    "BS": lambda content: list(map(binary_text, content)),
}

_readable = _members_converter(_NOT_JSON)
_reversible = _members_converter(dict.fromkeys(_NOT_JSON, _refuse))
