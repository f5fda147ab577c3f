"""Tokens: their text, and the record of one in the token table.

    picus_<id>_<secret><checksum>

The id has 8, the secret 43 and the checksum 6 characters of base62. The secret has 256 random bits. The checksum is the
CRC-32 of the text before it: a mistyped token is refused without a call to DynamoDB. The record has the SHA-256 of the
secret: a random secret of this length needs no slow hash.
"""

import hmac
from binascii import crc32
from hashlib import sha256
from os import urandom
from typing import NamedTuple

from picus_api.core.access.token_table import EXPIRES, TOKEN_KEY
from picus_api.core.values.attribute_values import AttributeMap

ID_LENGTH, SECRET_LENGTH, CHECKSUM_LENGTH = 8, 43, 6
_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
LENGTH = len("picus__") + ID_LENGTH + SECRET_LENGTH + CHECKSUM_LENGTH


class ParsedToken(NamedTuple):
    """The id and the secret in a token with the right checksum."""

    token_id: str
    secret: str


class TokenRecord(NamedTuple):
    """A token in the token table. ``created`` and ``expires``: whole seconds since 1970; None means never.

    ``cursor_key``: the secret key of the cursors of a token with a key prefix, which its client does not have.
    """

    token_id: str
    secret_hash: str
    scopes: frozenset[str]
    label: str
    prefix: str
    created: int
    expires: int | None
    cursor_key: str

    def attributes(self) -> AttributeMap:
        """Return the record as DynamoDB stores it."""
        item: AttributeMap = {
            TOKEN_KEY: {"S": self.token_id},
            "hash": {"S": self.secret_hash},
            "scopes": {"SS": sorted(self.scopes)},
            "label": {"S": self.label},
            "prefix": {"S": self.prefix},
            "created": {"N": str(self.created)},
            "cursor_key": {"S": self.cursor_key},
        }
        return item if self.expires is None else {**item, EXPIRES: {"N": str(self.expires)}}


def record_from_attributes(item: AttributeMap) -> TokenRecord:
    """Return the record that ``TokenRecord.attributes`` wrote."""
    return TokenRecord(
        item[TOKEN_KEY]["S"],
        item["hash"]["S"],
        frozenset(item["scopes"]["SS"]),
        item["label"]["S"],
        item["prefix"]["S"],
        int(item["created"]["N"]),
        int(item[EXPIRES]["N"]) if EXPIRES in item else None,
        item["cursor_key"]["S"],
    )


def parse_token(text: str) -> ParsedToken | None:
    """Return the parts of a token, or None if it is malformed or its checksum is wrong."""
    if len(text) != LENGTH or not text.isascii():
        return None
    start, token_id, rest = text.split("_", 2) if text.count("_") == 2 else ("", "", "")
    is_formed = start == "picus" and len(token_id) == ID_LENGTH and token_id.isalnum() and rest.isalnum()
    if not is_formed or _checksum(text[:-CHECKSUM_LENGTH]) != text[-CHECKSUM_LENGTH:]:
        return None
    return ParsedToken(token_id, rest[:-CHECKSUM_LENGTH])


def is_secret_of(record: TokenRecord | None, secret: str) -> bool:
    """Return True if the secret belongs to the record. Unknown tokens (None) take the same comparison."""
    expected = _NO_HASH if record is None else record.secret_hash
    return hmac.compare_digest(hash_secret(secret), expected) and record is not None


def new_token() -> tuple[str, ParsedToken]:
    """Return the text of a new token, and its parts."""
    token_id = _base62(int.from_bytes(urandom(ID_LENGTH)), ID_LENGTH)
    secret = _base62(int.from_bytes(urandom(32)), SECRET_LENGTH)
    text = f"picus_{token_id}_{secret}"
    return text + _checksum(text), ParsedToken(token_id, secret)


def hash_secret(secret: str) -> str:
    """Return the SHA-256 of a secret, in hexadecimal."""
    return sha256(secret.encode()).hexdigest()


def _checksum(text: str) -> str:
    return _base62(crc32(text.encode()), CHECKSUM_LENGTH)


def _base62(number: int, length: int) -> str:
    """Return the last ``length`` digits of a number in base62."""
    digits = []
    for _ in range(length):
        number, digit = divmod(number, 62)
        digits.append(_BASE62[digit])
    return "".join(reversed(digits))


_NO_HASH = hash_secret("")
