"""Compute the size of an item as DynamoDB counts it.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
"""

from base64 import b64decode
from collections.abc import Callable
from typing import Any

from picus_api.core.values.attribute_values import AttributeMap, AttributeValue

MAX_ITEM_BYTES = 400 * 1024
# JSON text of fewer bytes makes no larger item: the densest text, `[],`, has three bytes for DynamoDB's four.
SAFE_JSON_BYTES = MAX_ITEM_BYTES // 2


def item_size(attributes: AttributeMap) -> int:
    """Return the size in bytes: the sum of all names and values."""
    return sum(len(name.encode()) + _value(value) for name, value in attributes.items())


def _value(value: AttributeValue) -> int:
    [(tag, content)] = value.items()
    return _SIZES[tag](content)


def _bytes(content: bytes | str) -> int:
    return len(content) if isinstance(content, bytes) else len(b64decode(content))


def _number(text: str) -> int:
    digits = text.lstrip("-").partition("E")[0].replace(".", "").strip("0")
    return 1 + (len(digits) + 1) // 2 + text.startswith("-")


_SIZES: dict[str, Callable[[Any], int]] = {
    "S": lambda content: len(content.encode()),
    "B": _bytes,
    "SS": lambda content: sum(len(each.encode()) for each in content),
    "NS": lambda content: sum(map(_number, content)),
    "BS": lambda content: sum(map(_bytes, content)),
    "N": _number,
    "BOOL": lambda content: 1,
    "NULL": lambda content: 1,
    # Three for the container and one for each member.
    "L": lambda content: 3 + sum(1 + _value(element) for element in content),
    "M": lambda content: 3 + len(content) + item_size(content),
}
