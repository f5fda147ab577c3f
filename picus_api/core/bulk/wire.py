"""Is this a map of attribute values, as DynamoDB writes them? What it means is for DynamoDB to judge."""

import binascii
from base64 import b64decode
from collections.abc import Callable
from typing import Any

from picus_api.core.errors import BadValue
from picus_api.core.numbers import canonical


def check_attributes(attributes: Any) -> None:
    """Raise BadValue unless this is an object of attribute values: one type and its value each."""
    if not isinstance(attributes, dict):
        raise BadValue("This must be an object of attribute values.")
    for name, value in attributes.items():
        try:
            _text(name)
            _check_value(value)
        except BadValue as error:
            raise error.within(name) from error.__cause__


def _check_value(value: Any) -> None:
    if not isinstance(value, dict) or len(value) != 1:
        raise BadValue('This must be an attribute value: an object with one type, such as {"S": "text"}.')
    [(tag, content)] = value.items()
    check = _CHECKS.get(tag)
    if check is None:
        raise BadValue(f"DynamoDB has no type {tag!r}.")
    check(content)


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


def _elements(check: Callable[[Any], None]) -> Callable[[Any], None]:
    def check_all(content: Any) -> None:
        if not isinstance(content, list):
            raise BadValue("This must be an array.")
        for index, element in enumerate(content):
            try:
                check(element)
            except BadValue as error:
                raise error.within(index) from error.__cause__

    return check_all


_CHECKS: dict[str, Callable[[Any], None]] = {
    "S": _text,
    "N": _number,
    "B": _binary,
    "BOOL": _flag,
    "NULL": _flag,
    "M": check_attributes,
    "L": _elements(_check_value),
    "SS": _elements(_text),
    "NS": _elements(_number),
    "BS": _elements(_binary),
}
