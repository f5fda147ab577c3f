"""Cursors: the position of a page in a list, as opaque text.

A cursor holds the key of the last item and a checksum over the key, the table and the filter. Without a secret key the
checksum detects a cursor that was cut, mistyped, or made for another list: its client may read the whole list anyway.

A token with a key prefix has a secret key. The last item that DynamoDB read may be outside its prefix, so the key in
the cursor is encrypted. The checksum is then a keyed hash, which is also the nonce, as in SIV (RFC 5297).
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from hashlib import blake2b
from hmac import compare_digest
from typing import NamedTuple

from picus_api.core.errors import BadParameter
from picus_api.core.keys import MAX_KEY_BYTES
from picus_api.core.values.attribute_values import AttributeValue

CHECKSUM_BYTES = 9
SECRET_CHECKSUM_BYTES = 16
MAX_POSITION_BYTES = 2 * (MAX_KEY_BYTES + 1024 + 255)
"""Of a position in an index as JSON: the item's key, its sort key, and the name of the index, with escapes."""


class Position(NamedTuple):
    """The position after an item: its key, and in the order of an index its sort key too, if the index has one.

    ``index_name``: the index by which the list is read, or "" if it is read by a Scan.
    """

    key: str
    index_name: str = ""
    sort_value: AttributeValue | None = None


class List(NamedTuple):
    """The list that a cursor belongs to: the table, and the texts of the filter and of the order (or "").

    ``secret``: the secret key in hexadecimal, or "" for clients that may read the whole table.
    """

    table: str
    filter_text: str = ""
    sort: str = ""
    secret: str = ""


def encode_position(position: Position, of: List) -> str:
    """Return the cursor of a position in a list."""
    if not position.index_name:
        return encode_cursor(position.key, of.table, of.filter_text, of.secret)
    return encode_cursor(json.dumps(position, ensure_ascii=False), of.table, _indexed(of), of.secret)


def decode_position(cursor: str, of: List) -> Position:
    """Return the position in a cursor. Raises BadParameter for a cursor that was not made for this list."""
    try:
        # Only an index gives an order.
        if not of.sort:
            return Position(decode_cursor(cursor, of.table, of.filter_text, of.secret))
    except BadParameter:
        pass
    return _parse_position(decode_cursor(cursor, of.table, _indexed(of), of.secret, MAX_POSITION_BYTES))


def _parse_position(text: str) -> Position:
    """Return the position in the JSON of a cursor. Its client may have made it. Raises BadParameter."""
    try:
        position = Position(*json.loads(text))
    except (ValueError, TypeError, RecursionError):
        raise not_of_this_list() from None
    texts: list[object] = [position.key, position.index_name]
    if position.sort_value is not None:
        is_key = isinstance(position.sort_value, dict) and [*position.sort_value] in (["S"], ["N"])
        texts += [*position.sort_value.values()] if is_key else [None]
    if not all(isinstance(text, str) for text in texts):
        raise not_of_this_list()
    return position


def _indexed(of: List) -> str:
    """Return the text for the checksum of a position in an index. No filter has a NUL, so no Scan has this text."""
    return f"{of.filter_text}\0{of.sort}"


def encode_cursor(key: str, table: str, filter_text: str, secret: str = "") -> str:
    """Return the cursor of the position after a key, in the list of ``table`` under a filter (or "").

    ``secret``: the secret key in hexadecimal, or "" for clients that may read the whole table.
    """
    content = key.encode()
    checksum = _checksum(content, table, filter_text, secret)
    return urlsafe_b64encode(checksum + _crypt(content, checksum, secret)).decode().rstrip("=")


def decode_cursor(cursor: str, table: str, filter_text: str, secret: str = "", max_bytes: int = MAX_KEY_BYTES) -> str:
    """Return the key in a cursor. Raises BadParameter for a cursor that was not made for this list and secret."""
    size = SECRET_CHECKSUM_BYTES if secret else CHECKSUM_BYTES
    try:
        data = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        checksum = data[:size]
        content = _crypt(data[size:], checksum, secret)
        key = content.decode()
    except (Base64Error, ValueError):
        raise not_of_this_list() from None
    intact = compare_digest(checksum, _checksum(content, table, filter_text, secret))
    if not intact or not 0 < len(content) <= max_bytes or encode_cursor(key, table, filter_text, secret) != cursor:
        raise not_of_this_list()
    return key


def _checksum(content: bytes, table: str, filter_text: str, secret: str) -> bytes:
    rest = b"%b\0%b" % (table.encode(), filter_text.encode(errors="surrogatepass"))
    signed = b"%d %b%b" % (len(content), content, rest)
    size = SECRET_CHECKSUM_BYTES if secret else CHECKSUM_BYTES
    return blake2b(signed, digest_size=size, key=bytes.fromhex(secret), person=b"picus cursor 1").digest()


def _crypt(content: bytes, nonce: bytes, secret: str) -> bytes:
    """Encrypt or decrypt by a stream of keyed hashes; without a secret return the content."""
    if not secret:
        return content
    blocks = range(-(-len(content) // 64))
    hashes = [
        blake2b(b"%b%d" % (nonce, block), key=bytes.fromhex(secret), person=b"picus cursor 2") for block in blocks
    ]
    stream = b"".join(each.digest() for each in hashes)
    return bytes(a ^ b for a, b in zip(content, stream, strict=False))


def not_of_this_list() -> BadParameter:
    """Return the error for a cursor that does not continue this list."""
    message = "The cursor does not belong to this list: follow the Link of a page, or start without a cursor."
    return BadParameter(message, "cursor")
