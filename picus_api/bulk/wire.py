"""Is this a map of attribute values, as DynamoDB writes them? What it means is for DynamoDB to judge."""

import binascii
from base64 import b64decode
from collections.abc import Callable
from typing import Any

from picus_api.core.errors import BadValue, InvalidJson
from picus_api.core.values.attribute_values import MAX_DEPTH
from picus_api.core.values.from_json import TOO_DEEP, check_name
from picus_api.core.values.numbers import canonical


def check_attributes(attributes: Any, depth: int = 1) -> None:
    """Raise BadValue unless this is an object of attribute values: one type and its value each."""
    if not isinstance(attributes, dict):
        raise BadValue("This must be an object of attribute values.")
    for name, value in attributes.items():
        try:
            check_name(name)
            _check_value(value, depth)
        except BadValue as error:
            raise error.within(name) from error.__cause__


def unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """For a JSON decoder: an object's members. Raises BadValue when a name stands twice."""
    members = dict(pairs)
    if len(members) < len(pairs):
        raise InvalidJson("A name stands twice in the same object.")
    return members


def _check_value(value: Any, depth: int) -> None:
    if not isinstance(value, dict) or len(value) != 1:
        raise BadValue('This must be an attribute value: an object with one type, such as {"S": "text"}.')
    [(tag, content)] = value.items()
    if tag in _CONTAINERS:
        if depth == MAX_DEPTH:
            raise BadValue(TOO_DEEP)
        _CONTAINERS[tag](content, depth + 1)
    elif tag in _CHECKS:
        _CHECKS[tag](content)
    else:
        raise BadValue(f"DynamoDB has no type {tag!r}.")


def _text(content: Any) -> None:
    if not isinstance(content, str):
        raise BadValue("This must be a string.")
    if not content.isascii():
        try:
            content.encode()
        except UnicodeEncodeError as error:
            raise BadValue("The string has half of a surrogate pair, which is not a character.") from error


def _number(content: Any) -> None:
    _text(content)
    canonical(content)


def _binary(content: Any) -> None:
    _text(content)
    try:
        b64decode(content, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadValue("This must be base64.") from error


def _flag(content: Any) -> None:
    if not isinstance(content, bool):
        raise BadValue("This must be true or false.")


def _null(content: Any) -> None:
    if content is not True:
        raise BadValue("This must be true.")


def _list(content: Any, depth: int) -> None:
    _check_each(content, lambda element: _check_value(element, depth))


def _set_of(check: Callable[[Any], None], same: Callable[[Any], object]) -> Callable[[Any], None]:
    """``same``: of two elements that DynamoDB takes for one, the same."""

    def check_all(content: Any) -> None:
        _check_each(content, check)
        if not content or len(set(map(same, content))) < len(content):
            raise BadValue("A set must have elements, each of them once.")

    return check_all


def _check_each(content: Any, check: Callable[[Any], None]) -> None:
    if not isinstance(content, list):
        raise BadValue("This must be an array.")
    for index, element in enumerate(content):
        try:
            check(element)
        except BadValue as error:
            raise error.within(index) from error.__cause__


_CONTAINERS: dict[str, Callable[[Any, int], None]] = {"M": check_attributes, "L": _list}
_CHECKS: dict[str, Callable[[Any], None]] = {
    "S": _text,
    "N": _number,
    "B": _binary,
    "BOOL": _flag,
    "NULL": _null,
    "SS": _set_of(_text, str),
    "NS": _set_of(_number, canonical),
    "BS": _set_of(_binary, b64decode),
}
