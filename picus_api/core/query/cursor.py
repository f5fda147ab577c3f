"""Cursors: the position of a page in a list, as opaque text.

A cursor holds the key of the last item and a checksum over the key, the table and the filter. Without a secret key the
checksum detects a cursor that was cut, mistyped, or made for another list: its client may read the whole list anyway.

A token with a key prefix has a secret key. The last item that DynamoDB read may be outside its prefix, so the key in
the cursor is encrypted. The checksum is then a keyed hash, which is also the nonce, as in SIV (RFC 5297).
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from hashlib import blake2b
from hmac import compare_digest

from picus_api.core.errors import BadParameter
from picus_api.core.keys import MAX_KEY_BYTES

CHECKSUM_BYTES = 9
SECRET_CHECKSUM_BYTES = 16


def encode_cursor(key: str, table: str, filter_text: str, secret: str = "") -> str:
    """Return the cursor of the position after a key, in the list of ``table`` under a filter (or "").

    ``secret``: the secret key in hexadecimal, or "" for clients that may read the whole table.
    """
    content = key.encode()
    checksum = _checksum(content, table, filter_text, secret)
    return urlsafe_b64encode(checksum + _crypt(content, checksum, secret)).decode().rstrip("=")


def decode_cursor(cursor: str, table: str, filter_text: str, secret: str = "") -> str:
    """Return the key in a cursor. Raises BadParameter for a cursor that was not made for this list and secret."""
    size = SECRET_CHECKSUM_BYTES if secret else CHECKSUM_BYTES
    try:
        data = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        checksum = data[:size]
        content = _crypt(data[size:], checksum, secret)
        key = content.decode()
    except (Base64Error, ValueError):
        raise _not_of_this_list() from None
    intact = compare_digest(checksum, _checksum(content, table, filter_text, secret))
    if not intact or not 0 < len(content) <= MAX_KEY_BYTES or encode_cursor(key, table, filter_text, secret) != cursor:
        raise _not_of_this_list()
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


def _not_of_this_list() -> BadParameter:
    message = "The cursor does not belong to this list: follow the Link of a page, or start without a cursor."
    return BadParameter(message, "cursor")
