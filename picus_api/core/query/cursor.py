"""Cursors: the position of a page in a list, as opaque text.

A cursor holds the key of the last item and a checksum over the key, the table and the filter. The checksum is not a
secret: it detects a cursor that was cut, mistyped, or made for another list. A client with a cursor may read the whole
list anyway.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from hashlib import blake2b

from picus_api.core.errors import BadParameter
from picus_api.core.keys import MAX_KEY_BYTES

CHECKSUM_BYTES = 9


def encode_cursor(key: str, table: str, filter_text: str) -> str:
    """Return the cursor of the position after a key, in the list of ``table`` under a filter (or "")."""
    content = key.encode()
    return urlsafe_b64encode(_checksum(content, table, filter_text) + content).decode().rstrip("=")


def decode_cursor(cursor: str, table: str, filter_text: str) -> str:
    """Return the key in a cursor. Raises BadParameter for a cursor that was not made for this list."""
    try:
        data = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        checksum, content = data[:CHECKSUM_BYTES], data[CHECKSUM_BYTES:]
        key = content.decode()
    except (Base64Error, ValueError):
        raise _not_of_this_list() from None
    intact = checksum == _checksum(content, table, filter_text) and 0 < len(content) <= MAX_KEY_BYTES
    if not intact or encode_cursor(key, table, filter_text) != cursor:
        raise _not_of_this_list()
    return key


def _checksum(content: bytes, table: str, filter_text: str) -> bytes:
    rest = b"%b\0%b" % (table.encode(), filter_text.encode(errors="surrogatepass"))
    signed = b"%d %b%b" % (len(content), content, rest)
    return blake2b(signed, digest_size=CHECKSUM_BYTES, person=b"picus cursor 1").digest()


def _not_of_this_list() -> BadParameter:
    message = "The cursor does not belong to this list: follow the Link of a page, or start without a cursor."
    return BadParameter(message, "cursor")
