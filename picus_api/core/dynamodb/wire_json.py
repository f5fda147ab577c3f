"""DynamoDB's JSON to and from the dicts that botocore, so PynamoDB, uses: they differ in binary values only.

On the wire they are base64 text; botocore has `bytes`. Outward `bytes` become text, and text, which can only
be base64 already, stays. Inward a body that has no `"B"` or `"BS"` in it, as most, is done; else its items
are walked. (Who wants the wire form takes Transport.call_raw.) Two differences to botocore remain, that
PynamoDB does not see: times (CreationDateTime) are numbers of seconds, and members that botocore's model
doesn't know are kept.

orjson reads and writes it where it is installed, as it is in the service and not in the function: it rounds large
JSON numbers, and the wire form has none, DynamoDB's numbers are strings.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Iterator
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
    """Return a request body."""
    if orjson is not None:
        return orjson.dumps(request, default=_base64)
    return _encoder.encode(request).encode()


def encode_sorted(attributes: dict[str, Any]) -> bytes:
    """The same for attributes, their names in order: equal attributes are equal bytes, with orjson and without."""
    if orjson is not None:
        return orjson.dumps(attributes, default=_base64, option=orjson.OPT_SORT_KEYS)
    return _sorting_encoder.encode(attributes).encode()


def parse(body: bytes) -> dict[str, Any]:
    """Return an answer in the wire form."""
    answer: dict[str, Any] = json.loads(body) if orjson is None else orjson.loads(body)
    return answer


def decode(body: bytes) -> dict[str, Any]:
    """Return an answer as botocore would."""
    answer = parse(body)
    if b'"B"' in body or b'"BS"' in body:
        restore_binary(answer)
    return answer


def restore_binary(answer: dict[str, Any]) -> None:
    """Turn all binary values in an answer, or the response of an error, from base64 into bytes, in place."""
    for item in _items(answer):
        for value in item.values():
            _restore(value)


def _restore(value: dict[str, Any]) -> None:
    for kind, content in value.items():
        if kind == "B":
            value["B"] = b64decode(content)
        elif kind == "BS":
            value["BS"] = [b64decode(each) for each in content]
        elif kind == "M":
            for each in content.values():
                _restore(each)
        elif kind == "L":
            for each in content:
                _restore(each)


def _items(answer: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Find the maps of attribute values in an answer of any operation."""
    for name in ("Item", "Attributes", "LastEvaluatedKey"):  # GetItem, writes, Scan and Query
        if name in answer:
            yield answer[name]
    yield from answer.get("Items", ())
    responses = answer.get("Responses", ())
    if isinstance(responses, dict):  # BatchGetItem
        for items in responses.values():
            yield from items
    else:  # TransactGetItems
        yield from (response["Item"] for response in responses if "Item" in response)
    for requests in answer.get("UnprocessedItems", {}).values():
        yield from (action.get("Item") or action["Key"] for request in requests for action in request.values())
    for requested in answer.get("UnprocessedKeys", {}).values():
        yield from requested["Keys"]
    yield from (reason["Item"] for reason in answer.get("CancellationReasons", ()) if reason.get("Item"))
