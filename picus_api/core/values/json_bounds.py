"""Bound the memory that a JSON text can cost, from its raw bytes and before any object of it exists.

A value costs hundreds of bytes of memory as a Python object, and one or two bytes of JSON text.
"""

import re

from picus_api.core import memory
from picus_api.core.errors import ItemTooLarge
from picus_api.core.values.codec import BYTES_PER_VALUE
from picus_api.core.values.item_size import MAX_ITEM_BYTES, SAFE_JSON_BYTES

# Copies of the text: received, decoded, as values, encoded, and sent.
_BYTES_PER_TEXT_BYTE = 8
# The server limits how many larger ones are handled at once (picus_project/server/request_framing.py).
_SMALL_BYTES = 64 * 1024
# So many values take less memory than the text may take anyway.
_FEW_VALUES = 20_000
# A string (its escapes are counted apart), the start of a container or of another scalar, the end, a comma.
_TOKEN = re.compile(rb'"([^"\\]*)((?:\\.[^"\\]*)*)"|([\[{])|([\]}])|(,)|[^\s"\[\]{},:]+', re.DOTALL)
_LONGEST_ESCAPE = 6
_CONTAINER_BYTES = 3


def most_memory(body: bytes) -> int:
    """Return an upper bound, in bytes, of the memory for the item in a JSON text, as long as it is handled."""
    return most_values(body) * BYTES_PER_VALUE + len(body) * _BYTES_PER_TEXT_BYTE


def most_values(body: bytes) -> int:
    """Return an upper bound of the number of values in a JSON text. It counts within strings, too."""
    return 1 + body.count(b",") + body.count(b"[") + body.count(b"{")


def check_bounds(body: bytes) -> None:
    """Reserve the memory for a JSON text, and raise an error if its values are more than any item holds.

    Texts with few values pass: they take little memory, and the item's exact size is checked later. Raises
    ItemTooLarge, ServiceBusy.
    """
    if len(body) <= _SMALL_BYTES:
        return
    if len(body) > SAFE_JSON_BYTES and most_values(body) > _FEW_VALUES and _exceeds(body, MAX_ITEM_BYTES):
        raise ItemTooLarge
    memory.reserve(most_memory(body))


def _exceeds(body: bytes, limit: int) -> bool:
    """Return True if the item in a JSON text is larger than ``limit`` bytes. Stop counting there.

    The count is never more than DynamoDB's (item_size.py): an escape counts as one byte, as does a number.
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
        elif kind == 4:
            depth -= 1
        elif kind is None:
            size += 1
        elif depth > 1:
            size += 1  # each member but the first, of all containers but the item itself
        if size > limit:
            return True
    return False
