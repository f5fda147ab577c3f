"""Bound the memory that a JSON text can cost, from its raw bytes and before any object of it exists.

A value costs hundreds of bytes of memory as a Python object, and one or two bytes of JSON text: a body of 2.6 MB of
ones would take over 500 MB.
"""

import re

from picus_api.core import memory
from picus_api.core.errors import BadValue, ItemTooLarge
from picus_api.core.values.attribute_values import MAX_DEPTH
from picus_api.core.values.codec import BYTES_PER_VALUE
from picus_api.core.values.from_json import TOO_DEEP, path_of_excess_depth
from picus_api.core.values.item_size import MAX_ITEM_BYTES

# Copies of the text: received, decoded, as values, encoded, and sent.
_BYTES_PER_TEXT_BYTE = 8
# The server limits how many larger ones are handled at once (picus_project/server/request_framing.py).
_SMALL_BYTES = 64 * 1024
# Enough to find out whether the values are too deep.
_BEGINNING_BYTES = 4096
# A string (its escapes are counted apart), the start of a container, its end, a comma, or another scalar.
_TOKEN = re.compile(rb'"([^"\\]*)((?:\\.[^"\\]*)*)"|([\[{])|([\]}])|(,)|[^\s"\[\]{},:]+', re.DOTALL)
_LONGEST_ESCAPE = 6
_CONTAINER_BYTES = 3


def check_bounds(body: bytes) -> None:
    """Reserve the memory for a JSON text. Small texts cost nothing.

    Raises ItemTooLarge or BadValue if its values are more, or deeper, than any item holds, ServiceBusy.
    """
    if len(body) <= _SMALL_BYTES:
        return
    if most_memory(body) > memory.MAX_ITEM_MEMORY:
        # Each comma and bracket, in a string or between values, is at least one byte of an item. Of the exact count,
        # which takes long, the beginning is enough then.
        too_many = _most_values(body) > MAX_ITEM_BYTES + _CONTAINER_BYTES
        if _exceeds(body[:_BEGINNING_BYTES] if too_many else body, MAX_ITEM_BYTES) or too_many:
            raise ItemTooLarge
    memory.reserve(most_memory(body))


def most_memory(body: bytes) -> int:
    """Return an upper bound, in bytes, of the memory for the item in a JSON text, as long as it is handled."""
    return _most_values(body) * BYTES_PER_VALUE + len(body) * _BYTES_PER_TEXT_BYTE


def _most_values(body: bytes) -> int:
    """Return an upper bound of the number of values: commas and brackets within strings count too."""
    return 1 + body.count(b",") + body.count(b"[") + body.count(b"{")


def _exceeds(body: bytes, limit: int) -> bool:
    """Return True if the item in a JSON text is larger than ``limit`` bytes. Stop counting there. Raises BadValue.

    The count is never more than DynamoDB's (item_size.py): an escape counts as one byte, and so does a number.
    """
    size, depth = -_CONTAINER_BYTES, 0
    for token in _TOKEN.finditer(body):
        kind = token.lastindex
        if kind == 2:
            start, end = token.span(2)
            size += token.end(1) - token.start(1) + (end - start) // _LONGEST_ESCAPE
        elif kind == 3:
            size += _CONTAINER_BYTES
            depth += 1
            if depth > MAX_DEPTH:
                raise BadValue(TOO_DEEP, *path_of_excess_depth(body.decode(errors="replace")))
        elif kind == 4:
            depth -= 1
        elif kind is None:
            size += 1
        elif depth > 1:
            # DynamoDB counts one byte for each member of a container, but not of the item itself.
            size += 1
        if size > limit:
            return True
    return False
