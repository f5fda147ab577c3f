"""The Idempotency-Key header: draft-ietf-httpapi-idempotency-key-header-07, a String of RFC 9651."""

import re

from picus_api.core.errors import BadValue

MAX_LENGTH = 255

_STRING = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\])*)"')
# Without quotes it is no String, but what many clients send, whose documentation is older than the draft.
_BARE = re.compile(r"[A-Za-z0-9._~:/+=-]+")


def idempotency_key(field: str) -> str:
    """The key in the header. Raises BadValue when it is malformed, empty or too long."""
    field = field.strip(" \t")
    quoted = _STRING.fullmatch(field)
    key = re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else field
    if not quoted and not _BARE.fullmatch(field):
        raise BadValue(
            'The Idempotency-Key header is malformed: send one string in quotes, such as "a-uuid".', located=False
        )
    if not 0 < len(key) <= MAX_LENGTH:
        raise BadValue(f"The Idempotency-Key must have 1 to {MAX_LENGTH} characters.", located=False)
    return key
