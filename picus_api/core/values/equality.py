"""Compare items in wire form by value: DynamoDB normalises numbers and reorders sets."""

from base64 import b64decode
from collections.abc import Mapping
from decimal import Decimal
from typing import Any


def same_attributes(left: Mapping[str, Any], right: Mapping[str, Any]) -> bool:
    """Return True if two attribute maps have equal values."""
    return left.keys() == right.keys() and all(same_value(value, right[name]) for name, value in left.items())


def same_value(left: Mapping[str, Any], right: Mapping[str, Any]) -> bool:
    """Return True if two attribute values ({"N": "1.0"}) are equal."""
    (kind, a), (other_kind, b) = next(iter(left.items())), next(iter(right.items()))
    if kind != other_kind:
        return False
    if kind == "M":
        return same_attributes(a, b)
    if kind == "L":
        return len(a) == len(b) and all(map(same_value, a, b))
    if kind == "N":
        return Decimal(a) == Decimal(b)
    if kind == "NS":
        return {Decimal(number) for number in a} == {Decimal(number) for number in b}
    if kind == "SS":
        return set(a) == set(b)
    if kind == "B":
        return b64decode(a) == b64decode(b)
    if kind == "BS":
        return {b64decode(value) for value in a} == {b64decode(value) for value in b}
    return bool(a == b)
