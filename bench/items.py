"""The items that all contestants store: 1 KB of JSON with a few values of each kind."""

import json
import uuid
from collections.abc import Iterator
from typing import Any

from picus_api.core.values.from_json import attributes_from_json

SIZE = 1024
"""Bytes of one item as compact JSON, its key included."""


def key(number: int) -> str:
    return str(uuid.UUID(int=number))


def document(number: int) -> dict[str, Any]:
    """Return the item without its key."""
    fields: dict[str, Any] = {
        "name": f"Item {number}",
        "quantity": number,
        "price": 19.99,
        "active": True,
        "note": None,
        "tags": ["red", "green", "blue"],
        "address": {"street": "1 Main Street", "city": "Springfield", "zip": "12345"},
        "text": "",
    }
    missing = SIZE - len(json.dumps({"object_id": key(number), **fields}, separators=(",", ":")))
    return {**fields, "text": "x" * missing}


def wire_item(number: int) -> dict[str, Any]:
    """Return the whole item as DynamoDB's JSON has it."""
    return {"object_id": {"S": key(number)}, **attributes_from_json(json.dumps(document(number)).encode())}


def batches(table: str, start: int, stop: int, size: int, **added: dict[str, str]) -> Iterator[bytes]:
    """Yield the bodies of BatchWriteItem requests that store the items from ``start`` up to ``stop``.

    ``added`` are attributes that every item gets in addition.
    """
    for first in range(start, stop, size):
        numbers = range(first, min(first + size, stop))
        puts = [{"PutRequest": {"Item": {**wire_item(number), **added}}} for number in numbers]
        request = {"ReturnConsumedCapacity": "TOTAL", "RequestItems": {table: puts}}
        yield json.dumps(request, separators=(",", ":")).encode()
