"""Check attribute values that come from a file in DynamoDB's JSON, before they are sent.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html
"""

import binascii
from base64 import b64decode
from collections.abc import Callable
from typing import Any

from picus_api.core.errors import BadValue, InvalidJson
from picus_api.core.values.attribute_values import MAX_DEPTH
from picus_api.core.values.from_json import TOO_DEEP, check_name, check_text
from picus_api.core.values.numbers import canonical


def check_attributes(attributes: Any, depth: int = 1) -> None:
    """Raise BadValue unless this is a map of attribute values, each an object of one type tag and its value.

    ``depth`` is the level of the map in the item, from 1.
    """
    if not isinstance(attributes, dict):
        raise BadValue("This must be an object of attribute values.")
    for name, value in attributes.items():
        try:
            check_name(name)
            _check_value(value, depth)
        except BadValue as error:
            raise error.within(name) from error.__cause__


def unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the members of an object, as a JSON decoder's hook. Raises InvalidJson for a duplicate name."""
    members = dict(pairs)
    if len(members) < len(pairs):
        raise InvalidJson("The object has the same name twice.")
    return members


def _check_value(value: Any, depth: int) -> None:
    if not isinstance(value, dict) or len(value) != 1:
        raise BadValue('This must be an attribute value: an object with one type, such as {"S": "text"}.')
    [(tag, content)] = value.items()
    if tag in _CONTAINER_CHECKS:
        if depth == MAX_DEPTH:
            raise BadValue(TOO_DEEP)
        _CONTAINER_CHECKS[tag](content, depth + 1)
    elif tag in _CHECKS:
        _CHECKS[tag](content)
    else:
        raise BadValue(f"DynamoDB has no type {tag!r}.")


def _check_string(content: Any) -> None:
    if not isinstance(content, str):
        raise BadValue("This must be a string.")
    if not content.isascii():
        check_text(content)


def _check_number(content: Any) -> None:
    _check_string(content)
    canonical(content)


def _check_binary(content: Any) -> None:
    _check_string(content)
    try:
        b64decode(content, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadValue("This must be base64.") from error


def _check_boolean(content: Any) -> None:
    if not isinstance(content, bool):
        raise BadValue("This must be true or false.")


def _check_null(content: Any) -> None:
    if content is not True:
        raise BadValue("This must be true.")


def _check_list(content: Any, depth: int) -> None:
    _check_each(content, lambda element: _check_value(element, depth))


def _set_check(check: Callable[[Any], None], identity: Callable[[Any], object]) -> Callable[[Any], None]:
    """Return the check of a set. ``identity`` returns equal values for elements that DynamoDB takes for equal."""

    def check_set(content: Any) -> None:
        _check_each(content, check)
        if not content or len(set(map(identity, content))) < len(content):
            raise BadValue("A set must have elements, each of them once.")

    return check_set


def _check_each(content: Any, check: Callable[[Any], None]) -> None:
    if not isinstance(content, list):
        raise BadValue("This must be an array.")
    for index, element in enumerate(content):
        try:
            check(element)
        except BadValue as error:
            raise error.within(index) from error.__cause__


_CONTAINER_CHECKS: dict[str, Callable[[Any, int], None]] = {"M": check_attributes, "L": _check_list}
_CHECKS: dict[str, Callable[[Any], None]] = {
    "S": _check_string,
    "N": _check_number,
    "B": _check_binary,
    "BOOL": _check_boolean,
    "NULL": _check_null,
    "SS": _set_check(_check_string, str),
    "NS": _set_check(_check_number, canonical),
    "BS": _set_check(_check_binary, b64decode),
}
