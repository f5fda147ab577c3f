"""Encode and decode DynamoDB's JSON.

orjson does both where it is installed: in the service, not in the function. It would round large JSON numbers, but the
wire form has none: DynamoDB's numbers are strings.
"""

import json
from base64 import b64encode
from typing import Any

from picus_api.core import memory

try:
    import orjson
except ImportError:
    orjson = None  # type: ignore[assignment]


def _base64(value: object) -> str:
    if isinstance(value, bytes | bytearray | memoryview):
        return b64encode(value).decode()
    raise TypeError(f"DynamoDB's JSON has no {type(value).__name__}")


_encoder = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, check_circular=False, default=_base64)
_sorting_encoder = json.JSONEncoder(
    separators=(",", ":"), ensure_ascii=False, check_circular=False, sort_keys=True, default=_base64
)


def encode(request: dict[str, Any]) -> bytes:
    """Return the JSON of a request, or of a part of one. Binary may be bytes or base64 text."""
    if orjson is not None:
        return orjson.dumps(request, default=_base64)
    return _encoder.encode(request).encode()


def encode_sorted(attributes: dict[str, Any]) -> bytes:
    """Return the JSON of attributes with sorted names: equal attributes give equal bytes, with orjson or without."""
    if orjson is not None:
        return orjson.dumps(attributes, default=_base64, option=orjson.OPT_SORT_KEYS)
    return _sorting_encoder.encode(attributes).encode()


def decode(body: bytes) -> dict[str, Any]:
    """Return a response of DynamoDB in the wire form: binary stays base64 text.

    Equal short values of a response with very many values are one object. Nobody may change an attribute value.
    Raises ServiceBusy if there is no memory for it.
    """
    # Most pages are too short for so many values. The first count takes less time, and is rarely too large.
    if (
        len(body) > _MANY_VALUES * _SHORTEST_VALUE
        and body.count(b"{") > _MANY_VALUES
        and (count := body.count(b'{"')) > _MANY_VALUES
    ):
        memory.reserve(count * BYTES_PER_VALUE)
        return _decode_sharing(body)
    response: dict[str, Any] = json.loads(body) if orjson is None else orjson.loads(body)
    return response


_MANY_VALUES, _SHORTEST_VALUE = 50_000, len('{"S":""},')
BYTES_PER_VALUE = 240
"""Memory of an attribute value: a dict of one member, and a short text."""


def _decode_sharing(body: bytes) -> dict[str, Any]:
    """Decode in several times the time, and at most a third of the memory: 400 KB can be 400,000 empty strings."""
    shared: dict[tuple[str, str | bool], dict[str, Any]] = {}

    def share(value: dict[str, Any]) -> dict[str, Any]:
        if len(value) == 1:
            [(tag, content)] = value.items()
            if content is True or content is False or (type(content) is str and len(content) <= _SHORT_TEXT):
                return shared.setdefault((tag, content), value)
        return value

    response: dict[str, Any] = json.loads(body, object_hook=share)
    return response


# Any longer text is so long that there are few enough values.
_SHORT_TEXT = 2
