"""Convert JSON text to DynamoDB attribute values, exactly, or raise an error that says where.

RFC 8259 is taken strictly: UTF-8 without a byte order mark, no NaN or Infinity, no duplicate names, no lone surrogates.
"""

import json
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

from picus_api.core.errors import BadValue, InvalidJson
from picus_api.core.values.attribute_values import MAX_DEPTH, MAX_NAME_BYTES, AttributeMap, AttributeValue
from picus_api.core.values.numbers import canonical

TOO_DEEP = f"The nesting is deeper than the {MAX_DEPTH} levels that DynamoDB holds."


class _Number(str):
    """Mark the text of a JSON number."""

    __slots__ = ()


class _Constant(str):
    """Mark NaN, Infinity or -Infinity, which are not JSON."""


class _DuplicateName(str):
    """Stand for an object that has this name twice."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any] | _DuplicateName:
    members = dict(pairs)
    if len(members) == len(pairs):
        return members
    counts = Counter(name for name, _ in pairs)
    return _DuplicateName(next(name for name, count in counts.items() if count > 1))


_decoder = json.JSONDecoder(object_pairs_hook=_object, parse_int=_Number, parse_float=_Number, parse_constant=_Constant)


def attributes_from_json(body: bytes) -> AttributeMap:
    """Return the attribute map of a body that holds exactly one JSON object.

    Raises InvalidJson for a body that is not one object, BadValue for a value that DynamoDB can't hold.
    """
    document = _decode(body)
    if isinstance(document, _DuplicateName):
        _duplicate_name(document, 1)
    if not isinstance(document, dict):
        raise InvalidJson(f"The body must be a JSON object, not {_kind(document)}.")
    return _members(document, 1)


def attribute_value_at(text: str, start: int) -> tuple[AttributeValue, int]:
    """Return the JSON value that starts at character ``start`` of ``text``, and where it ends.

    Raises BadValue, JSONDecodeError.
    """
    try:
        value, end = _decoder.raw_decode(text, start)
    except RecursionError as error:
        raise BadValue(TOO_DEEP) from error
    return _CONVERTERS[type(value)](value, 1), end


def _decode(body: bytes) -> Any:
    if not body.strip(b" \t\r\n"):
        raise InvalidJson("The body is empty: send a JSON object.")
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise InvalidJson(f"The body is not valid UTF-8 at byte {error.start}.") from error
    if text.startswith("\ufeff"):
        raise InvalidJson("The body starts with a byte order mark: send plain UTF-8.")
    try:
        return _decoder.decode(text)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno} column {error.colno}"
        raise InvalidJson(f"The body is not valid JSON: {error.msg.removesuffix(' at')} at {where}.") from error
    except RecursionError as error:
        raise BadValue(TOO_DEEP, *_path_of_excess_depth(text)) from error


def _members(document: dict[str, Any], depth: int) -> AttributeMap:
    # In place, here and in _list: the parsed document and the attribute map never take memory at the same time.
    for name, value in document.items():
        try:
            document[check_name(name)] = _CONVERTERS[type(value)](value, depth)
        except BadValue as error:
            raise error.within(name) from error.__cause__
    return document


def check_name(name: str) -> str:
    """Return the name of an attribute. Raises BadValue when DynamoDB can't hold it."""
    if not name:
        raise BadValue("An attribute name must not be empty.")
    _check_text(name)
    if len(name) * 4 > MAX_NAME_BYTES and len(name.encode()) > MAX_NAME_BYTES:
        raise BadValue(f"The attribute name is longer than the {MAX_NAME_BYTES} bytes that DynamoDB holds.")
    return name


def _check_text(text: str) -> None:
    if text.isascii():
        return
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise BadValue("The string has half of a surrogate pair, which is not a character.") from error


# The values that an item can hold most of. One object for each of them saves most of such an item's memory.
_SHORT_STRINGS: dict[str, AttributeValue] = {text: {"S": text} for text in ("", *map(chr, range(128)))}
_SHORT_NUMBERS: dict[str, AttributeValue] = {text: {"N": text} for text in map(str, range(-9, 100))}
_TRUE, _FALSE, _NULL = {"BOOL": True}, {"BOOL": False}, {"NULL": True}


def _string(value: str, depth: int) -> AttributeValue:
    if value in _SHORT_STRINGS:
        return _SHORT_STRINGS[value]
    _check_text(value)
    return {"S": value}


def _number(value: str, depth: int) -> AttributeValue:
    if value in _SHORT_NUMBERS:
        return _SHORT_NUMBERS[value]
    # A plain str again, which orjson wants.
    return {"N": str(canonical(value))}


def _map(value: dict[str, Any], depth: int) -> AttributeValue:
    if depth == MAX_DEPTH:
        raise BadValue(TOO_DEEP)
    return {"M": _members(value, depth + 1)}


def _list(value: list[Any], depth: int) -> AttributeValue:
    if depth == MAX_DEPTH:
        raise BadValue(TOO_DEEP)
    for index, element in enumerate(value):
        try:
            value[index] = _CONVERTERS[type(element)](element, depth + 1)
        except BadValue as error:
            raise error.within(index) from error.__cause__
    return {"L": value}


def _constant(value: str, depth: int) -> AttributeValue:
    raise BadValue(f"{value} is not a JSON value.")


def _duplicate_name(name: str, depth: int) -> AttributeValue:
    raise BadValue("The name stands twice in the same object.", name)


_CONVERTERS: dict[type, Callable[[Any, int], AttributeValue]] = {
    str: _string,
    _Number: _number,
    bool: lambda value, depth: _TRUE if value else _FALSE,
    type(None): lambda value, depth: _NULL,
    dict: _map,
    list: _list,
    _Constant: _constant,
    _DuplicateName: _duplicate_name,
}


def _kind(value: Any) -> str:
    names = {list: "an array", str: "a string", bool: "a boolean", type(None): "null", _Number: "a number"}
    return names.get(type(value), str(value))


_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},]', re.DOTALL)


def _path_of_excess_depth(text: str) -> list[str | int]:
    """Return the path of the first container that is too deep, in a text that is too deep for the decoder."""
    path: list[str | int] = []
    name: str | int = ""
    for token in map(re.Match.group, _TOKEN.finditer(text)):
        if token in "[{":
            if len(path) == MAX_DEPTH:
                break
            path.append(0 if token == "[" else "")
        elif token in "]}":
            path = path[:-1]
        elif token != ",":
            name = json.loads(token, strict=False)
            if path and isinstance(path[-1], str):
                path[-1] = name
        elif path and isinstance(path[-1], int):
            path[-1] += 1
    return path
