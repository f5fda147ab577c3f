"""DynamoDB attribute values to JSON text, exactly.

Types that JSON has no word for: a set becomes an array, binary a base64 string (RFC 4648).
"""

from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NoReturn

import orjson

from picus_api.core.attributes import AttributeMap, AttributeValue
from picus_api.core.numbers import json_number

Converter = Callable[[Any], Any]


class ForeignValue(Exception):
    """A value of a type that JSON has no word for."""


def json_from_attributes(attributes: AttributeMap) -> bytes:
    """One JSON object, compact, in UTF-8."""
    return orjson.dumps(_readable(attributes))


def json_lines(items: Iterable[AttributeMap]) -> bytes:
    """A line of such an object for each item."""
    return b"".join([orjson.dumps(_readable(item), option=orjson.OPT_APPEND_NEWLINE) for item in items])


def strict_json_from_attributes(attributes: AttributeMap) -> bytes:
    """The same of attributes that come back equal from it. Raises ForeignValue."""
    return orjson.dumps(_reversible(attributes))


def _members_converter(foreign: Mapping[str, Converter]) -> Callable[[AttributeMap], dict[str, Any]]:
    """What makes of attributes the objects that orjson writes; numbers are text that it passes on as it is."""

    def members(attributes: AttributeMap) -> dict[str, Any]:
        # Most values are strings: they are spared the call.
        return {name: value["S"] if "S" in value else convert(value) for name, value in attributes.items()}

    def elements(values: list[AttributeValue]) -> list[Any]:
        return [value["S"] if "S" in value else convert(value) for value in values]

    def convert(value: AttributeValue) -> Any:
        [(tag, content)] = value.items()
        return converters[tag](content)

    converters: dict[str, Converter] = {
        "N": _number,
        "BOOL": bool,
        "NULL": lambda content: None,
        "M": members,
        "L": elements,
        **foreign,
    }
    return members


def _number(text: str) -> orjson.Fragment:
    return orjson.Fragment(json_number(text))


def _binary(content: bytes | str) -> str:
    return content if isinstance(content, str) else b64encode(content).decode()


def _refuse(content: object) -> NoReturn:
    raise ForeignValue


_FOREIGN: dict[str, Converter] = {
    "SS": list,
    "NS": lambda content: list(map(_number, content)),
    "B": _binary,
    "BS": lambda content: list(map(_binary, content)),
}

_readable = _members_converter(_FOREIGN)
_reversible = _members_converter(dict.fromkeys(_FOREIGN, _refuse))
