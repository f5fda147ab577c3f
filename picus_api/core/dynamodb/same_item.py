"""Whether two items in wire form are the same: DynamoDB normalises numbers and reorders sets."""

from base64 import b64decode
from collections.abc import Mapping
from decimal import Decimal
from typing import Any


def same_attributes(mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> bool:
    """Compare two maps of attribute values, by value."""
    return mine.keys() == theirs.keys() and all(same_value(value, theirs[name]) for name, value in mine.items())


def same_value(mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> bool:
    """Compare two attribute values ({"N": "1.0"}) by value."""
    (kind, a), (other_kind, b) = next(iter(mine.items())), next(iter(theirs.items()))
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
