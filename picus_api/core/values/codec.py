"""Encode and decode DynamoDB's JSON.

orjson does both where it is installed: in the service, not in the function. It would round large JSON numbers, but the
wire form has none: DynamoDB's numbers are strings.
"""

import json
from base64 import b64encode
from typing import Any

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
    """Return a response of DynamoDB in the wire form: binary stays base64 text."""
    response: dict[str, Any] = json.loads(body) if orjson is None else orjson.loads(body)
    return response
